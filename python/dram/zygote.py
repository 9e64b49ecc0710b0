"""The zygote: forks workers on the supervisor's command and reports how each one ended. It never serves.

A generation has one that stays clean and, where the application may be shared, a template that is
one as well, with the application loaded (generation.py).
"""
import json
import os
import signal
import socket
import sys
import time
import warnings

# Bound early: an application in a template may patch them.
from os import fork as fork_process
from os import waitpid
from select import POLLIN, poll
from signal import getsignal
from signal import signal as set_handler

from . import extension, fault, lifeline, output, place, prctl, process, procfs, title
from .fault import Fault

# What Ctrl-C, a terminal or a service manager may send to the whole group, and would end or stop us.
GROUP_SIGNALS = [getattr(signal, "SIG" + name) for name in "INT TERM HUP QUIT USR1 USR2 TTIN TTOU".split()]
UNREAD_OUTPUT_SECONDS = 5
UNREAD_OUTPUT_CHECK_MS = 20


def ignore(number, frame):
    """A handler, not SIG_IGN, which the application's children would inherit."""


def quiet_signals(numbers):
    """Makes signals do nothing; returns the handlers they had, but for those that are quiet already."""
    had = {number: getsignal(number) for number in numbers}
    for number in numbers:
        if had[number] is not ignore:
            set_handler(number, ignore)
    return {number: handler for number, handler in had.items() if handler is not None and handler is not ignore}


def fork():
    with warnings.catch_warnings():
        # From Python 3.12 on it warns a process with threads: the audit has said so, in a better place.
        warnings.simplefilter("ignore")
        return fork_process()


