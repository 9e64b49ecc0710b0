"""Cases on standard input, one JSON list; what waitress makes of each on standard output."""
import json
import logging
import sys

from waitress.proxy_headers import proxy_headers_middleware

logging.disable(logging.CRITICAL)


def environ_of(case):
    """As waitress's task builds it from what its parser read: repeated lines are joined, underscores have left."""
    environ = {
        "REMOTE_ADDR": case["peer"],
        "REMOTE_PORT": "4711",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "example.org",
    }
    for name, value in case["headers"]:
        key = "HTTP_" + name.upper().replace("-", "_")
        value = value.strip(" \t")
        environ[key] = environ[key] + ", " + value if key in environ else value
    return environ


def answer(case):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        return []

    wrapped = proxy_headers_middleware(
        app,
        trusted_proxy=case["trusted"],
        trusted_proxy_count=case["count"],
        trusted_proxy_headers=set(case["names"]),
        clear_untrusted=case["clear"],
    )
    try:
        status = []
        body = b"".join(wrapped(environ_of(case), lambda *told: status.append(told[0])))
        if status:
            return status[0] + " " + body.decode("latin-1").split("\r\n")[2]
    except Exception as error:
        return type(error).__name__
    seen.pop("REMOTE_HOST", None)
    return seen


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
