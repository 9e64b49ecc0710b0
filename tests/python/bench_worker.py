"""How long a worker's own work takes: `python bench_worker.py [rounds]` prints µs a request, hello application.

The worker serves batches of 32 requests from a socket that isn't one, so no system call counts.
"""
import os
import sys
import tempfile
import time

import support
from _dram import page as pages
from _dram.worker import Worker

BATCH = 32
BROWSER = {
    "HTTP_CONNECTION": "keep-alive",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate",
}


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, world!"]


class Tape:
    """A data connection that brings the same batch again and again."""

    def __init__(self, batch, rounds):
        self.batch = batch
        self.rounds = rounds
        self.sent = 0

    def recv(self, size, flags=0):
        self.rounds -= 1
        return self.batch if self.rounds >= 0 else b""

    def sendall(self, data):
        self.sent += len(data)


def measure(rounds, block, application=hello):
    batch = b"".join(
        support.request_frame(number + 1, target="/some/path?x=%d" % number, block=block, name="0123456789abcdef")
        for number in range(BATCH)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page")
        pages.create(path)
        worker = Worker(application, support.DEFAULT_CONFIG, pages.Page(path), [(Tape(batch, rounds), None)], 262144)
        start = time.perf_counter()
        worker.serve()
        return (time.perf_counter() - start) / (rounds * BATCH) * 1e6


def application_alone(rounds):
    start = time.perf_counter()
    for _ in range(rounds * BATCH):
        hello({}, lambda status, headers: None)
    return (time.perf_counter() - start) / (rounds * BATCH) * 1e6


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    alone = min(application_alone(rounds) for _ in range(3))
    for name, block in (("plain", {}), ("browser", BROWSER)):
        best = min(measure(rounds, block) for _ in range(3))
        print("%s %-8s %.2f µs a request, of which the application %.2f" % (sys.version.split()[0], name, best, alone))
