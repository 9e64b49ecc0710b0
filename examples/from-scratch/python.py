"""The Python half: calls the application as PEP 3333 asks, for one request after another.

Standard input brings a line of JSON and the body; standard output takes a line of JSON with status and
headers, then each chunk after a line with its size, and a last line with 0.
"""
import io
import json
import os
import runpy
import sys
import traceback

path, _, name = sys.argv[1].partition(":")
requests = sys.stdin.buffer
answers = os.fdopen(os.dup(1), "wb")      # ours alone …
os.dup2(2, 1)                             # … for what the application prints must not get in between
application = runpy.run_path(path)[name or "application"]


def environ_of(request, body):
    """The request as PEP 3333 has it: CGI's variables, a HTTP_ variable for each header, wsgi.* for the server's own."""
    target, _, query = request["target"].partition("?")
    environ = {
        "REQUEST_METHOD": request["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(target),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": request["version"],
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(request["port"]),
        "REMOTE_ADDR": request["client"],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request["headers"]:
        if "_" in name:
            continue      # X_User would become the same variable as X-User, which a proxy may have set
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            key = "HTTP_" + key
            environ[key] = environ[key] + ", " + value if key in environ else value
    return environ


def unquote(path):
    """Percent-decoded bytes, as latin-1 text: so PEP 3333 carries bytes in strings."""
    first, *parts = path.encode("latin-1").split(b"%")
    for part in parts:
        try:
            first += bytes([int(part[:2], 16)]) + part[2:]
        except ValueError:
            first += b"%" + part
    return first.decode("latin-1")


class Answer:
    """One answer on its way. Nothing is sent before the first chunk: until then start_response may be called again."""

    def __init__(self):
        self.head = None
        self.is_begun = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None and self.is_begun:
            raise exc_info[1].with_traceback(exc_info[2])      # too late for another status
        if exc_info is None and self.head is not None:
            raise AssertionError("start_response was called twice")
        self.head = {"status": status, "headers": headers}
        return self.write

    def write(self, chunk):
        if not self.is_begun:
            self.begin()
        if chunk:
            answers.write(b"%d\n" % len(chunk) + chunk)
            answers.flush()

    def begin(self):
        if self.head is None:
            raise AssertionError("the application sent a body before start_response was called")
        answers.write(json.dumps(self.head).encode() + b"\n")
        self.is_begun = True

    def end(self):
        if not self.is_begun:
            self.begin()
        answers.write(b"0\n")
        answers.flush()


def call(environ):
    answer = Answer()
    try:
        chunks = application(environ, answer.start_response)
        try:
            for chunk in chunks:
                if chunk:      # an empty chunk must not send the head
                    answer.write(chunk)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()      # also after an error
    except Exception:
        traceback.print_exc()
        if answer.is_begun:
            sys.exit(1)      # half an answer is out: that can only be cut off
        answer.head = {"status": "500 Internal Server Error", "headers": [("Content-Length", "0")]}
    answer.end()


for line in requests:
    request = json.loads(line)
    call(environ_of(request, requests.read(request["bodyBytes"])))
