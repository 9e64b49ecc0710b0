"""Which line's requests are next, where a worker has several fronts."""
from select import POLLIN, poll


class Intake:
    """Waits for requests on all lines. Used by whoever holds the reading lock."""

    def __init__(self, lines):
        self.orders = [lines[at + 1 :] + lines[: at + 1] for at in range(len(lines))]
        self.open = {line.data.fileno(): line for line in lines}
        self.hung_up = False          # a front is gone, and had not said STOP
        self.poll = poll()
        for descriptor in self.open:
            self.poll.register(descriptor, POLLIN)

    def next(self, line):
        """The line after this one that has requests; waits for some. None: none will come any more.

        Every line has its turn: what one read has brought of it, then the next.
        """
        while not self.hung_up:
            for other in self.orders[line.number]:
                if other.requests.waiting:
                    return other
            if not self.open:
                break
            self.receive()
        return None

    def receive(self):
        for descriptor, _ in self.poll.poll():
            line = self.open[descriptor]
            if not line.requests.receive():
                self.poll.unregister(descriptor)
                del self.open[descriptor]
                if not line.stopping:
                    self.hung_up = True
