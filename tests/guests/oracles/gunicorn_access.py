"""Cases on standard input, one JSON list; the line of gunicorn's access log for each on standard output."""
import datetime
import json
import logging
import sys
import time
import types

from gunicorn import glogging
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create


class Socket:
    def send(self, data):
        return len(data)


class Lines(logging.Handler):
    def emit(self, record):
        lines.append(self.format(record))


lines = []


def answer(case):
    cfg = Config()
    cfg.set("http_parser", "python")
    cfg.set("accesslog", "/dev/null")
    cfg.set("access_log_format", case["format"])
    logger = glogging.Logger(cfg)
    logger.access_log.handlers[:] = [Lines()]
    glogging.time = types.SimpleNamespace(
        strftime=lambda form: time.strftime(form, time.localtime(case["wallMs"] / 1000))
    )
    peer = tuple(case["peer"]) if isinstance(case["peer"], list) else case["peer"]
    request = next(RequestParser(cfg, iter([case["bytes"].encode("latin-1")]), peer))
    _, environ = create(request, Socket(), peer, ("127.0.0.1", "8000"), cfg)
    response = types.SimpleNamespace(
        status=case["status"], sent=case["sent"], headers=[tuple(pair) for pair in case["headers"]]
    )
    logger.access(response, request, environ, datetime.timedelta(microseconds=case["micros"]))
    return lines.pop() if lines else None


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
