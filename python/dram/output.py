"""A worker's standard output and error: FIFOs of its own, which the front reads line by line."""
import fcntl
import os
import sys
import termios


def open_both_ways(path):
    # For reading too: opening then never waits for a reader, and writing never meets a closed pipe.
    return os.open(path, os.O_RDWR | os.O_CLOEXEC)


def unread_bytes(descriptor):
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


def take_over(out, err):
    """Puts the two descriptors in the place of 1 and 2."""
    for descriptor, place in ((out, 1), (err, 2)):
        os.dup2(descriptor, place)
        os.close(descriptor)


def renew_streams():
    """Makes Python's streams anew: a print shows as soon as its line ends.

    The zygote's believe that they can seek if its output is a file. (A template's are its
    candidate's, and the application may have put others in their place.)
    """
    sys.stdout = sys.__stdout__ = line_stream(1)
    sys.stderr = sys.__stderr__ = line_stream(2)


def line_stream(descriptor):
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
