"""`server` and `worker`: what hooks are given of Gunicorn's Arbiter and Worker."""
import os
import signal
import sys
import time


class Listener:
    """One of `server.LISTENERS`: which address it is. The sockets are the front's."""

    def __init__(self, address, is_ssl):
        self.cfg_addr = address
        self.is_ssl = bool(is_ssl)

    def getsockname(self):
        return self.cfg_addr

    def __str__(self):
        address = self.cfg_addr
        if isinstance(address, str):
            return "unix:" + address
        if isinstance(address, int):
            return "fd://%d" % address
        scheme = "https" if self.is_ssl else "http"
        return "%s://%s:%d" % (scheme, "[%s]" % address[0] if ":" in address[0] else address[0], address[1])


class App:
    """`server.app`, `worker.app`."""

    def __init__(self, cfg, uri):
        self.cfg = cfg
        self.app_uri = uri
        self.callable = None

    def wsgi(self):
        """None where the application isn't loaded: it never is in zygote and keeper."""
        return self.callable

    def __str__(self):
        return str(self.app_uri)


class Server:
    """The Arbiter, as far as there is one: `pid` is the front's, which is whom operators send signals."""

    master_name = "Master"
    master_pid = 0
    reexec_pid = 0
    pidfile = None
    systemd = False

    def __init__(self, cfg, log, pid, app_uri):
        self.log = log
        self.pid = pid
        self.app = App(cfg, app_uri)
        self.WORKERS = {}
        self.worker_age = 0
        self.START_CTX = {"args": [sys.executable, *sys.argv], "cwd": os.getcwd(), 0: sys.executable}
        self.setup(cfg)

    def setup(self, cfg):
        """At the start, and after a reload."""
        self.cfg = self.app.cfg = cfg
        self.num_workers = cfg.own("workers", 1)
        self.address = cfg.address
        self.LISTENERS = [Listener(address, cfg.is_ssl) for address in self.address]
        self.timeout = cfg.own("timeout", 30)
        self.proc_name = cfg.proc_name

    @property
    def worker_class(self):
        return self.cfg.worker_class

    def worker(self, number):
        """A worker that isn't forked yet."""
        self.worker_age = number
        return Worker(number, self.pid, self.LISTENERS, self.app, self.timeout, self.cfg, self.log)

    def kill_worker(self, pid, number):
        os.kill(pid, number)

    def kill_workers(self, number):
        for pid in list(self.WORKERS):
            self.kill_worker(pid, number)

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)


class Heartbeat:
    """`worker.tmp`. A worker's health is known otherwise."""

    def __init__(self):
        self.born = time.monotonic()

    def notify(self):
        pass

    def last_update(self):
        return time.monotonic()

    def close(self):
        pass


class Worker:
    """`serving`: the runtime's worker (worker.py) once there is one, None elsewhere."""

    serving = None
    counted = None        # requests, where a hook of theirs counts them

    def __init__(self, age, ppid, sockets, app, timeout, cfg, log):
        self.age = age
        self.pid = "[booting]"
        self.ppid = ppid
        self.sockets = sockets
        self.app = app
        self.timeout = timeout
        self.cfg = cfg
        self.log = log
        self.booted = False
        self.aborted = False
        self.alive = True
        self.reloader = None
        self.wsgi = None
        self.tmp = Heartbeat()
        self.max_requests = cfg.own("max_requests", 0) or sys.maxsize

    @property
    def nr(self):
        """Requests it has begun."""
        if self.counted is not None:
            return self.counted
        return 0 if self.serving is None else self.serving.entered()

    def notify(self):
        self.tmp.notify()

    def __str__(self):
        return "<Worker %s>" % self.pid
