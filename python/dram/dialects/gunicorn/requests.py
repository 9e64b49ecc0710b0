"""`req` and `resp`, and the application with pre_request and post_request around it."""
from types import SimpleNamespace

from ...files import FileWrapper, may_be_file
from .hooks import arguments_of


class Request:
    """The message that Gunicorn's hooks are given, told from its environ."""

    trailers = ()
    must_close = False
    proxy_protocol_info = None

    def __init__(self, environ):
        self.environ = environ
        self.method = environ["REQUEST_METHOD"]
        self.uri = environ["RAW_URI"]
        self.query = environ["QUERY_STRING"]
        self.scheme = environ["wsgi.url_scheme"]
        self.path, _, self.fragment = self.uri.partition("?")[0].partition("#")

    @property
    def body(self):
        return self.environ["wsgi.input"]

    @property
    def version(self):
        return (1, 0) if self.environ["SERVER_PROTOCOL"] == "HTTP/1.0" else (1, 1)

    @property
    def remote_addr(self):
        """(host, port); the empty bytes of a Unix socket's peer."""
        host, port = self.environ.get("REMOTE_ADDR"), self.environ.get("REMOTE_PORT")
        return (host, int(port)) if host and port else b""

    peer_addr = remote_addr

    @property
    def headers(self):
        """(NAME, value), the names in upper case."""
        return [
            (key[5:].replace("_", "-") if key.startswith("HTTP_") else key.replace("_", "-"), value)
            for key, value in self.environ.items()
            if key.startswith("HTTP_") or (key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
        ]

    def force_close(self):
        pass

    def should_close(self):
        return False


class Response:
    """What the application answers, as it is known so far."""

    version = "dram"
    status = None
    status_code = None
    chunked = False
    must_close = False
    upgrade = False

    def __init__(self, req, answer):
        self.req = req
        self.answer = answer
        self.headers = []

    @property
    def sent(self):
        """Bytes of body."""
        return self.answer.sent

    @property
    def headers_sent(self):
        return self.answer.begun

    @property
    def response_length(self):
        return self.answer.length

    def started(self, status, headers):
        self.status = status
        self.status_code = int(status.split(" ", 1)[0])
        self.headers = list(headers)

    def force_close(self):
        pass

    def should_close(self):
        return False


def wrap(application, worker, cfg, log):
    """The application with the hooks around it that are set; without any, itself."""
    pre = cfg.pre_request if cfg.has("pre_request") else None
    post = cfg.post_request if cfg.has("post_request") else None
    if pre is None and post is None:
        return application
    worker.counted = 0
    if post is None:
        return with_pre_request(application, worker, pre)
    return with_both(application, worker, pre, post, arguments_of("post_request", post), log)


def with_pre_request(application, worker, pre):
    def call(environ, start_response):
        pre(worker, Request(environ))
        worker.counted += 1        # behind the hook, as there: the first request's sees 0
        return application(environ, start_response)

    return call


def with_both(application, worker, pre, post, count, log):
    def call(environ, start_response):
        req = Request(environ)
        resp = Response(req, getattr(start_response, "__self__", NOBODY))

        def started(status, headers, exc_info=None):
            write = start_response(status, headers, exc_info)
            resp.started(status, headers)
            return write

        def done():
            try:
                post(*(worker, req, environ, resp)[:count])
            except Exception:
                log.failed("post_request")

        if pre is not None:
            pre(worker, req)
        worker.counted += 1
        try:
            chunks = application(environ, started)
        except BaseException:
            done()
            raise
        return followed(chunks, done)

    return call


NOBODY = SimpleNamespace(sent=0, begun=False, length=None)


def followed(chunks, done):
    """What the application returned, such that `done()` is called at its end: when it is closed (PEP 3333)."""
    kind = type(chunks)
    if kind is list or kind is tuple:
        return FollowedList(chunks, done)
    if isinstance(chunks, (bytes, str)) or not hasattr(chunks, "__iter__"):
        done()
        return chunks
    if may_be_file(kind):
        return followed_file(chunks if isinstance(chunks, FileWrapper) else FileWrapper(chunks), done)
    return Followed(chunks, done)


def followed_file(wrapper, done):
    """A file stays one that the front can send."""
    closing = getattr(wrapper, "close", None)
    wrapper.close = lambda: close_both(closing, done)
    return wrapper


def close_both(closing, done):
    try:
        if closing is not None:
            closing()
    finally:
        done()


class FollowedList(list):
    def __init__(self, chunks, done):
        super().__init__(chunks)
        self.close = done


class Followed:
    def __init__(self, chunks, done):
        self.chunks = chunks
        self.done = done

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        close_both(getattr(self.chunks, "close", None), self.done)
