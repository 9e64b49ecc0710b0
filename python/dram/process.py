"""A worker process: what it does between its fork and its first request, and at its end."""
import gc
import json
import os
import sys
from socket import SO_SNDBUF, SOL_SOCKET, socket          # bound before an application may patch it

import dram as public

from . import lifeline, load, output, prctl, stacks, title
from .fault import Fault, describe
from .frames import HEADER, TABLE, json_frame
from .leave import leave
from .page import Page
from .worker import Worker

DATA_ROLE, CONTROL_ROLE = 0, 1
# The kernel keeps twice as much, or as net.core.wmem_max allows: with its usual 208 KiB a MiB of answer leaves in six
# parts, each of which costs a turn of the front's loop and a switch here (bench/anatomy.md).
SEND_BUFFER_BYTES = 512 * 1024
IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}      # as the module platform says it, which is slow to import


def load_and_serve(config, paths, place, before):
    """The life of a worker that a clean zygote forked, from right after the fork; does not return."""
    lifeline_fd = settle(config, place, before)
    output.renew_streams()
    begin_extension(config, place)
    loaded = load_or_refuse(config, paths, place, is_candidate=False)
    run_postfork_functions(place)
    freeze()
    serve(config, place, lifeline_fd, loaded)


def serve_loaded(config, place, before, loaded):
    """The life of a worker that a template forked, with the application in it; does not return."""
    lifeline_fd = settle(config, place, before)
    reseed_numpy()
    renew_gevent()
    begin_extension(config, place)
    patch(config)
    run_postfork_functions(place)
    serve(config, place, lifeline_fd, loaded)


def settle(config, place, before):
    """What makes a forked process a worker of its own; returns its lifeline. `before` is its parent's."""
    output.take_over(*place.outputs)
    lifeline_fd = lifeline.arm(config["lifeline"], before)
    prctl.stay_dumpable()
    stacks.arm_dump(place.files["stack"])
    title.set_title(config["title"], "worker %d" % place.number)
    return lifeline_fd


def begin_extension(config, place):
    extension = config["extension"]
    if extension is not None:
        try:
            extension.begin_worker(place.number)
        except Fault as fault:
            refuse(place, fault, extension)


def load_or_refuse(config, paths, place, is_candidate):
    try:
        return load_application(config, paths, is_candidate)
    except Fault as fault:
        refuse(place, fault, config["extension"])


def load_application(config, paths, is_candidate):
    """Loads the application; returns it and its name. Raises Fault."""
    load.enter(config)
    if config["extension"] is not None:
        paths = config["extension"].paths
    if config["greenlets"]:
        import_greenlets(config, paths)
        if not is_candidate:
            patch(config)
    if config.get("paste"):
        from .dialects import paste

        return paste.load(config["paste"], config["pythonpath"], paths)
    arrange = getattr(config["extension"], "arrange_path", load.arrange_path)
    find = getattr(config["extension"], "find_application", load.load)
    return find(config["app"], config["pythonpath"], paths, arrange)


def import_greenlets(config, paths):
    """Before anything is patched, so that our own modules have the system's locks. Raises Fault."""
    sys.path[:] = [*map(os.path.abspath, config["pythonpath"]), *paths]
    try:
        from . import greenlets  # noqa: F401
    except ImportError as error:
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == "gevent"
        says = "--greenlets needs gevent, %s" % ("which is not installed" if is_missing else describe(error))
        raise Fault("GEVENT_MISSING", says, "pip install gevent, for %s" % sys.executable) from None


def patch(config):
    """Makes the standard library wait as gevent does, so that other greenlets run meanwhile.

    A template waits for its front's commands and forks: it stays as it is, and its workers are patched.
    """
    if config["greenlets"]:
        from gevent import monkey

        monkey.patch_all()


def run_postfork_functions(place):
    try:
        for function in public.after_fork:
            load.call_factory(function, "the postfork function %s" % getattr(function, "__name__", function))
    except Fault as fault:
        refuse(place, fault)


def freeze():
    """Spares the garbage collector, and the memory that processes share, all that has been loaded."""
    gc.collect()
    if hasattr(gc, "freeze"):      # PyPy's has none
        gc.freeze()


def reseed_numpy():
    """Python's own generator does this for itself after a fork, NumPy's global one doesn't."""
    seed = getattr(sys.modules.get("numpy.random"), "seed", None)
    if seed is not None:
        try:
            seed()
        except Exception:      # the application has put a generator in its place that can't be seeded so
            sys.excepthook(*sys.exc_info())


def renew_gevent():
    """A hub that the application has made while it was loaded would share its epoll with the other workers'."""
    reinit = getattr(sys.modules.get("gevent"), "reinit", None)
    if reinit is not None:
        reinit()


def refuse(place, fault, extension=None):
    connections, _ = accept_all(place)
    for data, _ in connections:
        data.sendall(json_frame("UNREADY", fault.facts()))
    if extension is not None:
        extension.end_worker()
    leave(SystemExit(1))


def serve(config, place, lifeline_fd, loaded):
    """Says READY, and then answers requests until it is told to stop; does not return."""
    application, name = loaded
    extension = config["extension"]
    if extension is not None:
        try:
            application = extension.wrap(application)
        except Fault as fault:
            refuse(place, fault, extension)
    page = Page(place.files["page"])
    connections, window = accept_all(place)
    place.close_listeners()
    worker = worker_kind(config)(application, config, page, connections, window, lifeline_fd)
    if extension is not None:
        extension.attach(worker)
    for data, _ in connections:
        data.sendall(json_frame("READY", {**python_facts(), "application": name}))
    worker.run()
    if extension is not None:
        extension.end_worker()
    leave()


def worker_kind(config):
    if not config["greenlets"]:
        return Worker
    from .greenlets import GreenWorker

    return GreenWorker


def accept_all(place):
    """Waits for the two connections of each front; returns them (data, control), and the window of their HELLOs."""
    fronts = range(place.fronts)
    connections = {}
    while len(connections) < 2 * len(fronts):
        descriptor, _ = place.listener._accept()       # accept() would make a socket of a patched kind
        connection = socket(fileno=descriptor)
        connection.settimeout(None)      # the application may have called socket.setdefaulttimeout()
        length, _, role, _, _ = HEADER.unpack(receive_exactly(connection, HEADER.size))
        hello = json.loads(receive_exactly(connection, length))
        if hello["version"] != TABLE["version"]:
            raise RuntimeError("a front speaks another version of the wire: %s" % hello["version"])
        connections[hello["front"], role] = connection
        if role == DATA_ROLE:
            connection.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
        window = hello["window"]
    return [(connections[front, DATA_ROLE], connections[front, CONTROL_ROLE]) for front in fronts], window


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
        "python": sys.version.split()[0],
        "implementation": IMPLEMENTATIONS.get(sys.implementation.name, sys.implementation.name),
        "executable": sys.executable,
    }

