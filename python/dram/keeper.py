"""The keeper: sends the service manager what the front can't, since Node has no Unix datagrams.

Started by path, with the front's pipe as descriptor 3, where NOTIFY_SOCKET is set. It takes one JSON
object a line, `{"cmd": "notify", "text": "READY=1\\nSTATUS=…"}`, and ends at the end of file.
"""
import os
import sys

# The folder this lies in, and PYTHONPATH's, hold modules that aren't the standard library's.
HERE = os.path.dirname(os.path.abspath(__file__))
FOREIGN = {HERE, *map(os.path.abspath, os.environ.get("PYTHONPATH", HERE).split(os.pathsep))}
FOREIGN.discard(os.path.dirname(os.path.abspath(os.__file__)))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) not in FOREIGN]

import json  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402

FRONT_FD = 3
# What is sent to the whole group is for the front to obey; the keeper ends with it.
GROUP_SIGNALS = [getattr(signal, "SIG" + name) for name in "INT TERM HUP QUIT USR1 USR2 TTIN TTOU".split()]


def ignore(number, frame):
    pass


def address_of(name):
    """`/path`, or `@name` of Linux's abstract namespace, as sd_notify(3) has it."""
    return "\0" + name[1:] if name.startswith("@") else name


def notify(address, text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        sender.sendall(text.encode("utf-8"))


def obey(line, address):
    try:
        command = json.loads(line)
        if command["cmd"] == "notify":
            notify(address, command["text"])
    except (ValueError, KeyError, TypeError):
        print("keeper: not a command: %r" % line, file=sys.stderr, flush=True)
    except OSError as error:
        print("keeper: cannot notify %s: %s" % (os.environ["NOTIFY_SOCKET"], error), file=sys.stderr, flush=True)


def run():
    for number in GROUP_SIGNALS:
        signal.signal(number, ignore)
    address = address_of(os.environ["NOTIFY_SOCKET"])
    with socket.socket(fileno=FRONT_FD) as front, front.makefile("rb") as lines:
        try:
            for line in lines:
                obey(line, address)
        except ConnectionError:
            pass      # the front has ended in haste


if __name__ == "__main__":
    run()
