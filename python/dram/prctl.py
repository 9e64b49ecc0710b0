"""What a process asks of Linux for itself, by prctl(2) or in /proc. Where it can't be asked, nothing happens.

prctl takes ctypes, which is about 2 ms to import, so it is only where something is asked.
"""
import os

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36


def ask(option, value):
    """Says if the kernel has done it."""
    try:
        # It may not be built; and on some systems no memory may be executable, which its import needs.
        import ctypes

        zero = ctypes.c_ulong(0)
        return ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), zero, zero, zero) == 0
    except Exception:
        return False


def become_subreaper():
    """Makes this process the parent of its descendants that lose theirs, also of those that it has already (Linux 4.11).

    Children don't inherit it.
    """
    return ask(PR_SET_CHILD_SUBREAPER, 1)


def stay_dumpable():
    """Keeps /proc/<pid>/fd and smaps_rollup open to our own user: setuid closes them. Children inherit it."""
    return is_dumpable() or ask(PR_SET_DUMPABLE, 1)


def is_dumpable():
    """Root owns what /proc has of a process that isn't, but for the folder itself (proc(5))."""
    try:
        return os.stat("/proc/self/fd").st_uid == os.geteuid()
    except OSError:
        return False


def be_punctual():
    """This thread, and the threads and children it begins from now on, wake up when they are due.

    Without it the kernel lets sleeps and timeouts end up to 50 µs late, to wake fewer times (timerslack, proc(5)).
    """
    try:
        with open("/proc/self/timerslack_ns", "w") as file:
            file.write("1")
    except OSError:
        pass
