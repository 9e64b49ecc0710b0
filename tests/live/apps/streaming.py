"""Reads request bodies as they come (--stream-requests)."""

from urllib.parse import parse_qs


def application(environ, start_response):
    asked = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    return PAGES[environ["PATH_INFO"]](environ, start_response, asked)


def lines(environ, start_response, asked):
    """An answer that goes along with the body, line by line."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for line in iter(environ["wsgi.input"].readline, b""):
        yield b"got " + line


def held(environ, start_response, asked):
    """Reads nothing until the test opens the named pipe; then counts."""
    with open(asked["gate"], "rb") as gate:
        gate.read()
    count = sum(len(piece) for piece in iter(lambda: environ["wsgi.input"].read(65536), b""))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(count).encode()]


def broken(environ, start_response, asked):
    note(asked, "reading")
    try:
        body = environ["wsgi.input"].read()
        note(asked, "read %d" % len(body))
    except OSError as error:
        note(asked, "error %s" % type(error).__name__)
        raise
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"read"]


def note(asked, text):
    with open(asked["log"], "a") as log:
        log.write(text + "\n")


PAGES = {"/lines": lines, "/held": held, "/broken": broken}
