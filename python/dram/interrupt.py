"""Raises dram.RequestTimeout in the thread that runs a request which is over its deadline.

Such an exception comes between any two bytecodes of its thread, so it must not come while our own code holds a lock or
has written half a frame. Therefore it is raised only
- after STOP: no thread that it meets will begin another request;
- while the thread's slot on the page holds that id, and its clock doesn't stand still: a request that waits for its
  client has been cancelled, which wakes it, and may be giving back what isn't begun;
- by whoever holds the writing lock. A thread that takes that lock calls checkpoint() before all else: what was raised
  while it waited for the lock comes out there, and nothing more can come while it holds it. A thread that has left its
  request clears its slot, and then, if the worker stops, calls settle(): what was raised comes out there at the latest.
"""
from dram import RequestTimeout

from .page import ID, IDENT, STANDING, START

try:
    import ctypes

    # By index: as an attribute, it would be shared with whoever else declares its arguments.
    raise_in_thread = ctypes.pythonapi["PyThreadState_SetAsyncExc"]
    raise_in_thread.argtypes = (ctypes.c_ulong, ctypes.py_object)
except (ImportError, AttributeError):
    raise_in_thread = None        # such a request goes on until the front kills the worker


def checkpoint():
    """Does nothing: Python raises what was asked for in this thread at the entry of a function, at the latest."""


class Interrupts:
    def __init__(self, worker):
        self.worker = worker
        self.done = set()         # ids: a second one could meet the code that handles the first

    def interrupt(self, request_id):
        """INTERRUPT: see above for when it does nothing."""
        if raise_in_thread is None or not request_id or not self.worker.stopping or request_id in self.done:
            return
        with self.worker.sender.writing:
            slot = self.worker.slot_of(request_id)
            if slot is not None and slot.doubles[START] != STANDING:
                self.done.add(request_id)
                raise_in_thread(slot.words[IDENT], RequestTimeout)

    def settle(self):
        """Called by a serving thread that has left its request: what was raised for that is over after this."""
        try:
            with self.worker.sender.writing:
                checkpoint()
        except RequestTimeout:
            pass
