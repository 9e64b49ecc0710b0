"""An application with a page for everything the whole-server tests look at. It keeps PEP 3333 to the letter."""

import hashlib
import json
import os
import re
import signal
import sys
import threading
import time
from urllib.parse import parse_qs

STARTED = time.time()


def application(environ, start_response):
    page = PAGES.get(environ["PATH_INFO"].partition("/")[2].split("/")[0], hello)
    return page(environ, start_response, query(environ))


def query(environ):
    pairs = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return {name: values[-1] for name, values in pairs.items()}


def answer(start_response, body, status="200 OK", kind="text/plain", headers=()):
    data = body if isinstance(body, bytes) else body.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data))), *headers])
    return [data]


def hello(environ, start_response, asked):
    return answer(start_response, "Hello! You requested: " + environ["PATH_INFO"])


def show_environ(environ, start_response, asked):
    """What JSON can hold of environ; everything else as its repr."""
    plain = {k: v if isinstance(v, (str, int, bool, list)) else repr(v) for k, v in environ.items()}
    plain["wsgi.version"] = list(environ["wsgi.version"])
    return answer(start_response, json.dumps(plain), kind="application/json")


def pid(environ, start_response, asked):
    time.sleep(float(asked.get("hold", 0)))
    return answer(start_response, str(os.getpid()))


def echo(environ, start_response, asked):
    body = environ["wsgi.input"].read()
    length = environ.get("CONTENT_LENGTH", "none")
    return answer(start_response, body, headers=[("X-Method", environ["REQUEST_METHOD"]), ("X-Length", length)])


def digest(environ, start_response, asked):
    """Reads the body in pieces and says how many bytes and which."""
    found = hashlib.sha256()
    count = 0
    while True:
        piece = environ["wsgi.input"].read(65536)
        if not piece:
            break
        count += len(piece)
        found.update(piece)
    return answer(start_response, "%d %s" % (count, found.hexdigest()))


def read_ways(environ, start_response, asked):
    """The body as each way of reading gives it."""
    stream, way, size = environ["wsgi.input"], asked["way"], int(asked.get("size", -1))
    if way == "read":
        pieces = []
        while True:
            piece = stream.read(size)
            if not piece:
                break
            pieces.append(piece)
    elif way == "readline":
        pieces = []
        while True:
            piece = stream.readline(size) if size >= 0 else stream.readline()
            if not piece:
                break
            pieces.append(piece)
    elif way == "readlines":
        pieces = stream.readlines(size) if size >= 0 else stream.readlines()
    else:
        pieces = list(stream)
    after = stream.read(10) if way != "readlines" or size < 0 else b""
    said = {"pieces": [piece.decode("latin-1") for piece in pieces], "after": after.decode("latin-1")}
    return answer(start_response, json.dumps(said), kind="application/json")


def wait(environ, start_response, asked):
    """Holds on until the test opens the named pipe for writing and closes it; writes down that it ran."""
    note(asked)
    with open(asked["gate"], "rb") as gate:
        gate.read()
    return answer(start_response, "waited " + asked.get("name", ""))


def run(environ, start_response, asked):
    """Writes down that it ran, then takes so many seconds."""
    note(asked)
    time.sleep(float(asked.get("hold", 0)))
    return answer(start_response, "ran " + asked.get("name", ""), headers=[("X-Pid", str(os.getpid()))])


def note(asked):
    """One write, so that lines of several workers don't mix."""
    if "log" in asked:
        with open(asked["log"], "ab", 0) as log:
            log.write(("%s %d\n" % (asked.get("name", ""), os.getpid())).encode())


def sized(environ, start_response, asked):
    """So many bytes with a Content-Length, in chunks."""
    size, piece = int(asked["size"]), int(asked.get("piece", 65536))
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))])
    return pieces_of(size, piece)


def unsized(environ, start_response, asked):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return pieces_of(int(asked["size"]), int(asked.get("piece", 65536)))


