"""Cases on standard input, one JSON list; what gunicorn makes of each on standard output."""
import json
import os
import sys

from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create


class Socket:
    def send(self, data):
        return len(data)


def answer(case):
    cfg = Config()
    cfg.set("http_parser", "python")
    for name, value in case["settings"].items():
        cfg.set(name, value)
    os.environ["SCRIPT_NAME"] = case["script_name"]
    peer = tuple(case["peer"]) if isinstance(case["peer"], list) else case["peer"]
    try:
        request = next(RequestParser(cfg, iter([case["bytes"].encode("latin-1")]), peer))
        server = "/run/app.sock" if peer == "" else ("127.0.0.1", "8000")
        _, environ = create(request, Socket(), peer, server, cfg)
    except Exception as error:
        return type(error).__name__
    keys = [key for key in environ if key.startswith(("HTTP_", "PROXY_"))]
    keys += ["wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT"]
    found = {key: environ[key] for key in keys}
    found["REMOTE_PORT"] = environ.get("REMOTE_PORT", "")
    return found


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
