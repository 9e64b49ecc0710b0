"""What /proc says of processes; OSError where there is none."""
import os


def stat(pid="self"):
    """The name of a process, and the fields of its `stat` from the third on (proc(5) counts from 1)."""
    with open("/proc/%s/stat" % pid, "rb") as file:
        before, _, after = file.read().rpartition(b")")
    return before.partition(b"(")[2].decode("utf-8", "replace"), after.split()


def arguments_at():
    """Where in memory this process's arguments are: their first address and the one after their last."""
    _, fields = stat()
    return int(fields[45]), int(fields[46])


def children(pid):
    """The pids of a process's children, those that have ended but aren't reaped among them, and their names."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                name, fields = stat(entry)
            except OSError:
                continue      # it has gone meanwhile
            if int(fields[1]) == pid:
                found[int(entry)] = name
    return found


def threads():
    """This process's native threads: id → name."""
    found = {}
    for entry in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/%s/comm" % entry, encoding="utf-8", errors="replace") as file:
                found[int(entry)] = file.read().rstrip("\n")
        except OSError:
            continue
    return found


def descriptors(pid="self"):
    """Open descriptors: number → what /proc names it."""
    found = {}
    folder = "/proc/%s/fd" % pid
    for entry in os.listdir(folder):
        try:
            found[int(entry)] = os.readlink(os.path.join(folder, entry))
        except OSError:
            continue      # the one that listed the folder
    return found


def dispositions():
    """Which signals are ignored and which have a handler, Python's or any other: two sets of numbers."""
    masks = {}
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("SigIgn", "SigCgt"):
                masks[name] = int(value, 16)
    return [{bit + 1 for bit in range(64) if masks[name] >> bit & 1} for name in ("SigIgn", "SigCgt")]
