"""Bodies in and out: /out/BYTES, /in, /stream, and /file/MIB from the folder in BENCH_DATA."""
import functools
import os

BLOCK = 64 * 1024
PIECE = b"x" * 4096


def application(environ, start_response):
    _, what, *rest = environ["PATH_INFO"].split("/")
    if what == "out":
        return answer(start_response, [block(int(rest[0]))])
    if what == "in":
        return answer(start_response, [b"%d" % size_of(environ["wsgi.input"])])
    if what == "stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (PIECE for _ in range(16))
    return file(environ, start_response, os.path.join(os.environ["BENCH_DATA"], f"file-{rest[0]}m"))


def answer(start_response, chunks):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(chunks[0])))])
    return chunks


@functools.lru_cache(4)
def block(size):
    return b"x" * size


def size_of(stream):
    size = 0
    while data := stream.read(BLOCK):
        size += len(data)
    return size


def file(environ, start_response, path):
    opened = open(path, "rb")
    size = os.fstat(opened.fileno()).st_size
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(size))])
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(opened, BLOCK) if wrapper else iter(lambda: opened.read(BLOCK), b"")
