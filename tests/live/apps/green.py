"""An application for gevent: it waits, computes, hangs, streams, counts how many of its requests are under way."""
import os
import socket
import sys
import threading
import time
from urllib.parse import parse_qs

lock = threading.Lock()
under_way = 0
most = 0


def application(environ, start_response):
    global under_way, most
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    with lock:
        under_way += 1
        most = max(most, under_way)
    try:
        body = globals()[environ["PATH_INFO"].strip("/") or "hello"](environ, query)
    finally:
        with lock:
            under_way -= 1
    start_response("200 OK", [("Content-Type", "text/plain")])
    return body


def hello(environ, query):
    return [b"hello"]


def facts(environ, query):
    """Is everything patched that should be, and ours not?"""
    import gevent.monkey

    socket_kind = socket.socket.__module__
    patched = [name for name in ("socket", "time", "threading", "select", "ssl") if gevent.monkey.is_module_patched(name)]
    text = "%d %s %s %s %d" % (os.getpid(), socket_kind, ",".join(patched), environ["wsgi.multithread"], most)
    return [text.encode()]


def sleep(environ, query):
    """time.sleep itself: patched or not is what counts."""
    time.sleep(float(query["s"]))
    return [b"slept"]


def locked(environ, query):
    with threading.Lock():
        time.sleep(0.001)
    return [threading.current_thread().name.encode()]


def spawned(environ, query):
    import gevent

    return [b" ".join(job.get() for job in [gevent.spawn(lambda at=at: b"%d" % at) for at in range(3)])]


def compute(environ, query):
    """Until there is a file of this name; nobody else runs meanwhile."""
    while not os.path.exists(query["until"]):
        pass
    return [b"computed"]


def until(environ, query):
    """Waits until there is a file of this name."""
    open(query["file"] + ".entered", "w").close()
    while not os.path.exists(query["file"]):
        time.sleep(0.01)
    return [b"at last"]


def hang(environ, query):
    try:
        time.sleep(600)
    finally:
        print("left by", sys.exc_info()[0].__name__)


def spin(environ, query):
    while True:
        pass


def echo(environ, query):
    return [environ["wsgi.input"].read()]


def large(environ, query):
    return (b"x" * 65536 for _ in range(int(query["mib"]) * 16))


def stream(environ, query):
    def chunks():
        for at in range(int(query["n"])):
            yield b"%d\n" % at
            time.sleep(float(query.get("s", "0.01")))

    return chunks()


def command(environ, query):
    import subprocess

    return [subprocess.check_output([sys.executable, "-c", "print('a command')"]).strip()]


def fork(environ, query):
    """In the child no other greenlet must get to run: it would be the copy of another request."""
    child = os.fork()
    if child == 0:
        os._exit(7)
    return [b"%d" % (os.waitpid(child, 0)[1] >> 8)]


def pid(environ, query):
    time.sleep(float(query.get("hold", "0")))
    return [str(os.getpid()).encode()]
