"""The dialect in zygote, template and workers: the file is executed once for all workers of a generation."""
import os
import signal
import sys
from _thread import allocate_lock          # bound before a file may patch it

from ... import load
from ...fault import Fault, describe, traceback_of
from ...leave import leave_at_once
from . import conf, logging_config, requests
from .config import Config
from .log import Log
from .server import Server
from .signals import Signals

# So long an overdue request's exception waits for worker_abort; the front kills after twice that.
ABORT_SECONDS = 1


class Extension:
    def __init__(self, options, config, paths):
        folder = os.getcwd()
        sys.path[:] = [folder, *paths]
        found = conf.read(options["conf"], folder) if options["conf"] is not None else conf.Conf(None, {})
        self.cfg = Config(options["values"], found)
        self.log = Log(self.cfg)
        self.enter(config)
        self.paths = list(sys.path)      # with what the file has added
        self.server = Server(self.cfg, logging_config.set_up(self.cfg, self.log), os.getppid(), config["app"])
        self.forking = None              # the worker that is about to be forked
        self.signals = None
        self.worker = None               # the one that this process is
        self.interrupted_once = False
        self.ending = False
        self.overdue = allocate_lock()      # held while worker_abort is asked for, and the worker is to go on

    def enter(self, config):
        """The folder and the variables that the application is to have; hooks count on them."""
        load.enter(config)
        wanted = [os.getcwd(), *map(os.path.abspath, config["pythonpath"])]
        sys.path[:0] = [path for path in wanted if path not in sys.path]

    # Zygote and template

    def speak(self, say):
        self.log.speak(None if say is None else lambda level, text: say("log", level=level, text=text))

    def before_fork(self, number):
        self.forking = self.server.worker(number)
        self.run("pre_fork", self.server, self.forking)

    def forked(self, number, pid):
        worker, self.forking = self.forking or self.server.worker(number), None
        worker.pid = pid
        self.server.WORKERS[pid] = worker

    def worker_ended(self, number, pid, status):
        worker = self.server.WORKERS.pop(pid, None)
        if worker is None:
            return
        worker.alive = False
        self.attempt("child_exit", self.server, worker)

    # Worker

    def begin_worker(self, number):
        self.worker = self.forking or self.server.worker(number)
        self.worker.pid = os.getpid()
        self.run("post_fork", self.server, self.worker)
        self.signals = Signals(
            {
                signal.SIGINT: self.hear_quit,
                signal.SIGQUIT: self.hear_quit,
                signal.SIGTERM: self.hear_term,
                signal.SIGABRT: self.hear_abort,
                signal.SIGUSR1: self.hear_reopen,
            }
        )

    def wrap(self, application):
        self.worker.wsgi = self.worker.app.callable = application
        self.run("post_worker_init", self.worker)
        return requests.wrap(application, self.worker, self.cfg, self.log)

    def attach(self, worker):
        self.worker.serving = worker
        self.worker.booted = True
        worker.control.others[self.signals.watch(worker.signalled)] = self.signals

    def let_go_in_child(self):
        self.signals.let_go_in_child()

    def end_worker(self):
        if self.worker is None or self.ending:
            return
        self.ending = True
        self.worker.alive = False
        self.attempt("worker_exit", self.server, self.worker)

    # Hooks

    def run(self, name, *arguments):
        """Calls a hook whose failure keeps a worker from being. Raises Fault."""
        try:
            getattr(self.cfg, name)(*arguments)
        except BaseException as error:
            fault = Fault("HOOK_FAILED", "the hook %s failed: %s" % (name, describe(error)))
            fault.traceback = traceback_of(error)
            raise fault from None

    def attempt(self, name, *arguments):
        """Calls a hook whose failure is only told."""
        try:
            getattr(self.cfg, name)(*arguments)
        except BaseException:
            self.log.failed(name)

    # Signals

    def hear_quit(self):
        self.worker.alive = False
        if not self.interrupted_once:
            self.interrupted_once = True
            self.attempt("worker_int", self.worker)
        self.leave_if_told(True)

    def hear_term(self):
        self.worker.alive = False
        self.leave_if_told(False)

    def hear_reopen(self):
        self.server.log.reopen_files()

    def hear_abort(self):
        if self.overdue.locked():
            self.abort()
            self.let_overdue_go()
            return
        if self.ending:
            return
        self.abort()
        self.end_worker()
        leave_at_once(1)

    def interrupted(self):
        """A request is overdue: worker_abort is called in the main thread, above what that runs, as a signal's handler.

        Called by the thread that will raise an exception in the request's own, which must not come amid the hook.
        """
        if not self.cfg.has("worker_abort") or self.worker.aborted:
            return
        self.overdue.acquire(False)
        signal.pthread_kill(self.worker.serving.signalled, signal.SIGABRT)
        if self.overdue.acquire(True, ABORT_SECONDS):
            self.let_overdue_go()
        # Else the main thread is stuck in C, and the handler still to come.

    def let_overdue_go(self):
        try:
            self.overdue.release()
        except RuntimeError:
            pass      # an operator's ABRT came in between, and has done it

    def leave_if_told(self, fast):
        """Whoever signals the whole group means the front: it stops us in its own time, or replaces us."""
        if self.worker.serving is None or self.ending:
            return
        if fast and self.worker.serving.may_leave():
            self.end_worker()
            leave_at_once(0)
        try:
            self.worker.serving.ask_to_leave(fast)
        except OSError:
            pass      # the front has hung up, and we end

    def abort(self):
        self.worker.alive = False
        self.worker.aborted = True
        self.attempt("worker_abort", self.worker)
