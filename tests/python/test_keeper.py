"""The keeper, as a process: lines in, datagrams out."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from support import PATIENCE_SECONDS, RUNTIME

KEEPER = os.path.join(RUNTIME, "keeper.py")


class Keeper(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(PATIENCE_SECONDS)
        self.addCleanup(self.manager.close)

    def start(self, address, **environ):
        self.front, theirs = socket.socketpair()
        self.addCleanup(self.front.close)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, KEEPER],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                close_fds=False,
                preexec_fn=lambda: os.dup2(theirs.fileno(), 3),
                cwd=self.folder,
                env={**os.environ, "NOTIFY_SOCKET": address, **environ},
            )
        self.addCleanup(self.end)

    def end(self):
        self.front.close()
        try:
            self.process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            self.process.kill()

    def test_datagrams(self):
        path = os.path.join(self.folder, "notify")
        self.manager.bind(path)
        self.start(path)
        self.front.sendall(b'{"cmd":"notify","text":"READY=1\\nSTATUS=\\u00e4"}\n{"cmd":"notify",')
        self.assertEqual(self.manager.recv(1000).decode(), "READY=1\nSTATUS=ä")
        self.front.sendall(b'"text":"STOPPING=1"}\n')
        self.assertEqual(self.manager.recv(1000), b"STOPPING=1")
        self.front.close()
        self.assertEqual(self.process.wait(PATIENCE_SECONDS), 0)

    def test_an_extension_with_nothing_to_do_here(self):
        self.start("")
        self.front.settimeout(PATIENCE_SECONDS)
        question = {"cmd": "ask", "id": 1, "module": "waitress", "name": "moment", "facts": {}}
        self.front.sendall((json.dumps(question) + "\n").encode())
        self.assertEqual(json.loads(self.front.recv(1000)), {"id": 1, "answer": None})

    def test_datagrams_to_others_are_lost_rather_than_waited_for(self):
        path = os.path.join(self.folder, "log")
        self.start("")
        self.front.settimeout(PATIENCE_SECONDS)

        def send(*texts):
            self.front.sendall((json.dumps({"cmd": "datagrams", "to": path, "texts": texts}) + "\n").encode())

        send("nobody is there")
        told = json.loads(self.front.recv(1000))
        self.assertEqual((told["undelivered"], told["to"]), (1, path))
        self.assertIn("No such file", told["why"])
        self.manager.bind(path)
        send("<14>now", "ä")
        self.assertEqual(self.manager.recv(1000), b"<14>now")
        self.assertEqual(self.manager.recv(1000).decode(), "ä")
        self.assertEqual(json.loads(self.front.recv(1000)), {"undelivered": 1, "to": path, "why": ""})
        send(*["x" * 1000] * 5000)      # more than the socket holds, and nobody reads
        self.assertEqual(json.loads(self.front.recv(1000))["undelivered"], 1)

    @unittest.skipUnless(sys.platform == "linux", "abstract names are Linux's")
    def test_abstract_names(self):
        name = "dram-test-%d" % os.getpid()
        self.manager.bind("\0" + name)
        self.start("@" + name)
        self.front.sendall(b'{"cmd":"notify","text":"WATCHDOG=1"}\n')
        self.assertEqual(self.manager.recv(1000), b"WATCHDOG=1")

    def test_goes_on_after_what_fails(self):
        path = os.path.join(self.folder, "notify")
        self.start(path)
        self.front.sendall(b'{"cmd":"notify","text":"1"}\nnonsense\n[]\n{"cmd":"notify"}\n{"cmd":"other"}\n')
        self.assertIn(b"cannot notify", self.front.recv(1000))
        said = [self.process.stderr.readline() for _ in range(3)]
        self.assertIn(b"nonsense", said[0])
        self.manager.bind(path)
        self.front.sendall(b'{"cmd":"notify","text":"2"}\n')
        self.assertEqual(self.manager.recv(1000), b"2")

    def test_signals_to_the_group_are_quiet(self):
        path = os.path.join(self.folder, "notify")
        self.manager.bind(path)
        self.start(path)
        self.front.sendall(b'{"cmd":"notify","text":"1"}\n')
        self.manager.recv(1000)
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "TTIN", "TTOU"):
            self.process.send_signal(getattr(signal, "SIG" + name))
        self.front.sendall(b'{"cmd":"notify","text":"2"}\n')
        self.assertEqual(self.manager.recv(1000), b"2")

    def test_modules_of_others_are_not_imported(self):
        path = os.path.join(self.folder, "notify")
        for name in ("json", "signal", "socket"):
            with open(os.path.join(self.folder, name + ".py"), "w") as file:
                file.write("raise RuntimeError('the wrong module')\n")
        self.manager.bind(path)
        self.start(path, PYTHONPATH=self.folder)
        self.front.sendall(b'{"cmd":"notify","text":"1"}\n')
        self.assertEqual(self.manager.recv(1000), b"1")


if __name__ == "__main__":
    unittest.main()
