"""A worker process: what it does between its fork and its first request, and at its end."""
import gc
import json
import os
import platform
import sys

import dram as public

from . import lifeline, load, output
from .fault import Fault
from .frames import HEADER, TABLE, json_frame
from .leave import leave
from .page import Page
from .worker import Worker

DATA_ROLE, CONTROL_ROLE = 0, 1


def run(config, paths, listener, outputs, files, zygote_lifeline):
    """A worker's life, from right after the fork; does not return."""
    output.take_over(*outputs)
    lifeline_fd = lifeline.arm(config["lifeline"], zygote_lifeline)
    page = Page(files["page"])
    try:
        application, name = prepare(config, paths)
    except Fault as fault:
        data, _, _ = accept_both(listener)
        refuse(data, fault)
    data, control, window = accept_both(listener)
    listener.close()
    worker = Worker(application, config, page, data, control, window, lifeline_fd)
    data.sendall(json_frame("READY", {**python_facts(), "application": name}))
    worker.run()
    leave()


def prepare(config, paths):
    """Loads the application; returns it and its name."""
    os.environ.update(config["env"])
    if config["chdir"]:
        try:
            os.chdir(config["chdir"])
        except OSError as error:
            says = "cannot change to the folder %s: %s" % (config["chdir"], error.strerror)
            raise Fault("CHDIR_FAILED", says) from None
    loaded = load.load(config["app"], config["pythonpath"], paths)
    for function in public.after_fork:
        load.call_factory(function, "the postfork function %s" % getattr(function, "__name__", function))
    gc.collect()
    if hasattr(gc, "freeze"):      # PyPy's has none
        gc.freeze()
    return loaded


def refuse(data, fault):
    facts = {"code": fault.code, "says": fault.says, "hint": fault.hint, "traceback": fault.traceback}
    data.sendall(json_frame("UNREADY", facts))
    leave(SystemExit(1))


def accept_both(listener):
    """Waits for the front's two connections; returns data, control and the window of its HELLO."""
    connections = {}
    while len(connections) < 2:
        connection, _ = listener.accept()
        length, _, role, _, _ = HEADER.unpack(receive_exactly(connection, HEADER.size))
        hello = json.loads(receive_exactly(connection, length))
        if hello["version"] != TABLE["version"]:
            raise RuntimeError("the front speaks another version of the wire: %s" % hello["version"])
        connections[role] = connection, hello
    data, hello = connections[DATA_ROLE]
    return data, connections[CONTROL_ROLE][0], hello["window"]


def receive_exactly(connection, count):
    pieces = []
    while count:
        piece = connection.recv(count)
        if not piece:
            raise ConnectionError("the front hung up before its HELLO was whole")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def python_facts():
    return {
        "pid": os.getpid(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
    }
