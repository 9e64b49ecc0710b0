"""A process's title, as ps and top show it: written over the arguments it was started with.

The front starts Python with an argument of spaces, so that there is room. Memory is written through
/proc/self/mem, where a wrong address is an error and not the end of the process.
"""
import os

from . import procfs

LONGEST_NAME = 15      # bytes: TASK_COMM_LEN without its NUL


def set_title(base, role):
    """`base` is the server's name, `role` what this process is to it; where it can't be set, nothing happens."""
    base = base.replace("\0", "")
    try:
        overwrite_arguments("%s %s" % (base, role))
        rename(base, role)
    except (OSError, ValueError, IndexError, OverflowError):
        pass


def overwrite_arguments(title):
    start, end = procfs.arguments_at()
    room = end - start
    with open("/proc/self/cmdline", "rb") as file:
        arguments = file.read()
    # A last byte that isn't NUL, or another length, means that somebody else has written here.
    if not start or len(arguments) != room or not arguments.endswith(b"\0"):
        return
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        if os.pread(memory.fileno(), room, start) == arguments:
            os.pwrite(memory.fileno(), cut(title, room - 1).ljust(room, b"\0"), start)


def rename(base, role):
    """The short name: the role stays whole, the server's name is cut."""
    room = LONGEST_NAME - len(role) - 1
    base = cut(base, max(room, 0)).decode().rstrip(" :")
    with open("/proc/self/comm", "wb", buffering=0) as file:
        file.write(cut(("%s %s" % (base, role)).strip(), LONGEST_NAME))


def cut(text, most):
    """The text's first bytes, `most` of them or one character's less."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").encode()
