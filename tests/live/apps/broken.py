"""Everything an application must not do, one page each."""

import sys

TEXT = [("Content-Type", "text/plain")]


def application(environ, start_response):
    return PAGES[environ["PATH_INFO"].strip("/")](environ, start_response)


def raises(environ, start_response):
    raise ValueError("before the headers")


def raises_after_start(environ, start_response):
    start_response("200 OK", TEXT)
    raise ValueError("after start_response")


def raises_on_first(environ, start_response):
    start_response("200 OK", TEXT)
    raise ValueError("at the first chunk")
    yield b"never"


def raises_in_body(environ, start_response):
    start_response("200 OK", TEXT)
    yield b"x" * 1000
    raise ValueError("in the body")


def raises_in_sized_body(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "2000")])
    yield b"x" * 1000
    raise ValueError("in the sized body")


def handled(environ, start_response):
    """PEP 3333's error handling: a second start_response with exc_info, before anything was sent."""
    start_response("200 OK", TEXT)
    try:
        raise ValueError("handled")
    except ValueError:
        start_response("500 Handled", TEXT, sys.exc_info())
    return [b"handled"]


def handled_late(environ, start_response):
    start_response("200 OK", TEXT)
    yield b"x" * 1000
    try:
        raise ValueError("too late")
    except ValueError:
        start_response("500 Handled", TEXT, sys.exc_info())
    yield b"never seen"


def starts_twice(environ, start_response):
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b"twice"]


def starts_never(environ, start_response):
    return [b"no start"]


def gives_text(environ, start_response):
    start_response("200 OK", TEXT)
    return ["not bytes"]


def gives_string(environ, start_response):
    start_response("200 OK", TEXT)
    return "not bytes"


def gives_none(environ, start_response):
    start_response("200 OK", TEXT)
    return None


def with_headers(*headers):
    def page(environ, start_response):
        start_response("200 OK", TEXT + list(headers))
        return [b"ok"]

    return page


def with_status(status):
    def page(environ, start_response):
        start_response(status, TEXT)
        return [b"ok"]

    return page


def too_long(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "4")])
    return [b"12", b"3456", b"78"]


def too_short(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "10")])
    return [b"1234"]


def leaves(environ, start_response):
    """SystemExit is an exception like others here: the worker lives on."""
    raise SystemExit(3)


PAGES = {
    "raises": raises,
    "raises-after-start": raises_after_start,
    "raises-on-first": raises_on_first,
    "raises-in-body": raises_in_body,
    "raises-in-sized-body": raises_in_sized_body,
    "handled": handled,
    "handled-late": handled_late,
    "starts-twice": starts_twice,
    "starts-never": starts_never,
    "gives-text": gives_text,
    "gives-string": gives_string,
    "gives-none": gives_none,
    "name-space": with_headers(("X Bad", "1")),
    "name-empty": with_headers(("", "1")),
    "name-crlf": with_headers(("X-A\r\nX-Evil", "1")),
    "name-colon": with_headers(("X-A:", "1")),
    "value-crlf": with_headers(("X-Culprit", "1\r\nX-Evil: 1")),
    "value-lf": with_headers(("X-Culprit", "1\nX-Evil: 1")),
    "value-cr": with_headers(("X-Culprit", "1\rX-Evil: 1")),
    "value-nul": with_headers(("X-Culprit", "1\0")),
    "value-wide": with_headers(("X-Culprit", "\u0100\u010a")),
    "value-number": with_headers(("X-Culprit", 1)),
    "length-word": with_headers(("Content-Length", "two")),
    "length-negative": with_headers(("Content-Length", "-2")),
    "hop-by-hop": with_headers(("Keep-Alive", "1"), ("Transfer-Encoding", "chunked"), ("X-Good", "1")),
    "connection-close": with_headers(("Connection", "close")),
    "status-crlf": with_status("200 OK\r\nX-Evil: 1"),
    "status-word": with_status("fine"),
    "status-100": with_status("100 Continue"),
    "status-101": with_status("101 Switching Protocols"),
    "status-number": with_status(200),
    "status-bare": with_status("200"),
    "status-999": with_status("999 What"),
    "too-long": too_long,
    "too-short": too_short,
    "leaves": leaves,
}
