"""wsgi.file_wrapper, and which files the front can send by itself."""
import io
import os
import stat
from fcntl import fcntl

LINUX = os.path.isdir("/proc/self/fd")
splice = getattr(os, "splice", None)      # Linux, from Python 3.10 on
F_SETPIPE_SZ = 1031
PIPE_BYTES = 1024 * 1024                  # fs.pipe-max-size, beyond which only root gets more


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

    __slots__ = ("descriptor", "offset", "length", "device", "inode", "path", "is_fixed")

    def __init__(self, descriptor, offset, facts, path, is_fixed):
        self.descriptor = descriptor
        self.offset = offset
        self.length = max(facts.st_size - offset, 0)
        self.device = facts.st_dev
        self.inode = facts.st_ino
        self.path = path
        self.is_fixed = is_fixed      # not open for writing: nobody writes the next answer into a temporary file

    def advance(self, count):
        self.offset += count
        self.length -= count

    def read(self, count):
        data = os.pread(self.descriptor, min(count, self.length), self.offset)
        self.advance(len(data))
        return data


class Pipe:
    """Carries pages of files to a socket without a copy. Unlike sendfile(), it says how many before any leaves."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        try:
            fcntl(self.writer, F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass        # this user has many pipes: it takes less at a time

    def take(self, region, count):
        """Takes the next bytes of a file, as many as there is room for; returns how many, 0 where it can't."""
        try:
            return splice(region.descriptor, self.writer, count, offset_src=region.offset)
        except OSError:
            return 0        # not every file system can

    def give(self, socket, count):
        """Gives all that was taken to a socket."""
        descriptor = socket.fileno()
        try:
            while count:
                count -= splice(self.reader, descriptor, count)
        except ConnectionError:
            raise
        except OSError:
            # Half a frame has left: the other half must follow, however it can.
            while count:
                data = os.read(self.reader, count)
                socket.sendall(data)
                count -= len(data)

    def close(self):
        os.close(self.reader)
        os.close(self.writer)


def can_splice(region):
    """Whether its pages may go out as they are: what is written to them on their way would go out, too."""
    return region.is_fixed and splice is not None


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
        return Region(descriptor, file.tell(), facts, name, not raw.writable())
    except (OSError, ValueError, TypeError):
        return None
