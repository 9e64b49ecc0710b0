"""Writes down when each request was entered and left, on the clock that all processes share."""

import os
import time
from urllib.parse import parse_qs

NOTES = open(os.environ["NOTES"], "ab", 0)


def application(environ, start_response):
    entry = time.clock_gettime(time.CLOCK_MONOTONIC)
    query = parse_qs(environ["QUERY_STRING"])
    if environ["PATH_INFO"] == "/pid":
        time.sleep(float(query["hold"][0]))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%d" % os.getpid()]
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    name = query["name"][0]
    exit = time.clock_gettime(time.CLOCK_MONOTONIC)
    NOTES.write(("%s %d %.6f %.6f\n" % (name, os.getpid(), entry, exit)).encode())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
