"""A small Flask site: what tests/guests/visit.ts walks through."""

import hashlib
import os

from flask import Flask, Response, abort, jsonify, redirect, request, session, stream_with_context, url_for

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")

app = Flask(__name__, static_folder=FOLDER, static_url_path="/static")
app.secret_key = "not a secret"


@app.get("/")
def index():
    return '<form method="post" action="/login"><input name="name"></form>'


@app.post("/login")
def login():
    session["name"] = request.form["name"]
    return redirect(url_for("hello"), code=303)


@app.get("/hello")
def hello():
    if "name" not in session:
        abort(403)
    return "hello " + session["name"]


@app.post("/upload")
def upload():
    given = request.files["file"]
    data = given.read()
    return jsonify(name=given.filename, size=len(data), sha256=hashlib.sha256(data).hexdigest(), note=request.form["note"])


@app.post("/json")
def take_json():
    return jsonify(got=request.get_json())


@app.get("/stream")
def stream():
    def lines():
        for number in range(5):
            yield "line %d of %s\n" % (number, request.args["of"])

    return Response(stream_with_context(lines()), mimetype="text/plain")


@app.get("/download")
def download():
    block = b"0123456789abcdef" * 4096
    return Response((block for _ in range(160)), mimetype="application/octet-stream")


@app.get("/path/<name>")
def path(name):
    return name


@app.get("/where")
def where():
    return url_for("hello", _external=True) + " " + request.remote_addr


@app.get("/error")
def error():
    raise RuntimeError("a mistake in the guest")


@app.post("/silent")
def silent():
    """Answers without a look at the body."""
    return "", 204
