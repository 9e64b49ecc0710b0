"""What becomes of each call, told to the front while it goes on: TRACE frames (`dram dev`, wire/README.md).

Imported only where the configuration asks for it. It looks on and changes nothing: what the application returns stays
what it is, is iterated as ever, and takes the same short ways; only the Answer writes down what it is given.
"""
import os
import threading
from base64 import b64encode
from time import monotonic as clock

from . import printed
from .fault import describe, traceback_of
from .frames import json_frame
from .reply import Answer

MOST_VALUE_CHARS = 2000
MOST_KEYS = 500
MOST_CHUNKS = 1000          # of one answer; the others are only counted
MOST_HEADERS = 500
MOST_PRINTED = 200          # lines
START_BYTES = 256           # of each chunk
MOST_UNTOLD = 64
QUIET_SECONDS = 0.05        # what comes later than this after the last frame is told at once: it may be a slow stream


class Witness:
    """Lives in the worker around the extension that is there: what it has nothing to do with is passed on."""

    def __init__(self, inner, watches_prints=False):
        self.inner = inner
        self.watches_prints = watches_prints

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def wrap(self, application):
        """Innermost: what the extension adds to environ is seen, too."""
        return self.inner.wrap(witnessed(application))

    def attach(self, worker):
        worker.answer_kind = WatchedAnswer
        self.inner.attach(worker)
        if self.watches_prints:
            printed.watch()


def witnessed(application):
    def call(environ, start_response):
        answer = answer_of(environ)
        if answer is None:
            return application(environ, start_response)
        printed.current.answer = answer
        answer.called(environ)
        chunks = application(environ, start_response)
        answer.returned(chunks)
        return chunks

    return call


def answer_of(environ):
    """The Answer to this request, to whose methods environ refers; None: somebody has replaced them."""
    answer = getattr(environ.get("dram.client_disconnected"), "__self__", None)
    return answer if isinstance(answer, WatchedAnswer) else None


class WatchedAnswer(Answer):
    """An Answer that tells the front what it is given, and when."""

    is_watched = True

    def __init__(self, line, request_id, start):
        super().__init__(line, request_id, start)
        self.notes = []
        self.told_at = 0.0          # monotonic
        self.chunks = 0
        self.dropped = 0
        self.is_counted = False     # the chunks of what was returned are written down already
        self.is_sending = False
        self.line_begun = ""
        self.lines = 0

    # What there is to tell

    def called(self, environ):
        pairs = [(text_of(key), shown(value)) for key, value in list(environ.items())[:MOST_KEYS]]
        self.note("called", thread=threading.current_thread().name, environ=pairs)
        self.tell()

    def returned(self, chunks):
        kind = type(chunks)
        self.note("returned", type=name_of(kind))
        if issubclass(kind, (list, tuple)):
            self.is_counted = True
            for chunk in chunks:
                self.note_chunk(chunk, "iterable")
        else:
            self.tell()

    def closed(self):
        self.note("closed")

    def printed(self, text):
        *lines, rest = (self.line_begun + text).split("\n")
        self.line_begun = rest[:MOST_VALUE_CHARS]
        for line in lines:
            self.note_line(line)

    def note_line(self, line):
        self.lines += 1
        if self.lines <= MOST_PRINTED:
            self.note("printed", text=line[:MOST_VALUE_CHARS])

    def note(self, what, **facts):
        self.notes.append({"what": what, "at": clock(), **facts})

    def note_chunk(self, chunk, by):
        if isinstance(chunk, bytes):
            self.note_bytes(len(chunk), chunk[:START_BYTES], by)

    def note_bytes(self, size, start, by):
        if self.chunks >= MOST_CHUNKS:
            self.dropped += 1
            return
        self.chunks += 1
        self.note("chunk", size=size, start=b64encode(start).decode(), by=by)

    def tell(self):
        """Sends what was written down. It leaves before the end of the answer: of what has ended nothing is told."""
        notes, self.notes = self.notes, []
        if notes:
            self.told_at = clock()
            self.line.sender.send(json_frame("TRACE", notes, self.id))

    def tell_soon(self):
        if self.notes and (len(self.notes) >= MOST_UNTOLD or clock() - self.told_at > QUIET_SECONDS):
            self.tell()

    def tell_rest(self):
        if self.line_begun:
            self.note_line(self.line_begun)
            self.line_begun = ""
        if self.dropped:
            self.note("dropped", count=self.dropped)
            self.dropped = 0
        self.tell()

    # What an Answer does

    def start_response(self, status, headers, exc_info=None):
        self.note("started", status=text_of(status), headers=pairs_of(headers), excInfo=bool(exc_info))
        try:
            return super().start_response(status, headers, exc_info)
        finally:
            exc_info = None       # PEP 3333: no circular reference

    def send(self, chunk, may_wait=True):
        if not (may_wait and self.is_counted):
            self.note_chunk(chunk, "iterable" if may_wait else "write")
            self.tell_soon()
        self.is_sending = True
        try:
            return super().send(chunk, may_wait)
        finally:
            self.is_sending = False

    def defer(self, chunk):
        if not self.is_sending:       # a framework's only chunk comes without send()
            self.note_chunk(chunk, "iterable")
        super().defer(chunk)

    def send_region(self, region):
        self.is_counted = True
        self.note_bytes(region.length, first_bytes(region), "iterable")
        super().send_region(region)

    def whole(self, body, now):
        self.tell_rest()
        super().whole(body, now)

    def large(self, body):
        self.tell_rest()
        super().large(body)

    def end_frame(self, flags=0):
        self.tell_rest()
        super().end_frame(flags)

    def fail(self, error):
        self.note("raised", text=traceback_of(error) or describe(error))
        self.tell_rest()
        super().fail(error)


def first_bytes(region):
    try:
        return os.pread(region.descriptor, min(START_BYTES, region.length), region.offset)
    except OSError:
        return b""


def pairs_of(headers):
    """As far as they are what start_response wants; an iterator that isn't one is left to itself."""
    if not isinstance(headers, (list, tuple)):
        return []
    return [[text_of(part) for part in pair] for pair in headers[:MOST_HEADERS] if type(pair) is tuple and len(pair) == 2]


def text_of(value):
    return value[:MOST_VALUE_CHARS] if isinstance(value, str) else shown(value)


def shown(value):
    """repr(), not too long, whatever the value does when it is asked for it."""
    try:
        if isinstance(value, (str, bytes)) and len(value) > MOST_VALUE_CHARS:
            return repr(value[:MOST_VALUE_CHARS]) + " and %d more" % (len(value) - MOST_VALUE_CHARS)
        text = repr(value)
    except Exception:
        return "<%s>" % name_of(type(value))
    return text if len(text) <= MOST_VALUE_CHARS else text[:MOST_VALUE_CHARS] + " …"


def name_of(kind):
    """`list`, `generator`, `werkzeug.wsgi.ClosingIterator`."""
    try:
        module = str(kind.__module__)
        name = str(kind.__qualname__)
    except Exception:
        return "object"
    if module.startswith("_dram."):
        module = "dram"
    return name if module == "builtins" else "%s.%s" % (module, name)
