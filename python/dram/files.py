"""wsgi.file_wrapper, and which files the front can send by itself."""
import io
import os
import stat

LINUX = os.path.isdir("/proc/self/fd")


class FileWrapper:
    """PEP 3333's wsgi.file_wrapper: an iterable over a file-like object, for whoever iterates it."""

    def __init__(self, filelike, block_size=64 * 1024):
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.block_size)
        if data:
            return data
        raise StopIteration


class Region:
    """The rest of a regular file, from its position on."""

    __slots__ = ("descriptor", "offset", "length", "device", "inode", "path")

    def __init__(self, descriptor, offset, facts, path):
        self.descriptor = descriptor
        self.offset = offset
        self.length = max(facts.st_size - offset, 0)
        self.device = facts.st_dev
        self.inode = facts.st_ino
        self.path = path

    def read(self, count):
        data = os.pread(self.descriptor, min(count, self.length), self.offset)
        self.offset += len(data)
        self.length -= len(data)
        return data


def may_be_file(kind):
    """Whether region_of() may find a file in an object of this type."""
    return issubclass(kind, (FileWrapper, io.IOBase)) or kind.__name__ == "_TemporaryFileWrapper"


def region_of(chunks):
    """The Region that an application's iterable stands for; None if it has to be iterated.

    Only the plain file types count: others that have a fileno() may not mean its bytes (gzip's
    is that of the compressed file).
    """
    file = chunks.filelike if type(chunks) is FileWrapper else chunks
    if type(file).__name__ == "_TemporaryFileWrapper":      # tempfile's; the module is too heavy to import for it
        file = getattr(file, "file", None)
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
    if type(raw) is not io.FileIO or not raw.readable():
        return None
    try:
        if file is not raw and file.writable():
            file.flush()
        descriptor = raw.fileno()
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return None
        name = "/proc/%d/fd/%d" % (os.getpid(), descriptor) if LINUX else os.path.abspath(os.fsdecode(raw.name))
        return Region(descriptor, file.tell(), facts, name)
    except (OSError, ValueError, TypeError):
        return None
