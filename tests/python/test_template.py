"""Candidates and templates: one load of the application, and workers that share it."""
import ast
import gc
import os
import select
import signal
import sys
import time
import unittest

from support import PATIENCE_SECONDS
from test_zygote import APP, Case, gone

SHARED = """
import atexit, gc, os, random, secrets, signal, ssl, sys, tempfile, threading, uuid
import dram

LOADED = os.urandom(8).hex()
LOADED_BY = os.getpid()
BORN = []
HOOKS = []
print("loaded")
sys.stdout.write("half a ")

@dram.postfork
def born():
    BORN.append(os.getpid())

os.register_at_fork(after_in_child=lambda: HOOKS.append(os.getpid()))

def draw():
    return [random.random(), uuid.uuid4().hex, uuid.uuid1().hex, secrets.token_hex(8), ssl.RAND_bytes(8).hex(),
            next(tempfile._get_candidate_names())]

draw()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    path = environ["PATH_INFO"]
    if path == "/draw":
        return [repr(draw()).encode()]
    if path == "/print":
        print("line")
        print("error", file=sys.stderr)
        return [b"said"]
    if path == "/thread":
        said = []
        thread = threading.Thread(target=lambda: said.append(threading.current_thread() is threading.main_thread()))
        thread.start()
        thread.join()
        return [repr((said, threading.current_thread() is threading.main_thread(), threading.active_count())).encode()]
    return [repr({
        "loaded": LOADED, "loaded_by": LOADED_BY, "pid": os.getpid(), "parent": os.getppid(), "born": BORN,
        "hooks": HOOKS, "path": sys.path, "argv": sys.argv, "cwd": os.getcwd(), "greeting": os.environ.get("GREETING"),
        "main": vars(sys.modules["__main__"]).get("__file__"), "frozen": getattr(gc, "get_freeze_count", lambda: -1)(),
        "sigchld": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
    }).encode()]
"""


class TemplateCase(Case):
    def candidate(self, source, **config):
        """Returns the zygote, the candidate's front, its `forked`, its connection and its findings."""
        self.write("myapp.py", source)
        zygote = self.zygote(**config)
        front, forked, template = zygote.candidate()
        audited = template.event("audited")
        self.assertEqual(audited["application"], "myapp:app")
        return zygote, front, forked, template, audited["findings"]

    def template(self, source=SHARED, **config):
        """Returns the zygote, the template's connection, and its `forked` of when it was a candidate."""
        zygote, _, forked, template, _ = self.candidate(source, **config)
        template.tell(cmd="template")
        self.assertEqual(template.event("ready")["pid"], forked["pid"])
        return zygote, template, forked

    def value(self, front, number, target="/"):
        return ast.literal_eval(self.body(front, number, target))

    def read(self, path, count):
        descriptor = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        text = b""
        while len(text) < count:
            self.assertTrue(select.select([descriptor], [], [], PATIENCE_SECONDS)[0], "only %r came" % text)
            text += os.read(descriptor, 1000)
        return text


