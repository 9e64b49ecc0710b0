"""The scribe: writes what the front has to log by the loggers of Python's logging, in the keeper.

The front sends a line of JSON for each record (house/scribe.ts) over a socket of its own, and never waits: a handler that
is slow costs records, which the front counts. A thread of its own writes them, so hooks don't wait either.
"""
import _thread
import base64
import json
import logging
import os
import socket
import threading
import time
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import unquote_to_bytes

from ... import fault
from . import logging_config

RECORDS_FD = 4
LAST_RECORDS_SECONDS = 0.8      # the front gives up a little later


class Speaker(threading.local):
    """Whose record a thread is writing: the keeper's own where pid is None."""

    pid = None
    created = 0.0


class Scribe:
    def __init__(self):
        self.logger = None
        self.speaker = Speaker()
        self.done = _thread.allocate_lock()      # held while there may be more to write

    def set_up(self, cfg, folder):
        """At the start, and again at each reload; files are named from `folder`. Raises Fault."""
        before = os.getcwd()
        os.chdir(folder)
        try:
            logger = self.make_logger(cfg)
        finally:
            os.chdir(before)
        if self.logger is None:
            os.set_inheritable(RECORDS_FD, False)
            self.sign_records()
            self.done.acquire()
            _thread.start_new_thread(self.write_all, ())
        self.logger = logger

    def make_logger(self, cfg):
        maker = logging_config.class_of(cfg)
        if maker is not None:
            return logging_config.make(maker, cfg)
        logging_config.set_usual_handlers(cfg)
        logging_config.apply(cfg)
        return Plain(cfg)

    def sign_records(self):
        """Records have the pid and the time of whom they tell of."""
        made, speaker = logging.getLogRecordFactory(), self.speaker

        def make(*arguments, **keywords):
            record = made(*arguments, **keywords)
            if speaker.pid is not None:
                record.process = speaker.pid
                record.created = speaker.created
                record.msecs = int((speaker.created - int(speaker.created)) * 1000) + 0.0
            return record

        logging.setLogRecordFactory(make)

    def write_all(self):
        try:
            with socket.socket(fileno=RECORDS_FD) as front, front.makefile("rb") as lines:
                for line in lines:
                    self.write(json.loads(line))
        except (OSError, ValueError):
            pass      # the front has ended in haste
        finally:
            self.done.release()

    def write(self, told):
        speaker = self.speaker
        speaker.created = told["wallMs"] / 1000
        try:
            if "level" in told:
                speaker.pid = told["pid"]
                getattr(self.logger, told["level"])(told["text"])
            elif told["method"] is not None:      # else the bytes were no request
                speaker.pid = told["workerPid"]
                self.logger.access(*exchange(told))
        except Exception as error:
            # A handler's own errors don't come here; this is a class of the user's that fails.
            speaker.pid = None
            self.logger.error(fault.traceback_of(error))
        finally:
            speaker.pid = None

    def close(self):
        if self.logger is not None:
            self.done.acquire(True, LAST_RECORDS_SECONDS)
            logging.shutdown()


def exchange(told):
    """(resp, req, environ, request_time), with what Gunicorn's have of it."""
    path, _, query = told["target"].partition("?")
    parts = told["block"].split("\0")
    environ = dict(zip(parts[::2], parts[1::2]))
    environ["REQUEST_METHOD"] = told["method"]
    environ["RAW_URI"] = told["target"]
    environ["SERVER_PROTOCOL"] = told["protocol"]
    environ["PATH_INFO"] = unquote_to_bytes(told["path"]).decode("latin-1")
    environ["QUERY_STRING"] = query
    environ["REMOTE_ADDR"] = told["address"]
    if told["port"]:
        environ["REMOTE_PORT"] = told["port"]
    environ["dram.request_id"] = told["requestId"]
    lines = told["answerLines"].split("\r\n")
    headers = [(name, value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon]
    response = SimpleNamespace(
        status=str(told["status"]),
        status_code=told["status"],
        sent=told["bodyBytes"],
        headers=headers,
        pid=told["workerPid"],
        ended=told["wallMs"] / 1000,
    )
    fields = [(name.upper(), value) for name, value in told["fields"]]
    request = SimpleNamespace(
        method=told["method"],
        uri=told["target"],
        path=path,
        query=query,
        fragment="",
        headers=fields,
        version=(1, int(told["protocol"][-1])),
        scheme=environ.get("wsgi.url_scheme", "http"),
        remote_addr=(told["address"], int(told["port"] or 0)),
    )
    return response, request, environ, timedelta(microseconds=told["tookMicros"])


class Atoms(dict):
    """What a format may name; what there isn't is a hyphen. Those in braces in any case."""

    def __missing__(self, name):
        lower = name.lower()
        return self[lower] if name.startswith("{") and lower in self and lower != name else "-"


class Plain:
    """Where no class of the user's is: the two loggers alone."""

    def __init__(self, cfg, error="gunicorn.error", access="gunicorn.access"):
        self.cfg = cfg
        self.error_log = logging.getLogger(error)
        self.access_log = logging.getLogger(access)
        for level in ("critical", "error", "warning", "info", "debug"):
            setattr(self, level, getattr(self.error_log, level))

    def reopen_files(self):
        logging_config.reopen_files()

    def access(self, resp, req, environ, request_time):
        if self.access_log.isEnabledFor(logging.INFO):
            found = atoms(resp, req, environ, request_time)
            safe = {name: value.replace('"', '\\"') if isinstance(value, str) else value for name, value in found.items()}
            self.access_log.info(self.cfg.access_log_format, Atoms(safe))


def atoms(resp, req, environ, took):
    micros = took // timedelta(microseconds=1)
    found = {
        "h": environ.get("REMOTE_ADDR", "-"),
        "l": "-",
        "u": user_of(environ.get("HTTP_AUTHORIZATION", "")) or "-",
        "t": time.strftime("[%d/%b/%Y:%H:%M:%S %z]", time.localtime(resp.ended)),
        "r": "%s %s %s" % (environ["REQUEST_METHOD"], environ["RAW_URI"], environ["SERVER_PROTOCOL"]),
        "s": resp.status,
        "m": environ["REQUEST_METHOD"],
        "U": environ["PATH_INFO"],
        "q": environ["QUERY_STRING"],
        "H": environ["SERVER_PROTOCOL"],
        "b": str(resp.sent),
        "B": resp.sent,
        "f": environ.get("HTTP_REFERER", "-"),
        "a": environ.get("HTTP_USER_AGENT", "-"),
        "T": micros // 1000000,
        "D": micros,
        "M": micros // 1000,
        "L": "%d.%06d" % divmod(micros, 1000000),
        "p": "<%d>" % resp.pid,
        "id": environ["dram.request_id"],
    }
    found.update(("{%s}i" % name.lower(), value) for name, value in req.headers)
    found.update(("{%s}o" % name.lower(), value) for name, value in resp.headers)
    found.update(("{%s}e" % name.lower(), value) for name, value in environ.items())
    return found


def user_of(authorization):
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials.strip()).split(b":", 1)[0].decode()
    except ValueError:
        return None
