"""Raises dram.RequestTimeout in the thread that runs a request which is over its deadline.

Such an exception comes between any two bytecodes of its thread, so it must not come while our own code holds a lock or
has written half a frame. Therefore it is raised only
- after STOP, of every front: no thread that it meets will begin another request;
- while the thread's slot on the page holds that id, and its clock doesn't stand still: a request that waits for its
  client has been cancelled, which wakes it, and may be giving back what isn't begun;
- by whoever holds the writing lock of its line. A thread that takes that lock calls checkpoint() before all else: what was raised
  while it waited for the lock comes out there, and nothing more can come while it holds it. A thread that has left its
  request clears its slot, and then, if the worker stops, calls settle(): what was raised comes out there at the latest.
"""
from dram import RequestTimeout

from .page import IDENT, STANDING, START
from .standard import standard

kept = []                         # what raiser() has found


def raiser():
    """What raises an exception in the thread of an ident; None: this Python can't, or not now."""
    if not kept:
        try:
            ctypes = standard("ctypes")
            # By index: as an attribute, it would be shared with whoever else declares its arguments.
            found = ctypes.pythonapi["PyThreadState_SetAsyncExc"]
            found.argtypes = (ctypes.c_ulong, ctypes.py_object)
        except Exception:         # there is none, or there are no descriptors left to import it
            return None
        kept.append(found)
    return kept[0]


def checkpoint():
    """Does nothing: Python raises what was asked for in this thread at the entry of a function, at the latest."""


class Interrupts:
    def __init__(self, worker):
        self.worker = worker
        self.early = []           # (line, id), asked for before the last STOP had come
        self.done = set()         # keys: a second one could meet the code that handles the first

    def interrupt(self, line, request_id):
        """INTERRUPT: see above for when it does nothing."""
        key = line.key(request_id)
        if not request_id or key in self.done:
            return
        if not self.worker.stopping:
            if len(self.worker.lines) > 1:
                self.early.append((line, request_id))
            return
        raise_in_thread = raiser()
        if raise_in_thread is None:
            return                # it goes on until the front kills the worker
        with line.sender.writing:
            slot = line.slot_of(request_id)
            if slot is not None and slot.doubles[START] != STANDING:
                self.done.add(key)
                raise_in_thread(slot.words[IDENT], RequestTimeout)

    def begin(self):
        """The last STOP has come."""
        early, self.early = self.early, []
        for line, request_id in early:
            self.interrupt(line, request_id)

    def settle(self, line):
        """Called by a serving thread that has left its request: what was raised for that is over after this."""
        try:
            with line.sender.writing:
                checkpoint()
        except RequestTimeout:
            pass
