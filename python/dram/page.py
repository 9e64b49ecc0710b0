"""The state page: a small file of 8-byte words that a worker and the front share."""
import mmap
import os

from .frames import PAGE

MAGIC = PAGE["magic"]
ENTERED = PAGE["entered"]
FLAGS = PAGE["flags"]
FLAG_MASK = PAGE["flagWords"] - 1
CANCELLED = PAGE["CANCELLED"]


def create(path):
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(MAGIC.to_bytes(8, "little"))
        file.truncate(PAGE["words"] * 8)


class Page:
    """The page as its worker sees it. A store to `words` is one aligned 8-byte store."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.words = memoryview(mmap.mmap(file.fileno(), PAGE["words"] * 8)).cast("Q")

    def bits(self, request_id):
        """The flags the front has set for this request."""
        word = self.words[FLAGS + (request_id & FLAG_MASK)]
        return word & 0xFF if word >> 8 == request_id else 0

    def is_cancelled(self, request_id):
        return bool(self.bits(request_id) & CANCELLED)
