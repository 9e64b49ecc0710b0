"""REQUEST frame → environ."""
import io
import os
import re

from .body import EMPTY
from .fault import Fault
from .files import FileWrapper
from .frames import FLAGS

HTTP10 = FLAGS["REQUEST"]["HTTP10"]
PATH = FLAGS["REQUEST"]["PATH"]
BODY_FILE = FLAGS["REQUEST"]["BODY_FILE"]
BODY_STREAM = FLAGS["REQUEST"]["BODY_STREAM"]
BODY_LENGTH = FLAGS["REQUEST"]["BODY_LENGTH"]

# Blocks of headers come again with a keep-alive client: worth 10-15 % (design, §3).
MAX_KEPT_BLOCK_BYTES = 4096
MAX_KEPT_BYTES = 1024 * 1024
MAX_SEEN = 4096

FILE_BUFFER_BYTES = 64 * 1024
escape = re.compile("%([0-9a-fA-F]{2})")


def unquote(path):
    """Percent-decodes, as latin-1 of the bytes (PEP 3333: "bytes-as-unicode"); stray percent signs stay."""
    return escape.sub(lambda match: chr(int(match[1], 16)), path)


def base_environ(software, multithread, multiprocess):
    """What is the same in every request's environ."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input": EMPTY,
        "SERVER_SOFTWARE": software,
        "SERVER_PROTOCOL": "HTTP/1.1",
        # Places for what each request sets, so that its copy of a template never has to grow.
        "REQUEST_METHOD": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "REQUEST_URI": "",
        "RAW_URI": "",
        "REMOTE_ADDR": "",
        "REMOTE_PORT": "",
        "wsgi.errors": None,
        "wsgi.early_hints": None,
        "dram.request_id": "",
        "dram.client_disconnected": None,
    }


class Environs:
    """Builds the environ of each request, from templates where its block of headers is known."""

    def __init__(self, base):
        self.base = base
        self.templates = {}
        self.kept_bytes = 0
        self.seen = set()

    def build(self, request, answer, errors):
        _, flags, own, block, buffer, at, end = request
        middle = at + own
        method, target, path, address, port, name = buffer[at:middle].decode("latin-1").split("\0")
        body = middle + block
        key = buffer[middle:body]
        template = self.templates.get(key)
        environ = template.copy() if template is not None else self.learn(key)
        uri, _, query = target.partition("?")
        if flags & PATH:
            uri = path
        if "%" in uri:
            uri = unquote(uri)
        elif uri == "*":
            uri = ""          # RFC 3875 §4.1.5: PATH_INFO is empty or begins with a slash
        environ["REQUEST_METHOD"] = method
        environ["PATH_INFO"] = uri
        environ["QUERY_STRING"] = query
        environ["REQUEST_URI"] = target
        environ["RAW_URI"] = target
        environ["REMOTE_ADDR"] = address
        environ["REMOTE_PORT"] = port
        environ["wsgi.errors"] = errors
        environ["wsgi.early_hints"] = answer.early_hints
        environ["dram.request_id"] = name
        environ["dram.client_disconnected"] = answer.client_disconnected
        if method == "HEAD":
            answer.head_only = True
        if flags & ~PATH:
            if flags & HTTP10:
                environ["SERVER_PROTOCOL"] = "HTTP/1.0"
            if flags & (BODY_FILE | BODY_STREAM | BODY_LENGTH):
                add_body(environ, flags, buffer, body, end, answer)
                return environ
        if body != end:
            environ["wsgi.input"] = io.BytesIO(buffer[body:end])
        return environ

    def learn(self, key):
        """The dict of a block that has no template; seen twice, it becomes one."""
        texts = key.decode("latin-1").split("\0")
        environ = {"SCRIPT_NAME": ""}
        environ.update(zip(texts[::2], texts[1::2]))
        environ.update(self.base)
        if len(key) <= MAX_KEPT_BLOCK_BYTES:
            mark = hash(key)
            if mark in self.seen:
                self.keep(key, environ.copy())
            else:
                if len(self.seen) >= MAX_SEEN:
                    self.seen.clear()
                self.seen.add(mark)
        return environ

    def keep(self, key, template):
        if self.kept_bytes + len(key) > MAX_KEPT_BYTES:
            self.templates.clear()
            self.kept_bytes = 0
        self.templates[key] = template
        self.kept_bytes += len(key)


def add_body(environ, flags, buffer, at, end, answer):
    """wsgi.input for a body that isn't in the frame, or whose length the headers didn't say."""
    if flags & BODY_STREAM:
        environ["wsgi.input"] = io.BufferedReader(answer.take_stream(), FILE_BUFFER_BYTES)
        return
    if flags & BODY_FILE:
        body = open_body(os.fsdecode(buffer[at:end]))
        answer.close_later(body)
        length = os.fstat(body.fileno()).st_size
    else:
        body = io.BytesIO(buffer[at:end])
        length = end - at
    environ["wsgi.input"] = body
    if flags & BODY_LENGTH:
        environ["CONTENT_LENGTH"] = str(length)


def open_body(path):
    try:
        return open(path, "rb", FILE_BUFFER_BYTES)
    except OSError as error:
        raise Fault("REQUEST_BODY_LOST", "the spooled request body can't be opened: %s" % error) from None
