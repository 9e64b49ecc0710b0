"""The state page: a small file of 8-byte words that a worker and the front share."""
import mmap
import os

from .frames import PAGE

MAGIC = PAGE["magic"]
ENTERED = PAGE["entered"]
FLAGS = PAGE["flags"]
FLAG_MASK = PAGE["flagWords"] - 1
CANCELLED = PAGE["CANCELLED"]
THREADS = PAGE["threads"]
THREAD_WORDS = PAGE["threadWords"]
MOST_THREADS = PAGE["mostThreads"]

ID, START, IDENT = range(THREAD_WORDS)     # the words of a slot
STANDING = float("inf")                    # the start of a request whose clock stands still


def create(path):
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        # Written out, not truncated to its size: a store into a hole on a full disk is SIGBUS.
        file.write(MAGIC.to_bytes(8, "little").ljust(PAGE["words"] * 8, b"\0"))


class Page:
    """The page as its worker sees it. A store to `words` is one aligned 8-byte store."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.bytes = memoryview(mmap.mmap(file.fileno(), PAGE["words"] * 8))
        self.words = self.bytes.cast("Q")

    def bits(self, request_id):
        """The flags the front has set for this request."""
        word = self.words[FLAGS + (request_id & FLAG_MASK)]
        return word & 0xFF if word >> 8 == request_id else 0

    def is_cancelled(self, request_id):
        return bool(self.bits(request_id) & CANCELLED)

    def slot(self, number):
        """The slot of serving thread `number`, 0-based; beyond those of the page, one that only this process sees."""
        if number >= MOST_THREADS:
            return Slot(memoryview(bytearray(THREAD_WORDS * 8)))
        at = (THREADS + number * THREAD_WORDS) * 8
        return Slot(self.bytes[at : at + THREAD_WORDS * 8])


class Slot:
    """What one serving thread says of itself: the request that it runs, since when, and its ident.

    Hot code stores by itself: doubles[START] first, so that no id stands beside the start of another, then words[ID].
    """

    __slots__ = ("words", "doubles")

    def __init__(self, memory):
        self.words = memory.cast("Q")
        self.doubles = memory.cast("d")