@unittest.skipUnless(sys.platform == "linux", "audits need /proc")
class Templates(TemplateCase):
    def test_a_clean_application_is_loaded_once(self):
        zygote, _, forked, template, findings = self.candidate(SHARED, env={"GREETING": "hi"})
        self.assertEqual(findings, [])
        template.tell(cmd="template")
        template.event("ready")
        values = []
        for number in (2, 3):
            front, event = template.fork(number)
            ready = front.next("READY").json
            self.assertEqual((ready["pid"], ready["application"]), (event["pid"], "myapp:app"))
            values.append(self.value(front, 1))
        one, other = values
        self.assertEqual(one["loaded"], other["loaded"])
        self.assertEqual({one["loaded_by"], other["loaded_by"]}, {forked["pid"]})
        self.assertNotEqual(one["pid"], other["pid"])
        for value in values:
            self.assertEqual(value["parent"], forked["pid"])
            self.assertEqual(value["born"], [value["pid"]])
            self.assertEqual(value["hooks"], [value["pid"]])
            self.assertTrue(value["sigchld"])
            if hasattr(gc, "get_freeze_count"):
                self.assertGreater(value["frozen"], 1000)

    def test_surroundings_are_a_workers_own(self):
        self.write("inner/myapp.py", SHARED)
        config = {"chdir": os.path.join(self.folder, "inner"), "pythonpath": ["lib"], "env": {"GREETING": "hi"}}
        zygote, template, _ = self.template(**config)
        front, _ = template.fork(2)
        front.next("READY")
        shared = self.value(front, 1)
        front, _ = zygote.fork(3)
        front.next("READY")
        alone = self.value(front, 1)
        self.assertEqual(alone["cwd"], os.path.join(self.folder, "inner"))
        for name in ("path", "argv", "cwd", "greeting", "main", "sigchld"):
            self.assertEqual(shared[name], alone[name], name)

    def test_chance_is_each_workers_own(self):
        _, template, _ = self.template()
        draws = []
        for number in (2, 3, 4):
            front, _ = template.fork(number)
            front.next("READY")
            draws.append(self.value(front, 1, "/draw"))
        for kind in zip(*draws):
            self.assertEqual(len(set(kind)), 3, kind)

    def test_numpys_generator_is_seeded_anew(self):
        self.write("numpy/__init__.py", "")
        self.write(
            "numpy/random.py",
            "import os\nseeded = []\ndef seed():\n    seeded.append(os.getpid())\n",
        )
        source = "import numpy.random\n" + SHARED.replace('"pid":', '"seeded": numpy.random.seeded, "pid":')
        _, template, _ = self.template(source)
        front, _ = template.fork(2)
        front.next("READY")
        value = self.value(front, 1)
        self.assertEqual(value["seeded"], [value["pid"]])

    def test_output_and_threads(self):
        _, template, _ = self.template()
        front, forked = template.fork(2)
        front.next("READY")
        self.assertEqual(self.body(front, 1, "/print"), "said")
        self.assertEqual(self.read(forked["out"], 5), b"line\n")
        self.assertEqual(self.read(forked["err"], 6), b"error\n")
        self.assertEqual(self.value(front, 2, "/thread"), ([False], True, 1))

    def test_what_was_said_while_loading_is_said_once(self):
        _, template, candidate = self.template()
        front, forked = template.fork(2)
        self.assertEqual(self.read(candidate["out"], 14), b"loaded\nhalf a ")
        front.next("READY")
        self.body(front, 1, "/print")
        self.assertEqual(self.read(forked["out"], 5), b"line\n")

    def test_streams_of_the_applications_own(self):
        stream = "io.TextIOWrapper(sys.stdout.buffer, line_buffering=True, newline='\\r\\n')"
        replaced = "import io\nsys.stdout = %s\n" % stream
        _, template, _ = self.template(SHARED + replaced)
        front, forked = template.fork(2)
        front.next("READY")
        self.body(front, 1, "/print")
        self.assertEqual(self.read(forked["out"], 6), b"line\r\n")

    def test_ends_of_workers(self):
        _, template, _ = self.template()
        front, _ = template.fork(2)
        front.next("READY")
        front.tell("STOP")
        event = template.event("exited")
        self.assertEqual((event["worker"], event["code"], event["signal"]), (2, 0, None))
        _, forked = template.fork(2)
        template.tell(cmd="kill", pid=forked["pid"], signal=signal.SIGKILL)
        event = template.event("exited")
        self.assertEqual((event["pid"], event["code"], event["signal"]), (forked["pid"], None, signal.SIGKILL))

    def test_stop(self):
        zygote, template, _ = self.template()
        template.fork(2)[0].next("READY")
        template.tell(cmd="stop")
        event = template.event("exited")
        self.assertEqual((event["worker"], event["signal"]), (2, signal.SIGKILL))
        event = zygote.event("exited")
        self.assertEqual((event["worker"], event["code"]), (1, 0))

    def test_the_front_hangs_up_on_it(self):
        zygote, template, _ = self.template()
        front, forked = template.fork(2)
        front.next("READY")
        template.supervisor.close()
        self.assertEqual(zygote.event("exited")["code"], 0)
        self.assertTrue(gone(forked["pid"]))

    def test_its_death_is_the_zygotes_to_report(self):
        zygote, template, candidate = self.template()
        front, forked = template.fork(2)
        front.next("READY")
        zygote.tell(cmd="kill", pid=candidate["pid"], signal=signal.SIGKILL)
        event = zygote.event("exited")
        self.assertEqual((event["worker"], event["signal"]), (1, signal.SIGKILL))
        self.assertEqual(self.value(front, 1)["parent"], zygote.process.pid)      # it serves on, as the zygote's child
        front.tell("STOP")
        self.assertTrue(gone(forked["pid"]))
        zygote.fork(3)[0].next("READY")      # and was reaped without a word

    def test_workers_of_a_dead_template_end_with_the_zygote(self):
        zygote, template, candidate = self.template()
        _, forked = template.fork(2)
        os.kill(candidate["pid"], signal.SIGKILL)
        zygote.event("exited")
        zygote.tell(cmd="stop")
        self.assertEqual(zygote.process.wait(30), 0)
        self.assertTrue(gone(forked["pid"]))

    def test_lifeline(self):
        zygote, template, candidate = self.template()
        _, forked = template.fork(2)
        zygote.process.send_signal(signal.SIGSTOP)
        os.kill(candidate["pid"], signal.SIGSTOP)
        os.close(zygote.lifeline)
        zygote.lifeline = None
        self.assertTrue(gone(forked["pid"]))
        self.assertTrue(gone(candidate["pid"]))
        zygote.process.send_signal(signal.SIGCONT)
        zygote.process.wait(30)

    def test_its_own_connections_of_a_worker_are_let_go(self):
        zygote, front, _, template, _ = self.candidate(SHARED)
        template.tell(cmd="template")
        template.event("ready")
        with self.assertRaises((EOFError, ConnectionError)):
            front.next()

    def test_workers_hold_nothing_of_the_templates(self):
        zygote, template, candidate = self.template()
        template.fork(2)[0].next("READY")
        front, forked = template.fork(3)
        front.next("READY")
        folder = "/proc/%d/fd" % forked["pid"]
        links = [os.readlink(os.path.join(folder, descriptor)) for descriptor in os.listdir(folder)]
        self.assertEqual(len([link for link in links if link.startswith("socket:")]), 2)
        self.assertEqual(links.count(zygote.lifeline_path), 1)
        for path in (candidate["out"], candidate["err"], candidate["socket"], candidate["page"]):
            self.assertNotIn(path, links)

    def test_signals_to_the_group_are_quiet(self):
        zygote, template, candidate = self.template()
        front, forked = template.fork(2)
        front.next("READY")
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "TTIN", "TTOU", "WINCH"):
            for pid in (zygote.process.pid, candidate["pid"], forked["pid"]):
                os.kill(pid, getattr(signal, "SIG" + name))
        self.value(front, 1)
        template.fork(3)[0].next("READY")
        zygote.fork(4)[0].next("READY")

    def test_handlers_of_the_applications_are_its_workers(self):
        handled = "signal.signal(signal.SIGUSR1, lambda number, frame: BORN.append('handled'))\n"
        _, template, candidate = self.template(SHARED + handled)
        front, forked = template.fork(2)
        front.next("READY")
        os.kill(candidate["pid"], signal.SIGUSR1)
        os.kill(forked["pid"], signal.SIGUSR1)
        while "handled" not in self.value(front, 1)["born"]:
            time.sleep(0.001)
        template.fork(3)[0].next("READY")

    def test_postfork_that_fails(self):
        _, template, _ = self.template("import dram\n@dram.postfork\ndef born(): 1 / 0\n" + APP)
        front, _ = template.fork(2)
        self.assertIn("born", front.next("UNREADY").json["says"])
        self.assertEqual(template.event("exited")["code"], 1)

    def test_not_told_to_configure_again(self):
        _, template, _ = self.template()
        template.tell(cmd="configure", **{"app": "other"})
        template.tell(cmd="lifeline")
        template.fork(2)[0].next("READY")


