"""What the pictures of the docs are taken of: a few pages, each answered in a way of its own."""

import json
import time

PAGE = b"<!doctype html>\n<title>Tea</title>\n<h1>Green tea</h1>\n<p>12 kinds, from 4 a cup.\n"


def application(environ, start_response):
    answer = {"/tea": tea, "/orders": order, "/steep": steep, "/coffee": coffee}.get(environ["PATH_INFO"], missing)
    return answer(environ, start_response)


def tea(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(PAGE)))])
    return [PAGE]


def order(environ, start_response):
    asked = json.loads(environ["wsgi.input"].read())
    body = json.dumps({"ordered": asked["tea"]}).encode()
    start_response("201 Created", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def steep(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    for minute in ("first", "second", "third"):
        time.sleep(0.04)
        yield f"the {minute} minute\n".encode()


def coffee(environ, start_response):
    raise LookupError("there is no coffee here")


def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
