"""Requests over their deadline that run in greenlets (greenlets.py)."""
import os

from dram import RequestTimeout

from .control import start_new_thread          # bound early: who comes before us may have patched
from .page import STANDING, START
from .worker import allocate_lock

HUB_PATIENCE_SECONDS = 5             # a hub that turns no more for so long is stuck


class GreenInterrupts:
    """Raises dram.RequestTimeout in the greenlet of a request that is over its deadline.

    By the hub, as gevent.Timeout does: such a greenlet waits then, in the application's code. Where the hub is stuck,
    no other request of this worker goes on either, and it ends.
    """

    def __init__(self, worker):
        self.worker = worker
        self.done = set()         # keys: a second one could meet the code that handles the first

    def interrupt(self, line, request_id):
        key = line.key(request_id)
        if key in self.done:
            return
        self.done.add(key)
        heard = allocate_lock()
        heard.acquire()
        self.worker.tell(lambda: (heard.release(), self.throw(key)))
        start_new_thread(self.watch, (heard,))

    def throw(self, key):
        server = self.worker.placed.get(key)
        if server is not None and server.slot.doubles[START] != STANDING:
            server.greenlet.throw(RequestTimeout)

    def watch(self, heard):
        if not heard.acquire(True, HUB_PATIENCE_SECONDS):
            os._exit(0)           # as told, by the front: this worker has had its STOP

    def begin(self):
        """The last STOP has come: nothing has waited for that."""

    def settle(self, line):
        """Nothing comes late."""
