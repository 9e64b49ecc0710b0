"""The probe, noting each request in one file before anything else is done for it; and its answers in many shapes."""

import hashlib
import os
import time

import probe
from probe import answer

NOTES = open(os.environ["NOTES"], "ab", 0)


def application(environ, start_response):
    asked = probe.query(environ)
    if "id" not in asked:
        return probe.application(environ, start_response)
    # One write, appended: lines of several workers don't mix.
    NOTES.write(("%s %d\n" % (asked["id"], os.getpid())).encode())
    return SHAPES[environ["PATH_INFO"].strip("/")](environ, start_response, asked)


def short(environ, start_response, asked):
    return answer(start_response, asked["id"])


def held(environ, start_response, asked):
    time.sleep(float(asked["hold"]))
    return answer(start_response, asked["id"])


def chunked(environ, start_response, asked):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(5):
        time.sleep(0.002)
        yield ("%s " % asked["id"]).encode()


def sized(environ, start_response, asked):
    """So many bytes; the last ones are the id."""
    tail = asked["id"].encode()
    return answer(start_response, b"x" * (int(asked["size"]) - len(tail)) + tail)


def digest(environ, start_response, asked):
    found = hashlib.sha256()
    for piece in iter(lambda: environ["wsgi.input"].read(65536), b""):
        found.update(piece)
    return answer(start_response, "%s %s" % (asked["id"], found.hexdigest()))


SHAPES = {"short": short, "held": held, "chunked": chunked, "sized": sized, "digest": digest}
