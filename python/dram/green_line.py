"""A worker's line where requests run in greenlets (greenlets.py): what is waited for is waited for on the hub."""
from gevent import getcurrent

from .body import Bell
from .line import Line
from .worker import get_ident      # bound early: who comes before us may have patched


class GreenLine(Line):
    def bell(self):
        """For whoever waits: a greenlet of the hub, or a native thread of the application's."""
        return GreenBell(self.worker) if get_ident() == self.worker.thread else Bell()

    def may_defer(self, request_id):
        """Others run meanwhile and answer: the front would see no silence that makes it send RECALL."""
        return False

    may_hold = may_defer

    def hand_back(self):
        """A call is going to wait; what isn't begun will be, by other greenlets."""
        self.sender.flush()

    def recall(self, last):
        if super().recall(last):
            self.worker.tell(self.tell_free)
        self.worker.tell(self.worker.call_taker)      # what came after `last` has been read

    def tell_free(self):
        """The front has seen that nothing is begun here; it is told when that is over."""
        try:
            self.give_back(())
        except ConnectionError:
            self.worker.hang_up()


class GreenBell:
    """Wakes one waiting greenlet; is rung by the control thread."""

    __slots__ = ("worker", "rung", "waiter")

    def __init__(self, worker):
        self.worker = worker
        self.rung = False
        self.waiter = None

    def ring(self):
        self.rung = True
        if self.waiter is not None:
            self.worker.tell(self.wake)

    def wake(self):
        if self.waiter is not None:
            self.waiter.switch()

    def wait(self):
        self.waiter = getcurrent()
        try:
            while not self.rung:
                self.worker.hub.switch()
            self.rung = False
        finally:
            self.waiter = None
