"""The probe, with pages that end their process, hang it, or take away what it stands on."""

import ctypes
import os
import resource
import signal
import socket
import sys
import threading

import probe
from probe import answer, note

if os.environ.get("DEAF") == "1":
    for deaf in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(deaf, signal.SIG_IGN)


def segfault(environ, start_response, asked):
    note(asked)
    ctypes.string_at(0)


def abort(environ, start_response, asked):
    note(asked)
    os.abort()


def overflow(environ, start_response, asked):
    """Runs out of the C stack."""
    note(asked)
    sys.setrecursionlimit(10**9)

    class Endless:
        def __getattr__(self, name):
            return getattr(self, name)

    Endless().anything


def leave(environ, start_response, asked):
    """sys.exit in the request's own thread."""
    note(asked)
    sys.exit(int(asked["code"]))


def replace(environ, start_response, asked):
    """Another program in its place: every descriptor closes, the process stays."""
    note(asked)
    os.execv("/bin/sleep", ["sleep", "300"])


def close_all(environ, start_response, asked):
    """What careless daemons do."""
    note(asked)
    os.closerange(3, 4096)
    return answer(start_response, "closed")


def close_output(environ, start_response, asked):
    os.close(1)
    os.close(2)
    try:
        print("nobody hears this")
    except OSError:
        pass
    return answer(start_response, "silent")


def hang(environ, start_response, asked):
    """In C, with the GIL held: not a line of Python runs in this process meanwhile."""
    note(asked)
    if asked.get("where", "c") == "c":
        while True:
            ctypes.PyDLL(None).sleep(300)      # a signal ends one
    elif asked["where"] == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        pass


def fork(environ, start_response, asked):
    """A child that runs on with everything it inherited: sockets, pipes, the page."""
    note(asked)
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    return answer(start_response, str(pid))


def fork_and_answer(environ, start_response, asked):
    """The child comes back through the application's frames, as a forgotten os._exit() has it."""
    note(asked)
    pid = os.fork()
    return answer(start_response, "child" if pid == 0 else "parent %d" % pid)


def raw(environ, start_response, asked):
    """Descriptor 1 without a newline, without an encoding."""
    os.write(1, b"half a line \xff\xfe\x00 of ")
    os.write(1, asked["word"].encode() + b"\n")
    return answer(start_response, "written")


def exhaust(environ, start_response, asked):
    """More memory than it may have, in so many bytes."""
    note(asked)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as sizes:
        now = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 64 * 1024 * 1024, hard))
    try:
        bytearray(int(asked["size"]))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def thread_dies(environ, start_response, asked):
    """A thread of the application's own that raises."""
    died = threading.Thread(target=lambda: 1 / 0)
    died.start()
    died.join()
    return answer(start_response, "it died")


def descriptors(environ, start_response, asked):
    """Uses up what it may open, and answers meanwhile."""
    note(asked)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    held = []
    try:
        while True:
            held.append(socket.socket())
    except OSError:
        pass
    KEPT.append(held)
    return answer(start_response, str(len(held)))


KEPT = []

probe.PAGES.update(
    {
        "segfault": segfault,
        "abort": abort,
        "overflow": overflow,
        "leave": leave,
        "replace": replace,
        "close-all": close_all,
        "close-output": close_output,
        "hang": hang,
        "fork": fork,
        "fork-and-answer": fork_and_answer,
        "raw": raw,
        "exhaust": exhaust,
        "thread-dies": thread_dies,
        "descriptors": descriptors,
    }
)

application = probe.application
