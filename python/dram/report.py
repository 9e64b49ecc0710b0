"""What an exception tells to whoever develops the application, as JSON for the front (src/faults/report.ts).

Only `dram dev` asks for it. Everything is bounded, and nothing that an application's objects do can spoil it.
"""
import linecache
import re

from .fault import Fault, is_ours
from .imports import is_foreign
from .showing import MASK, Showing, cut

MOST_EXCEPTIONS = 10
MOST_MEMBERS = 10
MOST_DEPTH = 3               # of groups in groups
MOST_FRAMES = (15, 35)       # the first and the last ones
MOST_LOCALS = 40
MOST_MESSAGE = 4_000
MOST_NOTES = 10
MOST_LINE = 400
OWN_CONTEXT = 5              # lines of source before and after
FOREIGN_CONTEXT = 2
MOST_CHARACTERS = 200_000    # of source and locals, all in all


class Reporter:
    """Makes reports. What `secret_names` is found in is the name of a secret."""

    def __init__(self, secret_names):
        self.is_secret = re.compile(secret_names, re.IGNORECASE).search

    def __call__(self, error):
        """None if it can't be told."""
        try:
            return Report(self.is_secret).of(error, 0)
        except BaseException:      # it runs amid the application's own objects
            return None


class Report:
    def __init__(self, is_secret):
        self.is_secret = is_secret
        self.showing = Showing(is_secret)
        self.left = MOST_CHARACTERS

    def of(self, error, depth):
        return {"exceptions": [self.exception(one, relation, depth) for one, relation in chain(error)]}

    def exception(self, error, relation, depth):
        frames, omitted = self.frames(error)
        message = self.message(error)
        self.left -= len(message)
        members = list(getattr(error, "exceptions", None) or ()) if hasattr(error, "derive") else []
        shown = []
        for member in members[: MOST_MEMBERS if depth < MOST_DEPTH else 0]:
            if self.left > 0:
                shown.append(self.of(member, depth + 1))
        return {
            "type": "" if isinstance(error, Fault) else name_of(type(error)),
            "message": message,
            "notes": notes(error),
            "relation": relation,
            "frames": frames,
            "omitted": omitted,
            "syntax": self.syntax(error),
            "members": shown,
            "omittedMembers": len(members) - len(shown),
        }

    def message(self, error):
        if isinstance(error, SyntaxError) and error.msg:
            return cut(str(error.msg), MOST_MESSAGE)      # str() adds file and line, which are shown apart
        try:
            return cut(str(error), MOST_MESSAGE)
        except BaseException as failure:
            return "(str() of it raised %s)" % type(failure).__name__

    def frames(self, error):
        """The frames, oldest call first, and where how many were left out: [index, count]."""
        found = []
        at = error.__traceback__
        while at is not None:
            if not is_ours(at.tb_frame.f_code.co_filename):
                found.append(at)
            at = at.tb_next
        first, last = MOST_FRAMES
        count = max(0, len(found) - first - last)
        if count:
            del found[first : first + count]
        # The innermost matter most: they are looked at while there is room.
        told = [self.frame(one, one is found[-1]) for one in reversed(found)]
        told.reverse()
        return told, [first, count] if count else None

    def frame(self, at, is_last):
        frame = at.tb_frame
        code = frame.f_code
        own = is_own(code.co_filename)
        start, end = columns(at)
        self.left -= len(code.co_filename)
        return {
            "file": code.co_filename,
            "line": at.tb_lineno or 0,
            "function": getattr(code, "co_qualname", code.co_name),
            "own": own,
            "start": start,
            "end": end,
            "source": self.source(
                code.co_filename, at.tb_lineno or 0, OWN_CONTEXT if own else FOREIGN_CONTEXT, frame.f_globals
            ),
            "locals": self.locals(frame) if own or is_last else None,
        }

    def source(self, file, line, context, module=None):
        """The lines around, from `first` on. `module`: its globals, by which what lies in no file may be found."""
        if self.left <= 0:
            return None
        linecache.checkcache(file)
        lines = linecache.getlines(file, module)
        first = max(1, line - context)
        around = [cut(text.rstrip("\r\n"), MOST_LINE) for text in lines[first - 1 : line + context]]
        if len(around) <= line - first:
            return None      # it has changed, or there is none
        self.left -= sum(map(len, around))
        return {"first": first, "lines": around}

    def syntax(self, error):
        """Where the source can't be read; columns count characters from 0."""
        if not isinstance(error, SyntaxError) or not isinstance(error.lineno, int):
            return None
        file, line = str(error.filename or ""), error.lineno
        text = error.text if isinstance(error.text, str) else linecache.getline(file, line)
        text = cut(text.rstrip("\r\n"), MOST_LINE)
        start = (error.offset or 0) - 1
        end_line = getattr(error, "end_lineno", None)
        end = (getattr(error, "end_offset", None) or 0) - 1
        source = self.source(file, line, OWN_CONTEXT)
        if source is None or source["lines"][line - source["first"]] != text:
            source = {"first": line, "lines": [text]}      # none of a file, or of one that has changed
        return {
            "file": file,
            "line": line,
            "start": start if start >= 0 else None,
            "end": end if end > start and end_line in (None, line) else None,
            "source": source,
            "own": is_own(file),
        }

    def locals(self, frame):
        """Names and values as texts; None: there is no room any more."""
        if self.left <= 0:
            return None
        is_module = frame.f_code.co_name == "<module>"
        told = []
        try:
            found = list(frame.f_locals.items())
        except Exception:      # those of a class are whatever its metaclass has prepared
            return None
        for name, value in found:
            if not is_identifier(name) or (is_module and is_furniture(name, value)):
                continue
            text = MASK if self.is_secret(name) else self.showing.text(value)
            self.left -= len(name) + len(text)
            told.append([name, text])
            if len(told) == MOST_LOCALS or self.left <= 0:
                break
        return told


