"""gunicorn.conf.py, as the keeper reads it."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from support import PATIENCE_SECONDS, RUNTIME

KEEPER = os.path.join(RUNTIME, "keeper.py")
NAMES = ["bind", "workers", "worker_class", "raw_env", "logconfig_dict", "cert_reqs", "umask", "on_starting"]
NAMES += ["post_fork", "pre_request", "post_request", "nworkers_changed"]


class KeeperProcess:
    """A keeper, and the front's side of its socket."""

    def __init__(self, folder, **environ):
        self.folder = folder
        self.front, theirs = socket.socketpair()
        self.front.settimeout(PATIENCE_SECONDS)
        self.lines = self.front.makefile("rb")
        self.last = 0
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, KEEPER],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                close_fds=False,
                preexec_fn=lambda: os.dup2(theirs.fileno(), 3),
                cwd=folder,
                env={**os.environ, **environ},
            )

    def tell(self, **command):
        self.front.sendall((json.dumps(command) + "\n").encode())

    def heard(self):
        return json.loads(self.lines.readline())

    def ask(self, name, **facts):
        self.last += 1
        self.tell(cmd="ask", id=self.last, module="gunicorn", name=name, facts=facts)
        return self.heard()

    def read(self, location=None):
        return self.ask("read", location=location, folder=self.folder, names=NAMES)

    def end(self):
        """What it printed."""
        self.lines.close()
        self.front.close()
        try:
            return self.process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
        finally:
            self.process.kill()