def pieces_of(size, piece):
    block = b"0123456789abcdef" * (piece // 16 + 1)
    while size > 0:
        yield block[: min(piece, size)]
        size -= piece


def listed(environ, start_response, asked):
    """A list of one or several chunks, no Content-Length."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"part %d." % number for number in range(int(asked.get("count", 1)))]


def events(environ, start_response, asked):
    """Server-sent events: the next one when the test says so, by the named pipe."""
    start_response("200 OK", [("Content-Type", "text/event-stream")])

    def stream():
        yield b"data: 0\n\n"
        for number in range(1, int(asked["count"])):
            with open(asked["gate"], "rb") as gate:
                gate.read()
            yield b"data: %d\n\n" % number

    return stream()


class Endless:
    """Chunks for ever. Says in a file when it was closed and how far it came."""

    def __init__(self, environ, asked):
        self.environ, self.asked, self.count = environ, asked, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.count += 1
        time.sleep(float(self.asked.get("pause", 0)))
        return b"x" * int(self.asked.get("piece", 1000))

    def close(self):
        with open(self.asked["log"], "a") as log:
            log.write("closed %d %s\n" % (self.count, self.environ["dram.client_disconnected"]()))


def endless(environ, start_response, asked):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return Endless(environ, asked)


def watch(environ, start_response, asked):
    """Waits until the client has gone, by asking, and writes that down."""
    note(asked)
    gone = environ["dram.client_disconnected"]
    deadline = time.monotonic() + 15
    while not gone() and time.monotonic() < deadline:
        time.sleep(0.005)
    with open(asked["log"], "a") as log:
        log.write("gone %s\n" % gone())
    return answer(start_response, "you have gone: %s" % gone())


class Closing:
    """An iterable that counts how often it was closed."""

    def __init__(self, chunks, log, fail_at=None):
        self.chunks, self.log, self.fail_at = iter(chunks), log, fail_at

    def __iter__(self):
        return self

    def __next__(self):
        chunk = next(self.chunks)
        if chunk == b"raise":
            raise RuntimeError("in the midst of the body")
        return chunk

    def close(self):
        with open(self.log, "a") as log:
            log.write("close\n")


def closing(environ, start_response, asked):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing([part.encode() for part in asked["parts"].split(",")], asked["log"])


def written(environ, start_response, asked):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"first ")
    write(b"second ")
    return [b"third"]


def use_file(environ, start_response, asked):
    """The file through wsgi.file_wrapper."""
    size = os.path.getsize(asked["path"])
    headers = [("Content-Type", "application/octet-stream")]
    if "length" in asked:
        headers.append(("Content-Length", str(size)))
    start_response("200 OK", headers)
    opened = open(asked["path"], "rb")
    opened.seek(int(asked.get("from", 0)))
    return environ["wsgi.file_wrapper"](opened, 65536)


def status(environ, start_response, asked):
    code = asked["code"]
    if code in ("204", "304"):
        start_response(code + " Nothing", [])
        return []
    return answer(start_response, "this is " + code, status=code + " Some Reason")


def headers(environ, start_response, asked):
    return answer(start_response, "ok", headers=[("X-One", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])


def connection_close(environ, start_response, asked):
    return answer(start_response, "bye", headers=[("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Server", "mine")])


def printed(environ, start_response, asked):
    """Says a word on every way out of a process."""
    word = asked["word"]
    print("print " + word)
    print("stderr " + word, file=sys.stderr)
    environ["wsgi.errors"].write("errors " + word + "\n")
    environ["wsgi.errors"].flush()
    import logging

    logging.getLogger("probe").warning("logging " + word)
    if "gate" in asked:
        with open(asked["gate"], "rb") as gate:
            gate.read()
    return answer(start_response, "said")


def burst(environ, start_response, asked):
    """So many bytes to descriptor 1, in lines of a hundred."""
    left = int(asked["size"])
    block = (b"b" * 99 + b"\n") * 650
    while left > 0:
        done = os.write(1, block[:left])
        left -= done
    return answer(start_response, "written")


def die(environ, start_response, asked):
    note(asked)
    if "exit" in asked:
        os._exit(int(asked["exit"]))
    os.kill(os.getpid(), getattr(signal, asked.get("signal", "SIGKILL")))
    time.sleep(30)


def spin(environ, start_response, asked):
    note(asked)
    if asked.get("where") == "c":
        re.match(r"(a+)+$", "a" * 64 + "b")
    while True:
        pass


def child(environ, start_response, asked):
    """Leaves a process behind that holds everything open."""
    import subprocess

    started = subprocess.Popen(["sleep", "300"])
    return answer(start_response, str(started.pid))


def threads(environ, start_response, asked):
    """Tells when so many requests are inside at once."""
    with MEETING:
        INSIDE.append(1)
        MEETING.notify_all()
        met = MEETING.wait_for(lambda: len(INSIDE) >= int(asked["count"]), timeout=15)
    return answer(start_response, "met" if met else "alone")


def variable(environ, start_response, asked):
    return answer(start_response, os.environ.get(asked["name"], "(none)"))


def stdout_path(environ, start_response, asked):
    with open("/dev/stdout", "w") as out:
        out.write("by path " + asked["word"] + "\n")
    return answer(start_response, "opened")


MEETING = threading.Condition()
INSIDE = []

PAGES = {
    "environ": show_environ,
    "pid": pid,
    "echo": echo,
    "digest": digest,
    "read": read_ways,
    "wait": wait,
    "run": run,
    "sized": sized,
    "unsized": unsized,
    "listed": listed,
    "events": events,
    "endless": endless,
    "watch": watch,
    "closing": closing,
    "written": written,
    "file": use_file,
    "status": status,
    "headers": headers,
    "bye": connection_close,
    "print": printed,
    "burst": burst,
    "die": die,
    "spin": spin,
    "child": child,
    "threads": threads,
    "variable": variable,
    "stdout": stdout_path,
}
