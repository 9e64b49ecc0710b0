"""What a descriptor is, in words."""
import collections
import fcntl
import os
import re
import socket
import stat

from . import procfs

Opened = collections.namedtuple("Opened", "link device inode")

SQLITE_MAGIC = b"SQLite format 3\0"
SQLITE_COMPANION = re.compile(r"-(journal|wal|shm)$")
SQLITE_ENDING = re.compile(r"\.(db|sqlite|sqlite3)$")
STATELESS_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def all_open():
    """Open descriptors: number → Opened, by which it is known again. Raises OSError where there is no /proc."""
    found = {}
    for number, link in procfs.descriptors().items():
        try:
            status = os.fstat(number)
        except OSError:
            continue
        found[number] = Opened(link, status.st_dev, status.st_ino)
    return found


def describe(number, new):
    """What a descriptor of `new` is; None if it is no danger, or a part of what another one is."""
    link = new[number].link
    mode = os.fstat(number).st_mode
    if stat.S_ISSOCK(mode):
        return describe_socket(number)
    if stat.S_ISREG(mode):
        return describe_file(number, link, {opened.link for opened in new.values()})
    if stat.S_ISDIR(mode) or link in STATELESS_DEVICES:
        return None
    if stat.S_ISFIFO(mode):
        return "a pipe" if link.startswith("pipe:") else "the FIFO %s" % link
    if link.startswith("anon_inode:"):
        kind = link.partition(":")[2].strip("[]").replace("eventpoll", "epoll")
        return "%s %s descriptor" % ("an" if kind[:1] in "aeiou" else "a", kind)
    return link


def describe_file(number, link, links):
    """A file that is only read is no danger, unless it is a database."""
    stem = SQLITE_COMPANION.sub("", link)
    if stem != link and stem in links:
        return None
    if is_sqlite(number, link):
        return "the SQLite database %s" % link
    if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        return None
    return "the file %s, for writing," % link


def is_sqlite(number, link):
    try:
        begin = os.pread(number, len(SQLITE_MAGIC), 0)
    except OSError:      # it is for writing only
        begin = b""
    return begin == SQLITE_MAGIC or (begin == b"" and SQLITE_ENDING.search(link) is not None)


def describe_socket(number):
    with socket.socket(fileno=os.dup(number)) as copy:
        if copy.family == socket.AF_UNIX:
            kind = "Unix"
        elif copy.family in (socket.AF_INET, socket.AF_INET6):
            kind = "UDP" if copy.type == socket.SOCK_DGRAM else "TCP"
        else:
            return "a socket of the family %s" % getattr(copy.family, "name", copy.family)
        own, peer = address(copy.getsockname), address(copy.getpeername)
        if listens(copy):
            return "a %s socket that listens on %s" % (kind, own)
        if peer:
            return "a %s connection to %s" % (kind, peer)
        if kind == "Unix" and not own:
            return "a Unix socket of no address" if peer is None else "an end of a Unix socket pair"
        return "a %s socket on %s" % (kind, own) if own else "a %s socket" % kind


def listens(copy):
    try:
        return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def address(ask):
    """An address as text, empty if it has none; None if it can't be asked, since nobody is at that end."""
    try:
        found = ask()
    except OSError:
        return None
    if isinstance(found, tuple):
        return ("[%s]:%d" if ":" in found[0] else "%s:%d") % found[:2]
    return found.decode("utf-8", "replace").replace("\0", "@", 1) if isinstance(found, bytes) else found
