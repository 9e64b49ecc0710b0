"""Leaves things behind when it is loaded, as the variable LEAVES says, and tells which process ran what."""

import os

import probe
from probe import answer

NOTES = os.environ.get("NOTES", "/dev/null")


def say(text):
    with open(NOTES, "ab", 0) as notes:
        notes.write(("%s %d\n" % (text, os.getpid())).encode())


def thread():
    import threading

    threading.Thread(target=threading.Event().wait, daemon=True, name="made-at-import").start()


def sockets():
    import socket

    return socket.socketpair()


def sqlite():
    import sqlite3

    connection = sqlite3.connect(os.environ["DATABASE"])
    connection.execute("create table if not exists things (name text)")
    return connection


def epoll():
    import select

    return select.epoll()


def loop():
    import asyncio

    return asyncio.new_event_loop()


def child():
    import subprocess

    return subprocess.Popen(["sleep", "300"])


def handler():
    import signal

    signal.signal(signal.SIGUSR2, lambda *_: None)


def generator():
    import random

    return random.Random(7)


def nothing():
    return None


def ballast():
    """Read once, shared by all: some sixty megabytes."""
    return [str(number) * 4 for number in range(700_000)]


HELD = [globals()[name]() for name in os.environ.get("LEAVES", "nothing").split(",")]
say("load")

try:
    import dram
except ImportError:
    pass
else:

    @dram.postfork
    def connected():
        say("postfork")


def parent(environ, start_response, asked):
    return answer(start_response, str(os.getppid()))


probe.PAGES.update({"parent": parent})
application = probe.application
