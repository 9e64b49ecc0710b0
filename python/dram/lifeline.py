"""The lifeline: a FIFO that only the front holds open for writing.

When the front is gone, whatever killed it, the kernel itself sends SIGKILL to each process that
armed its lifeline, even one that is stuck in C. (PR_SET_PDEATHSIG follows the parent, which here
is the zygote, and is cleared by setuid.)
"""
import fcntl
import os
import signal
from select import POLLHUP, poll          # bound before an application may patch them

# fcntl has no name for it before Python 3.13's F_SETSIG; Linux only.
F_SETSIG = getattr(fcntl, "F_SETSIG", 10 if os.uname().sysname == "Linux" else None)


def create(path):
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:
        pass


def arm(path, before=None):
    """Binds this process's life to the front's; returns the descriptor to keep, None where it can't be done.

    `before` is the zygote's descriptor, which a worker inherits and this closes: it was opened
    while the front lived, so it tells if the front was gone before this process armed its own.
    """
    if F_SETSIG is None:
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(descriptor, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    if before is not None:
        if has_no_writer(before):
            os.kill(os.getpid(), signal.SIGKILL)
        os.close(before)
    return descriptor


def has_no_writer(descriptor):
    poller = poll()
    poller.register(descriptor, 0)
    return any(events & POLLHUP for _, events in poller.poll(0))
