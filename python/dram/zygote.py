"""The zygote: forks workers on the supervisor's command and reports how each one ended. It never serves."""
import json
import os
import select
import signal
import socket
import sys
import time

from . import lifeline, output, page, process

QUIET_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
BACKLOG = 8
UNREAD_OUTPUT_SECONDS = 5
UNREAD_OUTPUT_CHECK_MS = 20


def ignore(number, frame):
    """A handler, not SIG_IGN, which the application's children would inherit."""


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o077)
    try:
        listener.bind(path)
    finally:
        os.umask(mask)
    listener.listen(BACKLOG)
    return listener


class Zygote:
    def __init__(self, supervisor, paths):
        self.supervisor = supervisor
        self.paths = paths            # sys.path as the application is to see it, but for its own folder
        self.config = None
        self.lifeline = None
        self.workers = {}             # pid → (number, descriptors kept open for it)
        self.unread = {}              # descriptor of a dead worker's output → when to give up, monotonic seconds
        self.wake, self.waker = socket.socketpair()
        for end in (self.wake, self.waker):
            end.setblocking(False)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)

    def say(self, event, **facts):
        try:
            self.supervisor.sendall((json.dumps({"event": event, **facts}) + "\n").encode())
        except ConnectionError:
            pass      # the supervisor is gone: the next read says so

    def run(self):
        """Obeys until told to stop, or until the supervisor is gone."""
        held = b""
        poll = select.poll()
        poll.register(self.supervisor, select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            poll.poll(UNREAD_OUTPUT_CHECK_MS if self.unread else None)
            self.close_read_outputs()
            self.reap()
            received = self.receive()
            if received is None:
                continue
            if not received:
                return
            *lines, held = (held + received).split(b"\n")
            for line in lines:
                if not self.obey(json.loads(line)):
                    return

    def receive(self):
        """What the supervisor has sent, None if nothing, empty at its end."""
        try:
            return self.supervisor.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except ConnectionError:
            return b""

    def obey(self, command):
        """Carries out one command; False if it was the last."""
        name = command["cmd"]
        if name == "configure":
            self.config = command
            lifeline.create(command["lifeline"])
            self.say("ready", **process.python_facts())
        elif name == "lifeline":
            self.lifeline = lifeline.arm(self.config["lifeline"])
        elif name == "fork":
            self.fork(command["worker"])
        elif name == "kill" and command["pid"] in self.workers:
            os.kill(command["pid"], command["signal"])
        return name != "stop"

    def fork(self, number):
        base = os.path.join(self.config["folder"], "w%d" % number)
        paths = {"socket": base + ".sock", "out": base + ".out", "err": base + ".err", "page": base + ".page"}
        try:
            listener, outputs = self.prepare(paths)
            pid = os.fork()
        except OSError as error:
            self.say("failed", worker=number, code="FORK_FAILED", says="cannot fork worker %d: %s" % (number, error))
            return
        if pid == 0:
            self.become_worker(listener, outputs, paths)
        listener.close()
        # Kept beyond the worker's end, so that its last words aren't lost if it ends at once.
        self.workers[pid] = (number, outputs)
        self.say("forked", worker=number, pid=pid, **paths)

    def prepare(self, paths):
        """Makes the files of a new worker; returns its listening socket and the descriptors of its output."""
        for path in paths.values():
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
        page.create(paths["page"])
        listener = listen(paths["socket"])
        for name in ("out", "err"):
            os.mkfifo(paths[name], 0o600)
        return listener, [output.open_both_ways(paths[name]) for name in ("out", "err")]

    def become_worker(self, listener, outputs, paths):
        """The child's side of the fork; never returns."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.close_all()
            process.run(self.config, self.paths, listener, outputs, paths, self.lifeline)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            output.flush()
            os._exit(1)

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

    def reap(self, block=False):
        try:
            self.wake.recv(4096)
        except BlockingIOError:
            pass
        while self.workers:
            pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
            if pid == 0:
                break
            self.report(pid, status)

    def report(self, pid, status):
        number, descriptors = self.workers.pop(pid)
        expiry = time.monotonic() + UNREAD_OUTPUT_SECONDS
        self.unread.update(dict.fromkeys(descriptors, expiry))
        self.close_read_outputs()
        killed = os.WIFSIGNALED(status)
        self.say(
            "exited",
            worker=number,
            pid=pid,
            code=None if killed else os.WEXITSTATUS(status),
            signal=os.WTERMSIG(status) if killed else None,
        )

    def close_read_outputs(self):
        """Closes dead workers' outputs once they were read: what came before the front had opened them stays."""
        now = time.monotonic()
        for descriptor, expiry in list(self.unread.items()):
            if now >= expiry or not output.unread_bytes(descriptor):
                os.close(descriptor)
                del self.unread[descriptor]

    def end_workers(self):
        for pid in list(self.workers):
            os.kill(pid, signal.SIGKILL)
        self.reap(block=True)


def run(descriptor, paths):
    """The zygote's life, on the supervisor's socket; does not return."""
    for number in QUIET_SIGNALS:
        signal.signal(number, ignore)
    signal.signal(signal.SIGCHLD, ignore)
    os.set_inheritable(descriptor, False)
    zygote = Zygote(socket.socket(fileno=descriptor), paths)
    try:
        zygote.run()
    finally:
        zygote.end_workers()
    sys.exit(0)