class Zygote:
    def __init__(self, supervisor, live, config=None, lifeline=None, afterwards=None, paths=(), be_warm=None, adopts=True):
        self.supervisor = supervisor
        self.live = live              # what a worker does: live(config, its place, our lifeline); never returns
        self.config = config
        self.lifeline = lifeline
        self.afterwards = afterwards  # called once the first fork is done and told
        self.paths = paths            # sys.path as the application is to see it, but for its own folder
        self.be_warm = be_warm        # be_warm(self, command): another life, where that is asked for; never returns
        self.no_workers = set()       # numbers of candidates that became templates, and of those that nobody wanted
        self.workers = {}             # pid → (number, descriptors kept open for it)
        self.ended = []               # (number, pid, status) of those whose end is to be reported
        self.inherited = {}           # pid → number, of workers whose template has ended
        self.unread = {}              # descriptor of a dead worker's output → when to give up, monotonic seconds
        self.handlers = quiet_signals((*GROUP_SIGNALS, signal.SIGCHLD))      # what a worker must have again
        self.wake, self.waker = socket.socketpair()
        for end in (self.wake, self.waker):
            end.setblocking(False)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        self.adopts = adopts          # is to take what its templates leave …
        self.is_heir = False          # … and does
        prctl.stay_dumpable()
        prctl.be_punctual()           # so are its workers

    def say(self, event, **facts):
        try:
            self.supervisor.sendall((json.dumps({"event": event, **facts}) + "\n").encode())
        except ConnectionError:
            pass      # the supervisor is gone: the next read says so

    def run(self):
        """Obeys until told to stop, or until the supervisor is gone; then ends its workers."""
        try:
            self.obey_all()
        finally:
            self.end_workers()

    def obey_all(self):
        held = b""
        poller = poll()
        poller.register(self.supervisor, POLLIN)
        poller.register(self.wake, POLLIN)
        while True:
            poller.poll(UNREAD_OUTPUT_CHECK_MS if self.unread else None)
            self.close_read_outputs()
            self.reap()
            received = self.receive(poller)
            if received == b"":
                return
            *lines, held = (held + (received or b"")).split(b"\n")
            for line in lines:
                if not self.obey(read_command(line)):
                    return
            # Only now: that a candidate was no worker was said before it could end.
            self.report()

    def receive(self, poller):
        """What the supervisor has sent, None if nothing, empty at its end."""
        # Asked first: a socket that gevent has patched waits where MSG_DONTWAIT would not.
        if all(descriptor != self.supervisor.fileno() for descriptor, _ in poller.poll(0)):
            return None
        try:
            return self.supervisor.recv(65536)
        except ConnectionError:
            return b""

    def obey(self, command):
        """Carries out one command; False if it was the last."""
        name = command.get("cmd")
        if name == "configure" and self.config is None:
            self.configure(command)
        elif name == "warm" and self.config is None and self.be_warm is not None:
            self.be_warm(self, command)
        elif name == "lifeline" and self.lifeline is None:
            self.lifeline = lifeline.arm(self.config["lifeline"])
        elif name == "fork":
            self.fork(command["worker"], bool(command.get("candidate")))
        elif name in ("preloaded", "dismissed"):
            self.no_workers.add(command["worker"])
        elif name == "inherit":
            self.inherit(command["worker"], command["pid"])
        elif name == "kill":
            self.kill(command["pid"], command["signal"])
        return name != "stop"

    def configure(self, config):
        self.config = {"title": "dram", "fronts": 1, "greenlets": 0, **config}
        title.set_title(self.config["title"], "zygote")
        lifeline.create(config["lifeline"])
        if config.get("umask") is not None:
            os.umask(config["umask"])
        if config.get("reports") is not None:
            from .report import Reporter

            fault.reporter = Reporter(config["reports"]["secretNames"])
        if self.extend():
            self.say("ready", **process.python_facts())

    def extend(self):
        """Loads the extension, where there is one; whether that went well."""
        try:
            self.config["extension"] = extension.load(self.config, self.paths)
        except Fault as fault:
            self.say("failed", **fault.facts())
            return False
        self.speak()
        return True

    @property
    def extension(self):
        return self.config["extension"]

    def speak(self):
        if self.extension is not None:
            self.extension.speak(self.say)

    def kill(self, pid, number):
        """Only what it has forked, and has not reaped: another process may have the pid by now."""
        if pid in self.workers:
            try:
                os.kill(pid, number)
            except OSError as error:
                print("cannot send signal %d to process %d: %s" % (number, pid, error), file=sys.stderr, flush=True)

    # Births

    def fork(self, number, is_candidate):
        made = None
        try:
            if self.extension is not None and not is_candidate:
                self.extension.before_fork(number)
            output.flush()      # or else the child would say it again
            made = place.make(self.config["folder"], number, is_candidate, self.config["fronts"])
            pid = fork()
        except OSError as error:
            if made is not None:
                made.abandon()
            self.say("failed", worker=number, code="FORK_FAILED", says="cannot fork worker %d: %s" % (number, error))
            return
        except Fault as fault:
            self.say("failed", worker=number, **fault.facts())
            return
        if pid == 0:
            self.become_worker(made)
        made.close_listeners()
        if self.extension is not None:
            self.extension.forked(number, pid)
        # Kept beyond the worker's end, so that its last words aren't lost if it ends at once.
        self.workers[pid] = (number, made.outputs)
        self.say("forked", worker=number, pid=pid, **made.files)
        self.settle_down()

    def settle_down(self):
        """What is done while a first worker loads the application."""
        if self.adopts:
            self.adopts = False
            self.is_heir = prctl.become_subreaper()
        afterwards, self.afterwards = self.afterwards, None
        if afterwards is not None:
            afterwards()

    def become_worker(self, made):
        def live():
            if self.extension is not None:
                self.extension.speak(None)
            self.live(self.config, made, self.lifeline)

        self.become(live, 1)

    def become(self, live, code):
        """The child's side of a fork; never returns. `code`: the exit code, if `live` does."""
        try:
            signal.set_wakeup_fd(-1)
            for number, handler in self.handlers.items():
                set_handler(number, handler)
            self.close_all()
            live()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            output.flush()
            os._exit(code)

    def close_all(self):
        """In the child: lets go of everything that is the zygote's, but for its lifeline."""
        self.supervisor.close()
        self.wake.close()
        self.waker.close()
        for _, descriptors in self.workers.values():
            for descriptor in descriptors:
                os.close(descriptor)
        for descriptor in self.unread:
            os.close(descriptor)

    # Ends

    def reap(self):
        """Takes leave of the workers that have ended. What else it reaps are orphans of the application's."""
        try:
            self.wake.recv(4096)
        except BlockingIOError:
            pass
        self.wait(os.WNOHANG)

    def wait(self, options):
        try:
            pid, status = waitpid(-1, options)
            while pid:
                if pid in self.workers:
                    self.part(pid, status)
                elif pid in self.inherited:
                    self.bury(pid, status)
                if not self.workers:
                    options = os.WNOHANG
                pid, status = waitpid(-1, options)
        except ChildProcessError:
            pass

    def part(self, pid, status):
        number, descriptors = self.workers.pop(pid)
        expiry = time.monotonic() + UNREAD_OUTPUT_SECONDS
        self.unread.update(dict.fromkeys(descriptors, expiry))
        self.close_read_outputs()
        self.ended.append((number, pid, status))

    def report(self):
        ended, self.ended = self.ended, []
        for number, pid, status in ended:
            if self.extension is not None and number not in self.no_workers:
                # Before the front is told: with the last worker of a generation, it ends its zygote.
                self.extension.worker_ended(number, pid, status)
            killed = os.WIFSIGNALED(status)
            self.say(
                "exited",
                worker=number,
                pid=pid,
                code=None if killed else os.WEXITSTATUS(status),
                signal=os.WTERMSIG(status) if killed else None,
            )

    def inherit(self, number, pid):
        """A worker whose template has ended. The front sees its end by itself; only the extension is told."""
        if self.extension is None or not self.is_heir:
            return
        self.extension.forked(number, pid)
        self.inherited[pid] = number
        try:
            ended, status = waitpid(pid, os.WNOHANG)
            if ended:
                self.bury(pid, status)
        except ChildProcessError:
            self.bury(pid, None)      # reaped before we knew whose it was

    def bury(self, pid, status):
        self.extension.worker_ended(self.inherited.pop(pid), pid, status)

    def close_read_outputs(self):
        """Closes dead workers' outputs once they were read: what came before the front had opened them stays."""
        now = time.monotonic()
        for descriptor, expiry in list(self.unread.items()):
            if now >= expiry or not output.unread_bytes(descriptor):
                os.close(descriptor)
                del self.unread[descriptor]

    def end_workers(self):
        for pid in list(self.workers):
            self.kill(pid, signal.SIGKILL)
        if self.workers:
            self.wait(0)
        self.end_inherited()
        self.wait(os.WNOHANG)
        self.report()

    def end_inherited(self):
        """Ends the workers of a template that has ended: they are ours now, and told by their lifeline."""
        try:
            children = procfs.children(os.getpid())
        except OSError:
            return
        for pid in children:
            if self.config is not None and is_ours(pid, self.config["lifeline"]):
                os.kill(pid, signal.SIGKILL)
                if pid in self.inherited:
                    self.bury(*waitpid(pid, 0))


def is_ours(pid, lifeline_path):
    try:
        return lifeline_path in procfs.descriptors(pid).values()
    except OSError:
        return False


def read_command(line):
    """One line of the supervisor's; empty if it is none."""
    try:
        command = json.loads(line)
    except ValueError:
        command = None
    if not isinstance(command, dict):
        print("not a command: %r" % line, file=sys.stderr, flush=True)
        return {}
    return command
