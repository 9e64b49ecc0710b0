"""A small Bottle site: what tests/guests/visit.ts walks through."""

import hashlib
import os

import bottle
from bottle import Bottle, HTTPError, HTTPResponse, request, response, static_file

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
SECRET = "not a secret"

app = Bottle()
bottle.BaseRequest.MEMFILE_MAX = 1024 * 1024


@app.get("/")
def index():
    return '<form method="post" action="/login"><input name="name"></form>'


@app.post("/login")
def login():
    answer = HTTPResponse(status=303, headers={"Location": "/hello"})
    answer.set_cookie("name", request.forms.getunicode("name"), secret=SECRET)
    return answer


@app.get("/hello")
def hello():
    name = request.get_cookie("name", secret=SECRET)
    if name is None:
        raise HTTPError(403)
    return "hello " + name


@app.post("/upload")
def upload():
    given = request.files.get("file")
    data = given.file.read()
    digest = hashlib.sha256(data).hexdigest()
    return {"name": given.raw_filename, "size": len(data), "sha256": digest, "note": request.forms.getunicode("note")}


@app.post("/json")
def take_json():
    return {"got": request.json}


@app.get("/stream")
def stream():
    response.content_type = "text/plain"
    for number in range(5):
        yield "line %d of %s\n" % (number, request.query.getunicode("of"))


@app.get("/download")
def download():
    response.content_type = "application/octet-stream"
    block = b"0123456789abcdef" * 4096
    for _ in range(160):
        yield block


@app.get("/path/<name>")
def path(name):
    return name


@app.get("/where")
def where():
    return request.urlparts.scheme + "://" + request.urlparts.netloc + "/hello " + request.remote_addr


@app.get("/static/<name:path>")
def static(name):
    return static_file(name, root=FOLDER)


@app.get("/error")
def error():
    raise RuntimeError("a mistake in the guest")


@app.post("/silent")
def silent():
    """Answers without a look at the body."""
    return HTTPResponse(status=204)
