"""The state page: a small file of 8-byte words that a worker and its fronts share."""
import mmap
import os

from .frames import ID_BITS, PAGE

MAGIC = PAGE["magic"]
THREADS = PAGE["threads"]
THREAD_WORDS = PAGE["threadWords"]
MOST_THREADS = PAGE["mostThreads"]
SECTIONS = PAGE["sections"]
SECTION_WORDS = PAGE["sectionWords"]
FRONT_SHIFT = PAGE["frontShift"]

# Words of a section.
ENTERED = PAGE["entered"]
FLAGS = PAGE["flags"]
FLAG_MASK = PAGE["flagWords"] - 1
CANCELLED = PAGE["CANCELLED"]

ID, START, IDENT = range(THREAD_WORDS)     # the words of a slot
STANDING = float("inf")                    # the start of a request whose clock stands still

assert ID_BITS < FRONT_SHIFT


def create(path, fronts=1):
    size = (SECTIONS + fronts * SECTION_WORDS) * 8
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        # Written out, not truncated to its size: a store into a hole on a full disk is SIGBUS.
        file.write(MAGIC.to_bytes(8, "little").ljust(size, b"\0"))


class Page:
    """The page as its worker sees it. A store to `words` is one aligned 8-byte store."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.bytes = memoryview(mmap.mmap(file.fileno(), 0))
        self.words = self.bytes.cast("Q")

    def section(self, front):
        """What this worker and one of its fronts share."""
        at = SECTIONS + front * SECTION_WORDS
        return Section(self.words[at : at + SECTION_WORDS])

    def slot(self, number):
        """The slot of serving thread `number`, 0-based; beyond those of the page, one that only this process sees."""
        if number >= MOST_THREADS:
            return Slot(memoryview(bytearray(THREAD_WORDS * 8)))
        at = (THREADS + number * THREAD_WORDS) * 8
        return Slot(self.bytes[at : at + THREAD_WORDS * 8])


class Section:
    """The position of the last request entered of one front, and what that says of its clients."""

    __slots__ = ("words",)

    def __init__(self, words):
        self.words = words

    def bits(self, request_id):
        """The flags the front has set for this request."""
        word = self.words[FLAGS + (request_id & FLAG_MASK)]
        return word & 0xFF if word >> 8 == request_id else 0

    def is_cancelled(self, request_id):
        return bool(self.bits(request_id) & CANCELLED)


class Slot:
    """What one serving thread says of itself: the request that it runs, since when, and its ident.

    The request is named by its id and its front: see Line.key. Hot code stores by itself: doubles[START] first, so
    that no id stands beside the start of another, then words[ID].
    """

    __slots__ = ("words", "doubles")

    def __init__(self, memory):
        self.words = memory.cast("Q")
        self.doubles = memory.cast("d")
