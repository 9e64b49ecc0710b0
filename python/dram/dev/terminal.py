"""The terminal that `dram dev` was started in, lent to a thread of this worker's that stops in a debugger.

It is asked for on a socket in the runtime folder (src/dev/lending.ts). As long as that connection lasts, the front
neither reads from the terminal nor writes to it, and pays no heed to Ctrl-C. So it has it back however we end.
"""
import os
import signal
import sys
import termios
from _thread import allocate_lock, get_ident
from queue import SimpleQueue          # these bound early: an application may patch them
from socket import AF_UNIX, socket

from .. import output
from ..interrupt import raiser

GRANTED = b"+"
GIVEN_BACK = b"."
STANDARD = (0, 1, 2)
MOST_WORDS = 4096

raise_in_thread = raiser()


class Unavailable(Exception):
    """There is no terminal to be had; its text says why."""


class Terminal:
    def __init__(self, folder):
        self.path = os.path.join(folder, "terminal")
        self.main = MainThread()
        self.lock = allocate_lock()      # held by the thread that has it
        self.holder = None               # its ident
        self.loan = None                 # the connection to the front
        self.kept = []                   # what descriptors 0, 1 and 2 were before
        self.modes = None
        self.handler = None
        self.is_reading = False

    @property
    def is_ours(self):
        return self.holder == get_ident()

    def take(self):
        """Waits until this thread has it; then standard input, output and error are the terminal. Raises Unavailable."""
        if self.is_ours:
            return
        self.lock.acquire()
        try:
            output.flush()               # into the log, which shows it before the front lets go
            self.borrow()
            self.holder = get_ident()
            self.main.call(self.hear_interrupts)
        except BaseException:
            self.let_go()
            raise

    def give_back(self):
        """Does nothing where this thread hasn't got it."""
        if self.is_ours:
            self.main.call(self.restore_handler)
            self.let_go()

    def ask(self, prompt=""):
        """In the place of input(): a line that is typed. Ctrl-C raises KeyboardInterrupt, whichever thread asks."""
        return self.main.call(self.read, prompt) if self.is_ours else input(prompt)

    def read(self, prompt):
        self.is_reading = True
        try:
            return input(prompt)
        finally:
            self.is_reading = False

    # The loan

    def borrow(self):
        self.loan = socket(AF_UNIX)
        try:
            self.loan.connect(self.path)
            answer = self.loan.recv(MOST_WORDS)      # waits while another worker has it
            if answer[:1] != GRANTED:
                raise Unavailable(answer.decode("utf-8", "replace") or "the server is about to end")
            self.take_over(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        except (OSError, termios.error) as error:
            raise Unavailable(str(error)) from None

    def take_over(self, descriptor):
        self.modes = termios.tcgetattr(descriptor)
        self.kept = [os.dup(number) for number in STANDARD]
        for number in STANDARD:
            os.dup2(descriptor, number)
        os.close(descriptor)

    def let_go(self):
        if self.kept:
            output.flush()
            try:
                termios.tcsetattr(0, termios.TCSADRAIN, self.modes)
            except termios.error:
                pass      # it was closed
            for number, before in zip(STANDARD, self.kept):
                os.dup2(before, number)
                os.close(before)
            self.kept = []
        try:
            self.loan.sendall(GIVEN_BACK)
        except OSError:
            pass          # the front is gone, or never said yes
        self.loan.close()
        self.loan = None
        self.holder = None
        self.lock.release()

    def let_go_in_child(self):
        """In a process that the application forks: the loan is not its own, nor has it other threads."""
        self.main = MainThread()
        self.lock = allocate_lock()
        self.restore_handler()
        if self.loan is not None:
            self.loan.close()
        self.loan = self.holder = None

    # Ctrl-C

    def hear_interrupts(self):
        if self.main.is_here:
            self.handler = signal.signal(signal.SIGINT, self.interrupt)

    def restore_handler(self):
        if self.handler is not None:
            signal.signal(signal.SIGINT, self.handler)
            self.handler = None

    def interrupt(self, number, frame):
        """Ctrl-C, heard by the main thread: it is meant for the thread that the debugger stands in."""
        if self.is_reading or self.is_ours:
            raise KeyboardInterrupt
        if self.holder not in sys._current_frames():
            self.restore_handler()      # that thread has ended amid a step
            self.let_go()
        elif raise_in_thread is not None:
            raise_in_thread(self.holder, KeyboardInterrupt)


class MainThread:
    """Does for other threads what it alone can: hear signals, and read in such a way that a signal ends it."""

    def __init__(self):
        self.ident = get_ident()
        self.is_serving = False
        self.asked = SimpleQueue()      # (function, arguments, where the outcome goes); None: another thread has ended

    @property
    def is_here(self):
        return get_ident() == self.ident

    def serve(self, threads):
        """Until so many threads have ended."""
        self.is_serving = True
        while threads:
            asked = self.asked.get()
            if asked is None:
                threads -= 1
                continue
            function, arguments, outcome = asked
            try:
                outcome.put((function(*arguments), None))
            except BaseException as error:
                outcome.put((None, error))
        self.is_serving = False

    def ended(self):
        self.asked.put(None)

    def call(self, function, *arguments):
        """What the function returns or raises there; here, where the main thread is no such one (yet)."""
        if self.is_here or not self.is_serving:
            return function(*arguments)
        outcome = SimpleQueue()
        self.asked.put((function, arguments, outcome))
        returned, error = outcome.get()
        if error is not None:
            raise error
        return returned


def pass_over(why, frame):
    place = "" if frame is None else " at %s:%d" % (frame.f_code.co_filename, frame.f_lineno)
    print("breakpoint() was passed over%s: %s" % (place, why), file=sys.stderr, flush=True)
