"""A small Falcon site: what tests/guests/visit.ts walks through."""

import hashlib
import os

import falcon

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")


class Index:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_HTML
        resp.text = '<form method="post" action="/login"><input name="name"></form>'


class Login:
    def on_post(self, req, resp):
        resp.set_cookie("name", req.get_media()["name"], secure=False)
        raise falcon.HTTPSeeOther("/hello")


class Hello:
    def on_get(self, req, resp):
        if "name" not in req.cookies:
            raise falcon.HTTPForbidden()
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "hello " + req.cookies["name"]


class Upload:
    def on_post(self, req, resp):
        said = {}
        for part in req.get_media():
            if part.name == "file":
                found, size = hashlib.sha256(), 0
                while True:
                    piece = part.stream.read(65536)
                    if not piece:
                        break
                    found.update(piece)
                    size += len(piece)
                said.update(name=part.filename, size=size, sha256=found.hexdigest())
            else:
                said[part.name] = part.text
        resp.media = said


class Json:
    def on_post(self, req, resp):
        resp.media = {"got": req.get_media()}


class Stream:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        of = req.get_param("of")
        resp.stream = ("line %d of %s\n" % (number, of) for number in range(5))
        resp.stream = (line.encode() for line in resp.stream)


class Download:
    def on_get(self, req, resp):
        resp.content_type = "application/octet-stream"
        block = b"0123456789abcdef" * 4096
        resp.stream = (block for _ in range(160))


class Path:
    def on_get(self, req, resp, name):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = name


class Where:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = req.prefix + "/hello " + req.remote_addr


class Error:
    def on_get(self, req, resp):
        raise RuntimeError("a mistake in the guest")


class Silent:
    """Answers without a look at the body."""

    def on_post(self, req, resp):
        resp.status = falcon.HTTP_204


app = falcon.App()
for route, resource in {
    "/": Index(),
    "/login": Login(),
    "/hello": Hello(),
    "/upload": Upload(),
    "/json": Json(),
    "/stream": Stream(),
    "/download": Download(),
    "/path/{name}": Path(),
    "/where": Where(),
    "/error": Error(),
    "/silent": Silent(),
}.items():
    app.add_route(route, resource)
app.add_static_route("/static", FOLDER)
