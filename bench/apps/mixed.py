"""/ takes nothing, /slow takes 300 ms of processor time, in Python, with the interpreter's lock."""
import time

SLOW_SECONDS = 0.3


def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        until = time.thread_time() + SLOW_SECONDS
        while time.thread_time() < until:
            sum(range(1000))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, world!"]
