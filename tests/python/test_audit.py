"""What a candidate finds in itself once it has loaded an application."""
import sys
import unittest

import support  # noqa: F401 (loads our package)
from _dram import audit, procfs
from test_template import TemplateCase
from test_zygote import APP

# What an application does while it is loaded, and what must be found: a pattern for each sentence.
FOUND = {
    "a thread": (
        "import threading, time\ndef poll(): time.sleep(1000)\n"
        "threading.Thread(target=poll, name='poller', daemon=True).start()",
        [r"the thread 'poller' runs \(myapp\.poll\)"],
    ),
    "a thread of its own type": (
        "import threading, time\nclass Poller(threading.Thread):\n    def run(self): time.sleep(1000)\n"
        "Poller(name='mine', daemon=True).start()",
        [r"the thread 'mine' runs \(myapp\.Poller\)"],
    ),
    "a thread that threading doesn't know": (
        "import _thread, time\nbegun = _thread.allocate_lock()\nbegun.acquire()\n"
        "def poll():\n    begun.release()\n    time.sleep(1000)\n"
        "_thread.start_new_thread(poll, ())\nbegun.acquire()",
        [r"a thread runs, started with poll in .*/myapp\.py"],
    ),
    "a native thread": (
        "import faulthandler\nfaulthandler.dump_traceback_later(1000)",
        [r"a native thread runs"],
    ),
    "a TCP connection": (
        "import socket\nlistener = socket.create_server(('127.0.0.1', 0))\n"
        "class Pool: pass\npool = Pool()\npool.free = [socket.create_connection(listener.getsockname())]",
        [
            r"a TCP socket that listens on 127\.0\.0\.1:\d+ is open \(myapp:listener\)",
            r"a TCP connection to 127\.0\.0\.1:\d+ is open \(myapp:pool\)",
        ],
    ),
    "a UDP socket": (
        "import socket\nstatsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "statsd.connect(('127.0.0.1', 9))",
        [r"a UDP connection to 127\.0\.0\.1:9 is open \(myapp:statsd\)"],
    ),
    "Unix sockets": (
        "import socket\npair = socket.socketpair()\n"
        "log = socket.socket(socket.AF_UNIX)\nlog.bind('there')\nlog.listen()",
        [
            r"an end of a Unix socket pair is open \(myapp:pair\) \(2 times\)",
            r"a Unix socket that listens on there is open \(myapp:log\)",
        ],
    ),
    "an SQLite connection": (
        "import sqlite3\ndb = sqlite3.connect('app.db')\ndb.execute('create table t (a)')",
        [r"the SQLite database .*/app\.db is open \(myapp:db\)"],
    ),
    "an SQLite connection with a log beside it": (
        "import sqlite3\ndb = sqlite3.connect('app.file')\ndb.execute('pragma journal_mode = wal')\n"
        "db.execute('create table t (a)')",
        [r"the SQLite database .*/app\.file is open \(myapp:db\)"],
    ),
    "an SQLite connection for reading": (
        "import sqlite3\nsqlite3.connect('read.file').execute('create table t (a)')\n"
        "db = sqlite3.connect('file:read.file?mode=ro', uri=True)\ndb.execute('select * from t')",
        [r"the SQLite database .*/read\.file is open \(myapp:db\)"],
    ),
    "epoll": (
        "import select\nwatch = select.epoll()",
        [r"an epoll descriptor is open \(myapp:watch\)"],
    ),
    "a file for writing": (
        "import logging\nlogging.basicConfig(filename='my.log')",
        [r"the file .*/my\.log, for writing, is open \(.*\)"],
    ),
    "a pipe": (
        "import os\nends = os.pipe()",
        [r"a pipe is open \(2 times\)"],
    ),
    "a child": (
        "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nimport atexit\natexit.register(child.kill)",
        [r"there is a child process, \d+ \(.*\)"],
    ),
    "a child that has ended": (
        "import os\nif os.fork() == 0: os._exit(0)\nos.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)",
        [r"there is a child process, \d+ \(.*\)"],
    ),
    "a signal handler": (
        "import signal\ndef stop(number, frame): pass\nsignal.signal(signal.SIGTERM, stop)\n"
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)",
        [r"SIGALRM is handled by SIG_IGN", r"SIGTERM is handled by myapp\.stop"],
    ),
    "a native signal handler": (
        "import faulthandler, signal\nfaulthandler.register(signal.SIGALRM)",
        [r"SIGALRM is handled by a native library"],
    ),
    "random generators": (
        "import random\nseeded = random.Random(5)\nclass Dice: pass\ndice = Dice()\ndice.chance = random.Random()",
        [
            r"a random generator, random\.Random, would go on alike in every worker \(myapp:seeded\)",
            r"a random generator, random\.Random, would go on alike in every worker \(myapp:dice\)",
        ],
    ),
    "an event loop": (
        "import asyncio\nloop = asyncio.new_event_loop()\nasyncio.set_event_loop(loop)",
        [r"an asyncio event loop is open \(.*\)"],
    ),
    "a temporary folder": (
        "import tempfile\nscratch = tempfile.TemporaryDirectory()",
        [r"the first worker to end would remove the temporary folder .* \(myapp:scratch\)"],
    ),
    "its output elsewhere": (
        "import os\nos.dup2(os.open('my.log', os.O_WRONLY | os.O_CREAT), 1)",
        [r"the file .*/my\.log, for writing, is open", r"the file .*/my\.log, for writing, is open \(sys:.*\)"],
    ),
}
NUMPY = """
import numpy.random
from numpy.random import mtrand
rng = numpy.random.Generator()
"""
CLEAN = """
import asyncio, concurrent.futures, faulthandler, logging, logging.config, os, random, secrets, signal, socket
import sqlite3, ssl, subprocess, tempfile, threading, urllib.request, uuid

asyncio.run(asyncio.sleep(0))
closed = asyncio.new_event_loop()
closed.close()
executor = concurrent.futures.ThreadPoolExecutor()
faulthandler.enable()
logging.basicConfig()
random.seed(5)
drawn = random.random(), random.SystemRandom().random(), uuid.uuid4(), secrets.token_hex()
secure = random.SystemRandom()
socket.socketpair()
memory = sqlite3.connect(":memory:")
context = ssl.create_default_context()
subprocess.check_output(["true"])
with tempfile.TemporaryDirectory():
    pass
source = open(__file__)
null = open(os.devnull, "w")
folder = os.open(".", os.O_RDONLY)
done = threading.Thread(target=len, args=("",))
done.start()
done.join()


class Proxy:
    @property
    def __class__(self):
        raise RuntimeError("asked")

    def __getattr__(self, name):
        raise RuntimeError("asked")


proxy = Proxy()
"""


