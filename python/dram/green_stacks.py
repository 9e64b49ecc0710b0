"""What the requests of a worker do that run in greenlets (greenlets.py): the answer to STACKS."""
from . import stacks
from .frames import json_frame
from .page import IDENT
from .worker import allocate_lock      # bound early: who comes before us may have patched

LOOK_SECONDS = 0.2                   # the front waits half a second for STACKS


def look(worker, line):
    """Answers STACKS: what greenlets do tells the hub, for they stand still then; where it is stuck, its thread."""
    seen = []
    heard = allocate_lock()
    heard.acquire()
    worker.tell(lambda: (seen.append(calls_of_greenlets(worker)), heard.release()))
    calls = stacks.calls_of_threads()
    names = stacks.names_of_threads()
    calls.pop(worker.control.ident, None)
    stuck = None
    if heard.acquire(True, LOOK_SECONDS):
        calls.pop(worker.thread, None)
    else:
        stuck = key_of_stuck(worker)
    told = [stacks.told(*facts, line.number) for facts in (seen[0] if stuck is None and seen else ())]
    if stuck is not None:
        waiting = [(key, server) for key, server in list(worker.placed.items()) if key != stuck]
        told += [told_of_waiting(key, server, line) for key, server in waiting]
    for ident in calls:
        key = stuck or 0 if ident == worker.thread else 0
        told.append(stacks.told(names.get(ident, "thread %d" % ident), ident, key, calls[ident], line.number))
    try:
        line.say(json_frame("STACKS", told))
    except OSError:
        pass      # the front has hung up


def told_of_waiting(key, server, line):
    told = stacks.told(server.name, server.slot.words[IDENT], key, [], line.number)
    return {**told, "stack": "  it waits: another greenlet has kept the hub for %g s\n" % LOOK_SECONDS}


def calls_of_greenlets(worker):
    """Name, ident, key and calls of those that run a request; to be called by the hub."""
    found = []
    for key, server in worker.placed.items():
        calls = stacks.calls_of(server.greenlet.gr_frame)
        found.append((server.name, server.slot.words[IDENT], key, calls))
    return found


def key_of_stuck(worker):
    """The key of the request whose greenlet keeps the hub; 0: it is none of ours."""
    frame = stacks.current_frames().get(worker.thread)
    frames = {server.frame: key for key, server in list(worker.placed.items())}
    while frame is not None:
        if frame in frames:
            return frames[frame]
        frame = frame.f_back
    return 0
