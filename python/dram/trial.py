"""One package's import, tried in a process of its own: may it be shared by what is forked later?"""
import _locale
import builtins
import json
import os
import signal
import socket
import sys
import threading
import time
from select import POLLIN, poll

from . import lifeline, output, procfs
from .audit import Audit
from .fault import describe
from .stash import PATCHING, file_of, hooks, is_installed, is_standard

PATIENCE_SECONDS = 20


def run(name, fork, lifeline_path, before, outside):
    """What was found: {"why": …, "reads": [names of variables] or null, "natives": [paths]}.

    `why`: why it may not, null if it may. `before` is our lifeline; `outside`: names that the application's own
    folders have.
    """
    reader, writer = os.pipe()
    pid = fork()
    if pid == 0:
        report = {"why": "its trial has failed"}
        try:
            os.close(reader)
            lifeline.arm(lifeline_path, before)
            report = examine(name, outside)
        except BaseException as error:
            report = {"why": describe(error)}
        finally:
            end_children()
            os.write(writer, (json.dumps(report) + "\n").encode())
            os._exit(0)      # nothing of the package's runs here any more
    os.close(writer)
    try:
        return read(reader) or {"why": "its import ends the process, or takes too long"}
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def read(reader):
    """A line, None if none comes in time. A child of the package's may hold the other end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    poller = poll()
    poller.register(reader, POLLIN)
    line = b""
    while not line.endswith(b"\n"):
        if not poller.poll(max(0, (deadline - time.monotonic()) * 1000)):
            return None
        received = os.read(reader, 65536)
        if not received:
            return None
        line += received
    return json.loads(line)


def end_children():
    try:
        for pid in procfs.children(os.getpid()):
            os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def examine(name, outside):
    """Imports it here, and looks at what that has done."""
    said = catch_output()
    import logging      # only here: the process that forks is to have what its packages bring along
    import random

    old = dict(sys.modules)
    state = State(random, logging.root)
    audit = Audit()
    reads = observe_environ()
    try:
        __import__(name)
    except BaseException as error:
        return {"why": "its import fails alone: %s" % describe(error)}
    read = reads()
    why = next(reasons(name, old, state, audit, said, outside), None)
    return {"why": why, "reads": read, "natives": natives(old)}


def reasons(name, old, state, audit, said, outside):
    new = {name: module for name, module in sys.modules.items() if name not in old}
    if name not in new:
        yield "it puts itself elsewhere"
    for one, module in new.items():
        top = one.partition(".")[0]
        if top in PATCHING:
            yield "it imports %s, which changes what is imported after it" % top
        if top in outside:
            yield "the application has a module of the name %s, too" % top
        file = file_of(module)
        if file is not None and not is_installed(file) and not is_standard(one, module):
            yield "it imports %s, which isn't installed but edited" % one
    yield from state.changes()
    output.flush()
    if os.fstat(said).st_size:
        yield "it prints when it is imported"
    yield from audit.findings()


class State:
    """What belongs to the whole process: workers are given it anew, or would all have it alike, or the application may
    have set it before the import."""

    def __init__(self, random, logger):
        self.random = random
        self.logger = logger
        self.before = self.now()

    def now(self):
        mask = os.umask(0o077)
        os.umask(mask)
        return {
            "os.environ": dict(os.environ),
            "the working folder": os.getcwd(),
            "the umask": mask,
            "sys.path": list(sys.path),
            "sys.argv": list(sys.argv),
            "sys.stdout or sys.stderr": (id(sys.stdout), id(sys.stderr)),
            "Python's hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook),
            "Python's builtins": dict(vars(builtins)),
            "how modules are found": hooks(),
            "the recursion limit": sys.getrecursionlimit(),
            "the locale": _locale.setlocale(_locale.LC_ALL, None),
            "the timeout of sockets": socket.getdefaulttimeout(),
            "logging's root": (self.logger.level, list(self.logger.handlers)),
            "the state of the module random": self.random.getstate(),
        }

    def changes(self):
        now = self.now()
        for what, value in self.before.items():
            if now[what] != value:
                yield "it changes %s" % what


def catch_output():
    """Where all goes that is printed from now on, by whatever means."""
    said = os.memfd_create("said") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_WRONLY)
    output.flush()
    os.dup2(said, 1)
    os.dup2(said, 2)
    return said


def observe_environ():
    """From now on it is written down which variables Python's code reads. Returns how to ask; None: perhaps all."""
    try:
        seen = os.environ._data = Reads(os.environ._data)
    except AttributeError:      # not as CPython and PyPy have it
        return lambda: None
    return lambda: None if seen.all else sorted(os.fsdecode(name) for name in seen.names)


class Reads(dict):
    def __init__(self, values):
        super().__init__(values)
        self.names = set()
        self.all = False

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self.names.add(name)
        return super().__contains__(name)

    def __iter__(self):
        self.all = True
        return super().__iter__()


def natives(old):
    """Files of installed native code that the new modules brought into memory, their libraries among them."""
    new = [file_of(module) or "" for name, module in sys.modules.items() if name not in old]
    if not any(is_installed(file) and not file.endswith((".py", ".pyc")) for file in new):
        return []
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        paths = {line.split(None, 5)[5].rstrip("\n") for line in maps if line.count("/") > 1}
    return sorted(path for path in paths if is_installed(path))
