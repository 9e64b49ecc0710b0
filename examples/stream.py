"""A WSGI application that answers piece by piece: a generator (PEP 3333)."""
import time


def application(environ, start_response):
    print("asked for", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    for number in range(1, 4):
        yield f"line {number}\n".encode()
        time.sleep(0.1)
        if environ["PATH_INFO"] == "/fails":
            raise RuntimeError("asked to fail")
