"""A WSGI application from scratch: no framework, one function (PEP 3333)."""


def application(environ, start_response):
    # PEP 3333 hands on the bytes of the path as latin-1 text; encoded back, they are what the client sent.
    path = (environ["SCRIPT_NAME"] + environ["PATH_INFO"]).encode("latin-1")
    body = b"Hello! You requested: " + path
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
