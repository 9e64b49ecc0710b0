"""The writing side of the data connection.

Finished answers wait in `out` and leave many at a time. Appending to `out` needs no lock (one
`extend` with a tuple is atomic, so a frame's pieces stay together); taking from it and writing
need the writing lock, so that frames leave whole and in order. Who takes that lock calls
checkpoint() first (interrupt.py).
"""
from _thread import allocate_lock

from .frames import LOG_LEVELS, frame
from .interrupt import checkpoint

MAX_JOINED_BYTES = 32 * 1024      # above it, a second copy costs more than a second system call
MAX_LOG_BYTES = 64 * 1024


class Sender:
    def __init__(self, socket):
        self.out = []
        self.oldest = 0.0             # when the first answer in `out` was finished
        self.writing = allocate_lock()
        self.sendall = socket.sendall
        self.socket = socket

    def flush(self):
        if self.out:
            with self.writing:
                checkpoint()
                self.flush_locked()

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
                out = self.out
                out.extend(pieces[:-1])
                count = len(out)
                head = b"".join(out[:count])
                del out[:count]
                self.send_both(head, memoryview(pieces[-1]))

    def send_both(self, head, piece):
        """One system call, as a rule: a signal may cut it short."""
        sent = self.socket.sendmsg((head, piece))
        if sent < len(head):
            self.sendall(head[sent:])
        if sent < len(head) + len(piece):
            self.sendall(piece[max(0, sent - len(head)) :])

    def log(self, level, text, request_id=0):
        """One LOG frame, or several if the text is long."""
        data = text.encode("utf-8", "backslashreplace")
        for at in range(0, len(data), MAX_LOG_BYTES):
            self.send(frame("LOG", request_id, data[at : at + MAX_LOG_BYTES], aux=LOG_LEVELS[level]))