def chain(error):
    """The exception, and what it came from: (exception, relation to the one before), as tracebacks tell it."""
    seen = set()
    relation = "raised"
    while error is not None and id(error) not in seen and len(seen) < MOST_EXCEPTIONS:
        seen.add(id(error))
        yield error, relation
        if error.__cause__ is not None:
            error, relation = error.__cause__, "cause"
        elif not error.__suppress_context__:
            error, relation = error.__context__, "context"
        else:
            return


def name_of(kind):
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else "%s.%s" % (module, kind.__qualname__)


def notes(error):
    found = getattr(error, "__notes__", None)      # PEP 678
    if not isinstance(found, (list, tuple)):
        return []
    return [cut(note, MOST_MESSAGE) for note in found[:MOST_NOTES] if isinstance(note, str)]


def columns(at):
    """Which part of the line ran, in characters from 0; (None, None) before Python 3.11, and where it is all of it."""
    code = at.tb_frame.f_code
    if not hasattr(code, "co_positions") or at.tb_lasti < 0:
        return None, None
    line, end_line, start, end = list(code.co_positions())[at.tb_lasti // 2]
    if line != at.tb_lineno or start is None or end is None:
        return None, None
    text = linecache.getline(code.co_filename, line, at.tb_frame.f_globals)
    if end_line != line:
        end = len(text.rstrip().encode())
    encoded = text.encode()
    return len(encoded[:start].decode(errors="replace")), len(encoded[:end].decode(errors="replace"))


def is_own(file):
    """The application's own code, or a template of its, which Jinja names as the file."""
    return not file.startswith("<") and not is_foreign(file)


def is_identifier(name):
    return isinstance(name, str) and name.isidentifier()


def is_furniture(name, value):
    """What stands in a module without being data."""
    return name.startswith("__") or isinstance(value, type) or callable(value) or type(value) is type(re)
