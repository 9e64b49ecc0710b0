"""What a worker needs before it is forked: its socket, its output, its state page, its stack file."""
import os
import socket

from . import output, page

# Twice the most fronts there may be (--fronts): the kernel refuses at once what would have to wait longer.
BACKLOG = 128
ENDINGS = {"socket": ".sock", "out": ".out", "err": ".err", "page": ".page", "stack": ".stack"}
TEMPLATE_ENDING = ".template"


class Place:
    """The files of one worker, by name as `forked` tells them, and what is open of them until it is forked."""

    def __init__(self, folder, number, is_candidate, fronts=1):
        base = os.path.join(folder, "w%d" % number)
        self.number = number
        self.fronts = fronts
        self.files = {name: base + ending for name, ending in ENDINGS.items()}
        if is_candidate:
            self.files["template"] = base + TEMPLATE_ENDING
        self.listener = None
        self.template = None      # where a candidate tells what it found, and a template takes its commands
        self.outputs = []

    def make(self):
        for path in self.files.values():
            remove(path)
        page.create(self.files["page"], self.fronts)
        create(self.files["stack"])
        self.listener = listen(self.files["socket"])
        if "template" in self.files:
            self.template = listen(self.files["template"])
        for name in ("out", "err"):
            os.mkfifo(self.files[name], 0o600)
            self.outputs.append(output.open_both_ways(self.files[name]))

    def close_listeners(self):
        for listener in (self.listener, self.template):
            if listener is not None:
                listener.close()

    def abandon(self):
        self.close_listeners()
        for descriptor in self.outputs:
            os.close(descriptor)


def make(folder, number, is_candidate, fronts=1):
    """Makes the place of worker `number`. Raises OSError, and leaves nothing open then."""
    place = Place(folder, number, is_candidate, fronts)
    mask = os.umask(0o077)      # whatever --umask says: these are between the front and us
    try:
        place.make()
    except OSError:
        place.abandon()
        raise
    finally:
        os.umask(mask)
    return place


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(None)      # a template's application may have called socket.setdefaulttimeout()
    try:
        os.set_blocking(listener.fileno(), True)      # of a kind that gevent has patched it isn't, whatever its timeout
        listener.bind(path)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def create(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