@unittest.skipUnless(sys.platform == "linux", "audits need /proc")
class Candidates(TemplateCase):
    def test_goes_on_as_the_worker_it_is(self):
        zygote, front, forked, template, findings = self.candidate(SHARED + "import socket\nheld = socket.socket()\n")
        self.assertEqual(len(findings), 1)
        template.tell(cmd="work")
        self.assertEqual(front.next("READY").json["pid"], forked["pid"])
        value = self.value(front, 1)
        self.assertEqual((value["born"], value["hooks"]), ([forked["pid"]], []))
        front.tell("STOP")
        self.assertEqual(zygote.event("exited")["code"], 0)

    def test_is_shared_all_the_same_where_the_front_insists(self):
        thread = "threading.Thread(target=time.sleep, args=(1000,), daemon=True)"
        source = "import threading, time\n%s.start()\n" % thread + APP
        _, _, _, template, findings = self.candidate(source, environ={"PYTHONWARNINGS": "error"})
        self.assertEqual(len(findings), 1)
        template.tell(cmd="template")
        template.event("ready")
        for number in (2, 3):
            front, _ = template.fork(number)
            front.next("READY")
            self.assertEqual(self.body(front, 1, "/"), "hello")

    def test_failure_to_load(self):
        self.write("myapp.py", "1 / 0\n")
        zygote = self.zygote()
        front, _, template = zygote.candidate()
        unready = front.next("UNREADY").json
        self.assertEqual(unready["code"], "APP_IMPORT_FAILED")
        self.assertIn("1 / 0", unready["traceback"])
        self.assertEqual(zygote.event("exited")["code"], 1)
        with self.assertRaises((EOFError, ConnectionError)):
            template.event()

    def test_nobody_wants_it(self):
        zygote, _, _, template, _ = self.candidate("import atexit\natexit.register(print, 'at exit')\n" + APP)
        template.supervisor.close()
        self.assertEqual(zygote.event("exited")["code"], 0)

    def test_killed_while_it_loads(self):
        self.write("myapp.py", "while True: pass\n")
        zygote = self.zygote()
        _, forked, _ = zygote.candidate()
        zygote.tell(cmd="kill", pid=forked["pid"], signal=signal.SIGKILL)
        self.assertEqual(zygote.event("exited")["signal"], signal.SIGKILL)

    def test_commands_may_follow_the_decision_at_once(self):
        _, _, _, template, _ = self.candidate(SHARED)
        template.supervisor.sendall(b'{"cmd":"template"}\n{"cmd":"fork","worker":2}\n{"cmd":"fork","worker":3}\n')
        self.assertEqual([template.event()["event"] for _ in range(3)], ["ready", "forked", "forked"])


