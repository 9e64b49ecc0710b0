"""prctl(2), through ctypes: what a process asks of Linux for itself. Where it can't be asked, nothing happens."""
try:
    import ctypes
except Exception:      # not built; or no memory may be executable, which its import needs on some systems
    ctypes = None

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36


def ask(option, value):
    """Says if the kernel has done it."""
    try:
        zero = ctypes.c_ulong(0)
        return ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), zero, zero, zero) == 0
    except Exception:
        return False


def become_subreaper():
    """Makes this process the parent of its descendants that lose theirs. Children don't inherit it."""
    return ask(PR_SET_CHILD_SUBREAPER, 1)


def stay_dumpable():
    """Keeps /proc/<pid>/fd and smaps_rollup open to our own user: setuid closes them. Children inherit it."""
    return ask(PR_SET_DUMPABLE, 1)
