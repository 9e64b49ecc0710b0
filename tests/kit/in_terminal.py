"""Runs a command in a terminal of its own: what comes on stdin is typed there, what it shows goes to stdout.

At the command's end it says on stderr how it ended, and whether it has left the terminal as it was. When stdin ends, the
command is killed.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

CHUNK = 65536


def main(columns, command):
    terminal, held = pty.openpty()
    fcntl.ioctl(held, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    before = termios.tcgetattr(held)
    ended, end = os.pipe()
    signal.signal(signal.SIGCHLD, lambda *_: os.write(end, b"."))
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(held, termios.TIOCSCTTY, 0)
        for descriptor in range(3):
            os.dup2(held, descriptor)
        os.closerange(3, 64)
        os.execvp(command[0], command)
    relay(terminal, ended, pid)
    _, status = os.waitpid(pid, 0)
    modes = "as before" if termios.tcgetattr(held) == before else "changed"
    while select.select([terminal], [], [], 0)[0]:
        os.write(1, os.read(terminal, CHUNK))
    print("ended with %d, modes %s" % (os.waitstatus_to_exitcode(status), modes), file=sys.stderr)


def relay(terminal, ended, pid):
    sources = [0, terminal, ended]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if terminal in ready:
            os.write(1, os.read(terminal, CHUNK))
        if ended in ready:
            return
        if 0 in ready:
            typed = os.read(0, CHUNK)
            if typed:
                os.write(terminal, typed)
            else:
                sources.remove(0)
                os.kill(pid, signal.SIGKILL)


main(int(sys.argv[1]), sys.argv[2:])
