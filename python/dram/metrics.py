"""What the application counts with prometheus_client, for METRICS."""
import sys
from _thread import allocate_lock, start_new_thread

from .fault import describe
from .frames import frame


class Metrics:
    """Answers each METRICS with one frame on the control connection.

    A thread of its own asks the collectors: they are the application's, may take their time, and must not hold up
    what else the control connection brings.
    """

    def __init__(self, worker):
        self.worker = worker
        self.lock = allocate_lock()
        self.wanted = 0               # answers owed; whoever raises it from 0 starts the thread
        self.warned = False

    def ask(self):
        with self.lock:
            self.wanted += 1
            is_first = self.wanted == 1
        if is_first:
            try:
                start_new_thread(self.answer, ())
            except RuntimeError:      # no thread is to be had: that mustn't end the control thread, and so the worker
                self.wanted = 0
                self.worker.control.send(frame("METRICS", 0, b""))

    def answer(self):
        try:
            while self.wanted:
                self.worker.control.send(frame("METRICS", 0, self.text()))
                with self.lock:
                    self.wanted -= 1
                    if not self.wanted:
                        return
        except OSError:
            pass      # the front has hung up

    def text(self):
        """UTF-8, of the default registry; empty if there is none, or if a collector fails."""
        module = sys.modules.get("prometheus_client")
        if not hasattr(module, "generate_latest"):      # not imported, or not to its end
            return b""
        try:
            return bytes(memoryview(module.generate_latest(module.REGISTRY)))
        except BaseException as error:
            self.warn(error)
            return b""

    def warn(self, error):
        """Once: metrics are read every few seconds."""
        if not self.warned:
            self.warned = True
            says = "the application's metrics can't be read: prometheus_client raised %s" % describe(error)
            self.worker.sender.log("warning", says)
