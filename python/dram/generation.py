"""Who is who among the Python processes of a generation: zygote, candidate, template, workers.

The zygote stays clean: it never loads the application. A candidate is a worker that loads it, looks
at what that has left in the process, and lets the front decide: it becomes the template, a zygote
with the application loaded whose workers share its memory, or goes on as the worker it is.
"""
import json
import os
import socket
import sys

from . import output, process, stacks, title
from .audit import Audit
from .leave import leave
from .zygote import GROUP_SIGNALS, Zygote, quiet_signals


def run(descriptor, paths, afterwards=None):
    """The zygote's life, on the supervisor's socket; does not return.

    `paths` is sys.path as the application is to see it, but for its own folder; `afterwards` is called once, when there
    is time.
    """
    quiet_signals(GROUP_SIGNALS)
    stacks.keep_the_usual_stack()
    os.set_inheritable(descriptor, False)

    def live(config, place, before):
        if place.template is None:
            process.load_and_serve(config, paths, place, before)
        else:
            be_candidate(config, paths, place, before)

    Zygote(socket.socket(fileno=descriptor), live, afterwards=afterwards, paths=paths, be_warm=be_warm).run()
    sys.exit(0)


def be_warm(zygote, command):
    """A warm zygote's life; does not return. Only `dram dev` asks for it, and only there it is imported."""
    from .warm import live

    live(zygote, command)


def be_candidate(config, paths, place, before):
    """A candidate's life; does not return."""
    lifeline_fd = process.settle(config, place, before)
    output.renew_streams()
    audit = Audit()
    loaded = process.load_or_refuse(config, paths, place, is_candidate=True)
    front, decision = ask(place.template, audit.findings(), loaded[1])
    if decision == "template":
        place.close_listeners()
        be_template(config, front, lifeline_fd, loaded)
    front.close()
    if decision != "work":
        leave()      # nobody wants it
    process.begin_extension(config, place)
    process.patch(config)
    process.run_postfork_functions(place)
    process.freeze()
    process.serve(config, place, lifeline_fd, loaded)


def ask(listener, findings, name):
    """Tells the front what the audit has found; returns the connection and what it has decided, if anything."""
    front, _ = listener.accept()
    front.settimeout(None)      # the application may have called socket.setdefaulttimeout()
    try:
        event = {"event": "audited", "findings": findings, "application": name}
        front.sendall((json.dumps(event) + "\n").encode())
        line = b""
        while not line.endswith(b"\n"):
            # Byte by byte: what follows is the template's.
            received = front.recv(1)
            if not received:
                return front, None
            line += received
    except ConnectionError:
        return front, None
    return front, json.loads(line).get("cmd")


def be_template(config, front, lifeline_fd, loaded):
    """A template's life, on the connection that made it one; does not return."""

    def live(config, place, before):
        process.serve_loaded(config, place, before, loaded)

    title.set_title(config["title"], "template")
    template = Zygote(front, live, config, lifeline_fd, adopts=False)
    template.speak()
    process.freeze()
    template.say("ready", **process.python_facts())
    template.run()
    # None of the application's exit handlers: its workers have run them, and this must end for certain.
    output.flush()
    os._exit(0)
