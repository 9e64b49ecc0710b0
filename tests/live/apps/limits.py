"""The probe, with pages that take too long, each in a function of its own name, or too much memory."""

import ctypes
import os
import re
import signal
import threading
import time

import probe
from probe import answer, note

HOARD = []


def naps(environ, start_response, asked):
    note(asked)
    time.sleep(300)
    return answer(start_response, "slept")


def loops(environ, start_response, asked):
    """Tells what ends it."""
    note(asked)
    try:
        while True:
            time.monotonic()
    except BaseException as error:
        note({**asked, "name": type(error).__name__})
        raise


def stubborn(environ, start_response, asked):
    """Holds on, whatever is raised."""
    note(asked)
    while True:
        try:
            while True:
                time.monotonic()
        except BaseException:
            pass


def hangs(environ, start_response, asked):
    """In C, with the GIL held."""
    note(asked)
    while True:
        ctypes.PyDLL(None).sleep(300)      # a signal ends one


def matches(environ, start_response, asked):
    """In C as well, and at work."""
    note(asked)
    re.match(r"(a+)+$", "a" * 64 + "b")


def freezes(environ, start_response, asked):
    """The whole process."""
    note(asked)
    os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        pass


def locks(environ, start_response, asked):
    """Waits for what never comes."""
    note(asked)
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def streams(environ, start_response, asked):
    """A chunk, then silence."""
    note(asked)
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first"
    time.sleep(300)


def drips(environ, start_response, asked):
    """So many chunks, each after so many seconds."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(int(asked["count"])):
        time.sleep(float(asked["pause"]))
        yield b"%d," % number


def swallows(environ, start_response, asked):
    """The body, as it comes, before the first byte of the answer."""
    note(asked)
    count = sum(len(piece) for piece in iter(lambda: environ["wsgi.input"].read(65536), b""))
    return answer(start_response, str(count))


def leaks(environ, start_response, asked):
    """So many bytes that it keeps, each page of them touched."""
    note(asked)
    HOARD.append(bytearray(os.urandom(1)) * int(asked["size"]))
    return answer(start_response, "ran " + asked.get("name", ""))


def hoards(environ, start_response, asked):
    """More and more, within one request."""
    note(asked)
    while True:
        HOARD.append(bytearray(os.urandom(1)) * (8 * 1024 * 1024))
        time.sleep(0.01)


probe.PAGES.update(
    {
        page.__name__: page
        for page in (naps, loops, stubborn, hangs, matches, freezes, locks, streams, drips, swallows, leaks, hoards)
    }
)

application = probe.application
