"""Who answers? The process, by its id."""
import os


def application(environ, start_response):
    body = b"pid %d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
