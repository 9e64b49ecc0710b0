"""The writing side of the data connection.

Finished answers wait in `out` and leave many at a time. Appending to `out` needs no lock (one
`extend` with a tuple is atomic, so a frame's pieces stay together); taking from it and writing
need the writing lock, so that frames leave whole and in order. Who takes that lock calls
checkpoint() first (interrupt.py).
"""
from _thread import allocate_lock

from .files import Pipe
from .frames import HEADER, LOG_LEVELS, WORKER, frame
from .interrupt import checkpoint

MAX_JOINED_BYTES = 32 * 1024      # above it, a second copy costs more than a second system call
MAX_LOG_BYTES = 64 * 1024
DATA = WORKER["DATA"]
ROUNDS = (True, True, True, False)    # nobody is to send for the others for ever: the last one is for what was left so far


class Sender:
    def __init__(self, socket):
        self.out = []
        self.oldest = 0.0             # when the first answer in `out` was finished
        self.is_busy = False          # who is in the system call will look again for what came meanwhile
        self.writing = allocate_lock()
        self.sendall = socket.sendall
        self.socket = socket
        self.pipes = []               # at most one that nobody uses

    def let_go_in_child(self):
        self.writing = allocate_lock()
        self.is_busy = False
        for pipe in self.pipes:
            pipe.close()
        self.pipes = []

    def flush(self):
        if self.out:
            with self.writing:
                checkpoint()
                self.flush_locked()

    def flush_beside(self):
        """The same, but leaves it to a thread that is at it, if there is one: two would wait for each other."""
        if self.out and not self.is_busy:
            with self.writing:
                checkpoint()
                for goes_on in ROUNDS:
                    if not self.out:
                        break
                    self.is_busy = goes_on
                    try:
                        self.flush_locked()
                    finally:
                        self.is_busy = False     # before the next look: who comes from here on sends by itself

    def flush_locked(self):
        out = self.out
        count = len(out)
        if count:
            pieces = out[:count]
            del out[:count]
            self.sendall(b"".join(pieces))

    def send(self, *pieces):
        """Sends one frame now, behind all that waits."""
        with self.writing:
            checkpoint()
            if len(pieces[-1]) <= MAX_JOINED_BYTES:
                self.out.extend(pieces)
                self.flush_locked()
            else:
                self.out.extend(pieces[:-1])
                self.send_large(memoryview(pieces[-1]))

    def send_last(self, before, piece, after):
        """Sends a large piece now, behind all that waits and `before`, and in front of `after`."""
        with self.writing:
            checkpoint()
            self.out.extend(before)
            self.send_large(memoryview(piece), after)

    def send_large(self, piece, after=b""):
        """One system call, as a rule: a signal may cut it short."""
        out = self.out
        count = len(out)
        head = b"".join(out[:count])
        del out[:count]
        rest = self.socket.sendmsg((head, piece, after))
        for part in (head, piece, after):
            if rest < len(part):
                self.sendall(part[rest:])
                rest = 0
            else:
                rest -= len(part)

    def splice(self, before, request_id, region, most):
        """Sends up to `most` bytes of a file as DATA, behind `before`, without reading them; how many. 0: it can't be."""
        pipe = self.take_pipe()
        if pipe is None:
            return 0
        try:
            count = pipe.take(region, most)      # it may wait for a disk: not with the lock
            if count:
                with self.writing:
                    checkpoint()
                    self.out.extend((*before, HEADER.pack(count, DATA, 0, 0, request_id)))
                    self.flush_locked()
                    pipe.give(self.socket, count)
        except BaseException:
            pipe.close()        # something may be left in it
            raise
        if self.pipes:
            pipe.close()
        else:
            self.pipes.append(pipe)
        return count

    def take_pipe(self):
        """An empty pipe; None: there are no descriptors left."""
        try:
            return self.pipes.pop()
        except IndexError:
            pass
        try:
            return Pipe()
        except OSError:
            return None

    def log(self, level, text, request_id=0):
        """One LOG frame, or several if the text is long."""
        data = text.encode("utf-8", "backslashreplace")
        for at in range(0, len(data), MAX_LOG_BYTES):
            self.send(frame("LOG", request_id, data[at : at + MAX_LOG_BYTES], aux=LOG_LEVELS[level]))
