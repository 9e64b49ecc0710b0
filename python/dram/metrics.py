"""What the application counts with prometheus_client, for METRICS."""
import sys
from _thread import allocate_lock, start_new_thread

from .fault import describe
from .frames import frame


class Metrics:
    """Answers each METRICS with one frame on the control connection that it came on.

    A thread of its own asks the collectors: they are the application's, may take their time, and must not hold up
    what else the control connections bring.
    """

    def __init__(self, start=None):
        self.start = start            # how a thread is started; None: as usual
        self.lock = allocate_lock()
        self.asked = []               # lines that wait; whoever adds the first starts the thread
        self.warned = False

    def ask(self, line):
        with self.lock:
            self.asked.append(line)
            is_first = len(self.asked) == 1
        if is_first:
            try:
                (self.start or start_new_thread)(self.answer, ())
            except RuntimeError:      # no thread is to be had: that mustn't end the control thread, and so the worker
                with self.lock:
                    unheard, self.asked = self.asked, []
                for one in unheard:
                    one.say(frame("METRICS", 0, b""))

    def answer(self):
        try:
            while True:
                line = self.asked[0]
                line.say(frame("METRICS", 0, self.text(line)))
                with self.lock:
                    del self.asked[0]
                    if not self.asked:
                        return
        except OSError:
            pass      # the front has hung up

    def text(self, line):
        """UTF-8, of the default registry; empty if there is none, or if a collector fails."""
        module = sys.modules.get("prometheus_client")
        if not hasattr(module, "generate_latest"):      # not imported, or not to its end
            return b""
        try:
            return bytes(memoryview(module.generate_latest(module.REGISTRY)))
        except BaseException as error:
            self.warn(line, error)
            return b""

    def warn(self, line, error):
        """Once: metrics are read every few seconds."""
        if not self.warned:
            self.warned = True
            says = "the application's metrics can't be read: prometheus_client raised %s" % describe(error)
            line.sender.log("warning", says)
