"""Failures with a code of the faults table, and tracebacks that begin in the application."""
import importlib
import os

from .standard import standard

OUR_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
NOT_THE_APPLICATIONS = (
    OUR_FOLDER,
    os.path.dirname(importlib.__file__) + os.sep,
    "<frozen importlib",
)

MAX_DESCRIPTION = 1000

reporter = None      # in development: makes a report of an exception (report.py)


class Fault(Exception):
    """Something the application did, or is, that has a row in the table of faults."""

    traceback = ""
    report = None

    def __init__(self, code, says, hint=""):
        super().__init__(says)
        self.code = code
        self.says = says
        self.hint = hint

    def facts(self):
        facts = {"code": self.code, "says": self.says, "hint": self.hint, "traceback": self.traceback}
        if self.report is not None:
            facts["report"] = self.report
        return facts


class ClientDisconnected(OSError):
    """The client left: raised by write(), and by wsgi.input when its body will never be whole."""


def is_ours(filename):
    return filename.startswith(NOT_THE_APPLICATIONS)


def traceback_of(error):
    """The traceback's text without frames of ours and of the import machinery; empty if it has no other."""
    try:
        report = tracebacks().TracebackException(type(error), error, error.__traceback__)
        if strip(report) or isinstance(error, SyntaxError):
            return "".join(report.format())
    except Exception:      # an application's exception may fail at anything it is asked; or no file can be opened
        return plain_traceback_of(error)
    return ""


def tracebacks():
    """The module traceback. linecache may import tokenize as late as when it is asked for a line."""
    standard("tokenize")
    return standard("traceback")


def plain_traceback_of(error):
    """The same without source lines, and of this exception alone."""
    calls = []
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if not is_ours(code.co_filename):
            calls.append(plain_call(code.co_filename, at.tb_lineno, code.co_name))
        at = at.tb_next
    return "Traceback (most recent call last):\n%s%s\n" % ("".join(calls), describe(error)) if calls else ""


def plain_call(file, line, name):
    return '  File "%s", line %d, in %s\n' % (file, line, name)


def report_of(error):
    """What a page of development shows of it; None in production, and where it can't be told."""
    return None if reporter is None else reporter(error)


def strip(report):
    """Takes our frames out of a report and of what it was caused by; says if any other frame is left."""
    for cause in (report.__cause__, report.__context__):
        if cause is not None:
            strip(cause)
    for member in getattr(report, "exceptions", None) or ():
        strip(member)
    report.stack[:] = [frame for frame in report.stack if not is_ours(frame.filename)]
    return bool(report.stack)


def has_foreign_frames(error):
    at = error.__traceback__
    while at is not None and is_ours(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return at is not None


def describe(error):
    """`ValueError: text` in one line, whatever the exception does when it is printed."""
    try:
        text = str(error).strip().split("\n")[0]
    except BaseException:
        text = ""
    text = text[:MAX_DESCRIPTION]
    name = type(error).__name__
    return name + ": " + text if text else name


def shown(value):
    """A short repr, for messages."""
    text = ascii(value)
    return text if len(text) <= 100 else text[:97] + "..."


def no_start_response():
    return Fault(
        "APP_NO_START_RESPONSE",
        "the application gave a body without calling start_response",
        "call start_response(status, headers) before the first chunk",
    )


def wrong_chunk(chunk, who):
    return Fault(
        "APP_BODY_TYPE",
        "%s %s, not bytes: %s" % (who, type(chunk).__name__, shown(chunk)),
        "encode text: text.encode('utf-8')" if isinstance(chunk, str) else "",
    )


def wrong_body(chunks):
    hint = "wrap it in a list: [body]" if isinstance(chunks, (bytes, str)) else ""
    says = "the application returned %s, not an iterable of bytes" % type(chunks).__name__
    return Fault("APP_BODY_TYPE", says, hint)
