"""Signals of a worker: what the hooks make of them, and that none is missed."""
import os
import signal
import socket
import time

# A handler is Python's to call, between bytecodes. A signal that comes right before the main thread begins to wait in
# a system call interrupts nothing, and would be handled after that.
TRIES = 5
TRY_SECONDS = 0.002
# Wakes the main thread and means nothing: what comes there is no proof that the signal was ours, for a process that
# the application forks writes to the same socket until it lets go of it.
POKE = signal.SIGURG


def ignore(number, frame):
    pass


class Signals:
    """Calls `hear[number]()` in the main thread; in a process that the application forks, it has its usual effect."""

    def __init__(self, hear):
        self.hear = hear
        self.handled = set()      # those that were, since they were last looked for
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
        self.hear[number]()

    def watch(self, main):
        """Has Python write each signal into a socket, for read(); returns where that is to be called."""
        self.main = main
        self.ends = socket.socketpair()
        for end in self.ends:
            end.setblocking(False)
        signal.set_wakeup_fd(self.ends[1].fileno(), warn_on_full_buffer=False)
        return self.ends[0].fileno()

    def read(self):
        """Wakes the main thread, if it has not seen what came; called by the control thread."""
        try:
            numbers = self.ends[0].recv(64)
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
            time.sleep(TRY_SECONDS)
            if number not in self.handled:
                signal.pthread_kill(self.main, POKE)
        self.handled.discard(number)

    def let_go_in_child(self):
        if self.ends:
            signal.set_wakeup_fd(-1)
            for end in self.ends:
                end.close()
