"""Signals of a worker: what the hooks make of them, and that none is missed."""
import os
import signal
from time import sleep      # bound before an application may patch it

# A handler is Python's to call, between bytecodes. A signal that comes right before the main thread begins to wait in
# a system call interrupts nothing, and would be handled after that.
TRIES = 5
TRY_SECONDS = 0.002
# Wakes the main thread and means nothing: what comes there is no proof that the signal was ours, for a process that
# the application forks writes to the same pipe until it lets go of it.
POKE = signal.SIGURG


def ignore(number, frame):
    pass


class Signals:
    """Calls `hear[number]()` in the main thread; in a process that the application forks, it has its usual effect."""

    def __init__(self, hear):
        self.hear = hear
        self.handled = set()      # those that were, since they were last looked for
        self.waiting = []
        self.is_hearing = False
        self.pid = os.getpid()
        self.main = None
        self.ends = ()
        for number in hear:
            signal.signal(number, self.handle)
        signal.signal(POKE, ignore)

    def handle(self, number, frame):
        if os.getpid() != self.pid:
            if number != signal.SIGUSR1:      # to the whole group, it is about log files
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        self.handled.add(number)
        self.waiting.append(number)
        if self.is_hearing:
            return      # one after the other: what hears may hold a lock
        self.is_hearing = True
        try:
            while self.waiting:
                self.hear[self.waiting.pop(0)]()
        finally:
            self.is_hearing = False

    def watch(self, main):
        """Has Python write each signal into a pipe, for read(); returns where that is to be called."""
        self.main = main
        self.ends = os.pipe()      # a socket would be gevent's, where the application is patched
        for end in self.ends:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.ends[1], warn_on_full_buffer=False)
        return self.ends[0]

    def read(self):
        """Wakes the main thread, if it has not seen what came; called by the control thread."""
        try:
            numbers = os.read(self.ends[0], 64)
        except BlockingIOError:
            return True
        for number in set(numbers):
            if number in self.hear:
                self.insist(number)
        return True

    def insist(self, number):
        for _ in range(TRIES):
            if number in self.handled or signal.getsignal(number) != self.handle:
                break
            sleep(TRY_SECONDS)
            if number not in self.handled:
                signal.pthread_kill(self.main, POKE)
        self.handled.discard(number)

    def let_go_in_child(self):
        # At once, not by handle(): one that comes right before the child begins to wait would be handled after that.
        for number in self.hear:
            if number != signal.SIGUSR1 and signal.getsignal(number) == self.handle:
                signal.signal(number, signal.SIG_DFL)
        if self.ends:
            signal.set_wakeup_fd(-1)
            for end in self.ends:
                os.close(end)
            self.ends = ()
