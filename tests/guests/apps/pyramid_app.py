"""A small Pyramid site: what tests/guests/visit.ts walks through."""

import hashlib
import os

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPNoContent, HTTPSeeOther
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")


def index(request):
    return Response('<form method="post" action="/login"><input name="name"></form>')


def login(request):
    request.session["name"] = request.POST["name"]
    return HTTPSeeOther(request.route_url("hello"))


def hello(request):
    if "name" not in request.session:
        raise HTTPForbidden()
    return Response("hello " + request.session["name"], content_type="text/plain")


def upload(request):
    given = request.POST["file"]
    data = given.file.read()
    said = {"name": given.filename, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return {**said, "note": request.POST["note"]}


def take_json(request):
    return {"got": request.json_body}


def stream(request):
    lines = (("line %d of %s\n" % (number, request.GET["of"])).encode() for number in range(5))
    return Response(app_iter=lines, content_type="text/plain")


def download(request):
    block = b"0123456789abcdef" * 4096
    return Response(app_iter=(block for _ in range(160)), content_type="application/octet-stream")


def path(request):
    return Response(request.matchdict["name"], content_type="text/plain")


def where(request):
    return Response(request.route_url("hello") + " " + request.remote_addr, content_type="text/plain")


def error(request):
    raise RuntimeError("a mistake in the guest")


def silent(request):
    """Answers without a look at the body."""
    return HTTPNoContent()


def make_app():
    with Configurator(session_factory=SignedCookieSessionFactory("not a secret")) as config:
        config.add_static_view("static", FOLDER)
        pages = {"index": ("/", index, "string"), "path": ("/path/{name}", path, "string")}
        for view in (login, hello, stream, download, where, error, silent):
            pages[view.__name__] = ("/" + view.__name__, view, "string")
        pages["upload"] = ("/upload", upload, "json")
        pages["json"] = ("/json", take_json, "json")
        for name, (pattern, view, renderer) in pages.items():
            config.add_route(name, pattern)
            config.add_view(view, route_name=name, renderer=renderer)
        return config.make_wsgi_app()
