"""Flask's first example, and a page of 5 MiB beside it: more than the kernel takes in for a client that doesn't read."""
from flask import Flask

application = Flask(__name__)
BIG = b"x" * (5 * 1024 * 1024)


@application.get("/")
def hello():
    return "Hello, world!", {"Content-Type": "text/plain"}


@application.get("/big")
def big():
    return BIG, {"Content-Type": "text/plain"}