@unittest.skipUnless(sys.platform == "linux", "subreapers are Linux's")
class Orphans(TemplateCase):
    SOURCE = """
import os, subprocess

def app(environ, start_response):
    start_response("200 OK", [])
    ours, theirs = os.pipe()
    if os.fork() == 0:
        grandchild = os.fork()
        if grandchild == 0:
            os.execvp("sleep", ["sleep", "1000"])
        os.write(theirs, str(grandchild).encode())
        os._exit(0)
    os.wait()
    return [os.read(ours, 100)]
"""

    def adopted_by(self, pid):
        for _ in range(3000):
            with open("/proc/%d/stat" % pid) as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            with open("/proc/%d/comm" % pid) as file:
                if file.read() == "sleep\n":
                    return parent
            time.sleep(0.01)

    def is_reaped(self, pid):
        for _ in range(3000):
            if not os.path.exists("/proc/%d" % pid):
                return True
            time.sleep(0.01)
        return False

    def check(self, parent_pid, commands, front):
        orphan = int(self.body(front, 1, "/"))
        try:
            self.assertEqual(self.adopted_by(orphan), parent_pid)
        finally:
            os.kill(orphan, signal.SIGKILL)
        self.assertTrue(self.is_reaped(orphan))
        commands.tell(cmd="kill", pid=orphan, signal=signal.SIGKILL)      # not one of its workers
        commands.fork(9)[0].next("READY")                                 # the next it says

    def test_of_the_zygotes_workers(self):
        self.write("myapp.py", self.SOURCE)
        zygote, front, _, _ = self.worker()
        self.check(zygote.process.pid, zygote, front)

    def test_of_the_templates_workers(self):
        zygote, template, _ = self.template(self.SOURCE)
        front, _ = template.fork(2)
        front.next("READY")
        self.check(zygote.process.pid, template, front)

    def test_do_not_keep_the_zygote(self):
        self.write("myapp.py", self.SOURCE)
        zygote, front, _, _ = self.worker()
        orphan = int(self.body(front, 1, "/"))
        try:
            zygote.tell(cmd="stop")
            self.assertEqual(zygote.process.wait(30), 0)
        finally:
            os.kill(orphan, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
