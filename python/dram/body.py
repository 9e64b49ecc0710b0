"""wsgi.input: the request's body, wherever it is."""
import io
from _thread import allocate_lock
from collections import deque

from .fault import ClientDisconnected
from .frames import U32, frame

STREAM_WINDOW_BYTES = 256 * 1024


class Empty(io.BufferedIOBase):
    """The body of requests without one: shared, so nothing done to it may last."""

    __slots__ = ()

    def read(self, size=-1):
        return b""

    read1 = read

    def readinto(self, buffer):
        return 0

    readinto1 = readinto

    def readable(self):
        return True

    def close(self):
        pass


EMPTY = Empty()


class Bell:
    """Wakes one waiting thread. Not threading.Event, which an application may have patched."""

    __slots__ = ("lock",)

    def __init__(self):
        self.lock = allocate_lock()
        self.lock.acquire()

    def ring(self):
        try:
            self.lock.release()
        except RuntimeError:       # it has rung already
            pass

    def wait(self):
        self.lock.acquire()


class Stream(io.RawIOBase):
    """A body that is still arriving: bytes come in BODY frames, each covered by a GRANT.

    `feed` and `finish` are called by the control thread, the rest by the application.
    """

    def __init__(self, answer):
        self.answer = answer
        self.chunks = deque()
        self.whole = False
        self.broken = False
        self.consumed = 0             # bytes read since the last GRANT

    def grant(self, count):
        self.answer.line.sender.send(frame("GRANT", self.answer.id, U32.pack(count)))

    def feed(self, data):
        self.chunks.append(data)

    def finish(self, broken):
        self.broken = broken
        self.whole = True

    def readable(self):
        return True

    def readinto(self, buffer):
        """Fills `buffer` as far as one chunk goes, waiting for it; 0 at the end of the body."""
        chunks = self.chunks
        while not chunks:
            if self.whole and not chunks:
                if self.broken:
                    raise ClientDisconnected("the request's body will never be whole: the client left, or broke it")
                return 0
            self.answer.wait(lambda: chunks or self.whole)
        chunk = chunks.popleft()
        count = min(len(buffer), len(chunk))
        buffer[:count] = chunk[:count]
        if count < len(chunk):
            chunks.appendleft(memoryview(chunk)[count:])
        self.consumed += count
        if self.consumed >= STREAM_WINDOW_BYTES // 2 and not self.whole:
            self.grant(self.consumed)
            self.consumed = 0
        return count

    def discard(self):
        """Says that the rest isn't wanted, if there may be one."""
        if not self.whole:
            self.whole = True
            self.answer.line.sender.send(frame("DISCARD", self.answer.id))