class Reading(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.keeper = KeeperProcess(self.folder)
        self.addCleanup(self.keeper.end)

    def write(self, text, name="gunicorn.conf.py"):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def read(self, text, location=None, name="gunicorn.conf.py"):
        self.write(text, name)
        return self.keeper.read(location)

    def answer(self, *args, **facts):
        told = self.read(*args, **facts)
        self.assertIn("answer", told)
        return told["answer"]

    def fault(self, *args, **facts):
        told = self.read(*args, **facts)
        self.assertIn("fault", told)
        return told["fault"]

    def test_values(self):
        answer = self.answer(
            "import os, ssl\n"
            "bind = ['127.0.0.1:%d' % (8000 + 1), b'unix:/x']\n"
            "workers = len([1, 2]) * 2 + 1\n"
            "raw_env = ('A=1', 'B=2')\n"
            "logconfig_dict = {'version': 1, 'root': {'handlers': []}}\n"
            "cert_reqs = ssl.CERT_REQUIRED\n"
            "umask = float('nan')\n"
            "class worker_class: pass\n"
            "on_starting = lambda server: None\n"
            "def post_fork(server, worker): pass\n"
        )
        self.assertEqual(
            answer["values"],
            {
                "bind": ["127.0.0.1:8001", "unix:/x"],
                "workers": 5,
                "raw_env": ["A=1", "B=2"],
                "logconfig_dict": {"version": 1, "root": {"handlers": []}},
                "cert_reqs": 2,
                "umask": {"$": "object", "repr": "nan"},
                "worker_class": {"$": "class", "name": "__config__.worker_class"},
                "on_starting": {"$": "function", "name": "__config__.<lambda>"},
                "post_fork": {"$": "function", "name": "__config__.post_fork"},
            },
        )
        self.assertEqual(answer["hooks"], ["on_starting", "post_fork"])
        self.assertEqual(answer["path"], os.path.join(self.folder, "gunicorn.conf.py"))
        self.assertEqual((answer["unknown"], answer["warnings"]), ([], []))

    def test_no_file(self):
        answer = self.keeper.read()["answer"]
        self.assertEqual((answer["path"], answer["values"], answer["hooks"]), (None, {}, []))

    def test_names_that_may_be_meant_otherwise(self):
        answer = self.answer(
            "import os\nfrom json import dumps\n_private = 1\nworker = 2\ndef post_frok(server, worker): pass\n"
        )
        self.assertEqual(answer["unknown"], ["worker", "post_frok"])

    def test_where_it_is(self):
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        self.write("import neighbour\nworkers = neighbour.COUNT\n", "other/conf.py")
        self.write("COUNT = 3\nworkers = 4\n", "neighbour.py")
        self.assertEqual(self.keeper.read("other/conf.py")["answer"]["values"], {"workers": 3})
        self.assertEqual(self.keeper.read("file:other/conf.py")["answer"]["values"], {"workers": 3})
        answer = self.keeper.read("python:neighbour")["answer"]
        self.assertEqual((answer["values"], answer["path"]), ({"workers": 4}, "python:neighbour"))
        self.write("workers = 5\n", "settings.cfg")
        answer = self.keeper.read("settings.cfg")["answer"]
        self.assertEqual(answer["values"], {"workers": 5})
        self.assertIn("doesn't end in .py", answer["warnings"][0])
        fault = self.keeper.read("nowhere.py")["fault"]
        self.assertEqual(fault["code"], "CONFIG_FAILED")
        self.assertIn(os.path.join(self.folder, "nowhere.py"), fault["says"])

    def test_it_is_executed_anew(self):
        for count in (1, 2, 3):      # the same size and, as a rule, the same second
            self.assertEqual(self.answer("workers = %d\n" % count)["values"], {"workers": count})
        for count in (4, 5):
            self.write("workers = %d\n" % count, "module%d.py" % count)
            self.assertEqual(self.keeper.read("python:module%d" % count)["answer"]["values"], {"workers": count})
        readings = [self.answer("")["reading"] for _ in range(2)]
        self.assertLess(*readings)

    def test_it_is_the_module_it_is_with_gunicorn(self):
        answer = self.answer(
            "import sys\nassert sys.modules[__name__].__dict__ is globals()\n"
            "raw_env = [__name__, __file__, sys.path[0]]\n"
        )
        path = os.path.join(self.folder, "gunicorn.conf.py")
        self.assertEqual(answer["values"]["raw_env"], ["__config__", path, self.folder])

    def test_what_breaks(self):
        fault = self.fault("workers = 1\n\ndef count():\n    return nothing\n\nworkers = count()\n")
        self.assertEqual(fault["code"], "CONFIG_FAILED")
        self.assertIn("NameError: name 'nothing' is not defined", fault["says"])
        trace = fault["traceback"].splitlines()
        self.assertEqual(trace[0], "Traceback (most recent call last):")
        self.assertIn("gunicorn.conf.py", trace[1])
        self.assertIn("line 6", trace[1])
        self.assertNotIn("dialects", fault["traceback"])
        self.assertIn("SyntaxError", self.fault("workers = = 2\n")["traceback"])
        self.assertIn("called sys.exit(3)", self.fault("import sys\nsys.exit(3)\n")["says"])
        self.assertEqual(self.answer("workers = 2\n")["values"], {"workers": 2})

    def test_hooks_take_what_they_are_given(self):
        for text in (
            "def post_fork(server): pass\n",
            "def post_fork(server, worker, third): pass\n",
            "post_fork = 5\n",
            "post_fork = 'os.path.nothing'\n",
            "post_fork = 'nothing'\n",
            "def post_request(worker): pass\n",
            "def nworkers_changed(server, worker): pass\n",
        ):
            self.assertEqual(self.fault(text)["code"], "HOOK_INVALID", text)
        self.assertIn("post_fork is called with (server, worker)", self.fault("def post_fork(): pass\n")["says"])
        for text in (
            "def post_fork(server, worker, third=3): pass\n",
            "def post_fork(*both): pass\n",
            "class Hook:\n    def __call__(self, server, worker): pass\npost_fork = Hook()\n",
            "post_fork = 'os.path.join'\n",
            "def post_request(worker, req): pass\n",
            "def post_request(worker, req, environ): pass\n",
            "def post_request(worker, req, environ, resp): pass\n",
        ):
            self.assertEqual(len(self.answer(text)["hooks"]), 1, text)

    def test_what_it_prints(self):
        self.read("import sys\nprint('to out')\nsys.stderr.write('to err')\n")
        self.assertEqual(sorted(self.keeper.end().replace("err", "err\n").split("\n")), ["", "to err", "to out"])

    def test_modules_of_others_are_not_ours(self):
        for name in ("json", "inspect", "traceback", "ast"):
            self.write("raise RuntimeError('the wrong module')\n", name + ".py")
        self.assertEqual(self.read("workers = 2\ndef post_fork(server): pass\n")["fault"]["code"], "HOOK_INVALID")
        self.assertEqual(self.answer("workers = 2\n")["values"], {"workers": 2})

    def test_notices_do_not_wait(self):
        path = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(PATIENCE_SECONDS)
            keeper = KeeperProcess(self.folder, NOTIFY_SOCKET=path)
            self.addCleanup(keeper.end)
            gate = os.path.join(self.folder, "gate")
            os.mkfifo(gate)
            self.write("open(%r).read()\n" % gate)
            facts = {"location": None, "folder": self.folder, "names": []}
            keeper.tell(cmd="ask", id=1, module="gunicorn", name="read", facts=facts)
            keeper.tell(cmd="notify", text="WATCHDOG=1")
            self.assertEqual(manager.recv(100), b"WATCHDOG=1")
            open(gate, "w").close()
            self.assertEqual(keeper.heard()["id"], 1)


if __name__ == "__main__":
    unittest.main()