@unittest.skipUnless(sys.platform == "linux", "audits need /proc")
class Findings(TemplateCase):
    def findings(self, source, **config):
        zygote, front, _, template, findings = self.candidate(source + "\n" + APP, **config)
        template.tell(cmd="work")
        front.next("READY")
        front.tell("STOP")      # so that it ends what it has started
        zygote.event("exited")
        return findings

    def test_each_kind(self):
        for name, (source, patterns) in FOUND.items():
            with self.subTest(name):
                findings = self.findings(source)
                self.assertEqual(len(findings), len(patterns), findings)
                for finding, pattern in zip(sorted(findings), sorted(patterns)):
                    self.assertRegex(finding, "^%s$" % pattern)

    def test_nothing(self):
        self.assertEqual(self.findings(CLEAN), [])

    def test_proxies_are_not_asked(self):
        findings = self.findings(CLEAN + "held = socket.socket()\n")
        self.assertEqual(findings, ["a TCP socket on 0.0.0.0:0 is open (myapp:held)"])

    def test_generators_of_numpy(self):
        self.write("numpy/__init__.py", "")
        self.write("numpy/random/__init__.py", "class Generator: pass\nclass RandomState: pass\n")
        self.write("numpy/random/mtrand.py", "from numpy.random import RandomState\n_rand = RandomState()\n")
        findings = self.findings(NUMPY)
        self.assertEqual(
            findings, ["a random generator, numpy.random.Generator, would go on alike in every worker (myapp:rng)"]
        )

    def test_modules_that_the_zygote_has_loaded_already(self):
        findings = self.findings("import socket\nsocket.held = socket.socket()\n")
        self.assertEqual(findings, ["a TCP socket on 0.0.0.0:0 is open (socket:held)"])


class Broken(unittest.TestCase):
    def missing(self):
        raise FileNotFoundError("/proc")

    def test_without_proc_it_cannot_be_made(self):
        self.addCleanup(setattr, procfs, "threads", procfs.threads)
        procfs.threads = self.missing
        self.assertEqual(audit.Audit().findings(), [audit.CANNOT])

    @unittest.skipUnless(sys.platform == "linux", "audits need /proc")
    def test_an_audit_that_fails_finds_that(self):
        made = audit.Audit()
        self.addCleanup(setattr, procfs, "threads", procfs.threads)
        self.addCleanup(setattr, sys, "excepthook", sys.excepthook)
        procfs.threads, sys.excepthook = self.missing, lambda *failure: None
        self.assertEqual(made.findings(), ["the audit has failed: FileNotFoundError: /proc"])


if __name__ == "__main__":
    unittest.main()
