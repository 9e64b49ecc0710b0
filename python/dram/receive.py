"""The reading side of the data connection: requests come in, and those not begun can be handed back.

Everything here is used by whoever holds the reading lock. A serving thread holds it between
calls and gives it up while the application runs, so that another can take back what waits.
"""
import time
from collections import deque
from select import POLLIN, poll          # bound before an application may patch them
from socket import MSG_DONTWAIT

from .frames import FRONT, HEADER, REQUEST_HEADER, is_after

RECEIVE_BYTES = 256 * 1024
REQUEST = FRONT["REQUEST"]
REQUEST_HEADER_BYTES = REQUEST_HEADER.size
LENGTH_COUNTS_FROM = HEADER.size
# How long a RECALL waits for requests that were sent before it but haven't all arrived: the front
# writes on as soon as the socket has room again.
LATE_REQUESTS_MS = 10


class Requests:
    def __init__(self, socket):
        self.waiting = deque()        # (id, flags, bytes of own, bytes of block, buffer, start, end)
        self.newest = 0               # the last id that came
        self.ended = False
        self.held = b""               # the beginning of a frame, or pieces of it
        self.pieces = []
        self.missing = 0              # bytes until `pieces` is worth a look
        self.socket = socket

    def receive(self, flags=0):
        """Waits for bytes and takes the requests in them; False at the connection's end."""
        received = self.socket.recv(RECEIVE_BYTES, flags)
        if not received:
            self.ended = True
            return False
        if self.missing:
            self.pieces.append(received)
            self.missing -= len(received)
            if self.missing > 0:
                return True
            received = b"".join(self.pieces)
            self.pieces = []
            self.missing = 0
        elif self.held:
            received = self.held + received
        self.split(received)
        return True

    def split(self, buffer):
        unpack = REQUEST_HEADER.unpack_from
        append = self.waiting.append
        at = 0
        left = len(buffer)
        while left >= REQUEST_HEADER_BYTES:
            length, kind, flags, own, request_id, block = unpack(buffer, at)
            size = length + LENGTH_COUNTS_FROM
            if left < size:
                self.missing = size - left
                self.pieces = [buffer[at:]]
                self.held = b""
                return
            if kind == REQUEST:
                append((request_id, flags, own, block, buffer, at + REQUEST_HEADER_BYTES, at + size))
                self.newest = request_id
            at += size
            left -= size
        self.held = buffer[at:]

    def take_back(self, last=None):
        """The ids, up to `last`, of all requests that came and were not begun; they never will be here."""
        self.drain(last)
        waiting = self.waiting
        returned = []
        while waiting and (last is None or not is_after(waiting[0][0], last)):
            returned.append(waiting.popleft()[0])
        return returned

    def drain(self, last):
        """Reads what the connection holds; if `last` hasn't come yet, waits a little for it."""
        deadline = None
        while not self.ended:
            try:
                self.receive(MSG_DONTWAIT)
            except BlockingIOError:
                if last is None or not is_after(last, self.newest):
                    return
                now = time.monotonic()
                deadline = deadline or now + LATE_REQUESTS_MS / 1000
                if now >= deadline or not self.readable((deadline - now) * 1000):
                    return

    def readable(self, timeout_ms):
        poller = poll()
        poller.register(self.socket, POLLIN)
        return poller.poll(timeout_ms)
