"""Gunicorn's hooks in zygote, template and worker: real processes."""
import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import unittest

from support import PATIENCE_SECONDS, ZygoteProcess, wait_until

NOTES = """
import json, os

def note(*what):
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps([os.getpid(), *what]) + "\\n")
"""

APP = """
import os, time
from notes import note

note("loaded")

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise ValueError("no")
    if path == "/sleep":
        note("sleeps")
        while True:
            time.sleep(0.001)
    if path == "/file":
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    start_response("202 Accepted", [("X-One", "1")])
    if path == "/stream":
        return (bytes([65 + at]) * 3 for at in range(3))
    return [b"hello", b" there"]
"""

ALL = """
from notes import note

def pre_fork(server, worker):
    note("pre_fork", server.pid, worker.age, worker.pid)
    worker.before = "seen by pre_fork"
def post_fork(server, worker):
    note("post_fork", server.pid, worker.age, worker.pid, worker.before, worker.ppid)
def post_worker_init(worker):
    note("post_worker_init", worker.age, worker.alive)
def worker_exit(server, worker):
    note("worker_exit", worker.pid, worker.alive)
def child_exit(server, worker):
    note("child_exit", worker.pid, worker.age, len(server.WORKERS))
def worker_int(worker):
    note("worker_int", worker.pid)
def worker_abort(worker):
    import traceback
    note("worker_abort", "".join(traceback.format_stack()))
"""


def body_of(frames):
    return b"".join(frame.body for frame in frames if frame.kind in ("HEAD", "DATA"))


class Hooks(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "notes.txt")
        self.write("notes.py", NOTES)
        self.write("app.py", APP)
        self.zygote = None

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(textwrap.dedent(text))

    def configured(self, conf, values=None, **config):
        self.write("gunicorn.conf.py", conf)
        options = {"conf": os.path.join(self.folder, "gunicorn.conf.py"), "reading": 1}
        conf = textwrap.dedent(conf)
        names = [line.split("(")[0][4:] for line in conf.splitlines() if line.startswith("def ")]
        marks = {name: {"$": "function", "name": name} for name in names}
        plain = {"workers": 2, "bind": ["127.0.0.1:8000", "unix:/x"], "threads": 1}
        options["values"] = {**plain, **marks, **(values or {})}
        config = {"app": "app:app", "chdir": self.folder, **config}
        environ = {"NOTES": self.path}
        extension = {"module": "gunicorn", "options": options}
        self.zygote = ZygoteProcess(cwd=self.folder, environ=environ, extension=extension, **config)
        self.addCleanup(self.zygote.close)
        return self.zygote

    def begin(self, conf, **facts):
        zygote = self.configured(conf, **facts)
        zygote.begin()
        return zygote

    def notes(self):
        with open(self.path) as file:
            return [json.loads(line) for line in file]

    def names(self):
        return [note[1] for note in self.notes()]

    def test_order_and_processes(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(7)
        front.next("READY")
        front.tell("STOP")
        self.assertEqual(zygote.event("exited")["code"], 0)
        ours, theirs, parent = zygote.process.pid, event["pid"], os.getpid()
        self.assertEqual(
            self.notes(),
            [
                [ours, "pre_fork", parent, 7, "[booting]"],
                [theirs, "post_fork", parent, 7, theirs, "seen by pre_fork", parent],
                [theirs, "loaded"],
                [theirs, "post_worker_init", 7, True],
                [theirs, "worker_exit", theirs, False],
                [ours, "child_exit", theirs, 7, 0],
            ],
        )

    def test_child_exit_of_a_killed_one_comes_before_its_end_is_told(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(1)
        front.next("READY")
        os.kill(event["pid"], signal.SIGKILL)
        self.assertEqual(zygote.event("exited")["signal"], signal.SIGKILL)
        self.assertEqual(self.names()[-2:], ["post_worker_init", "child_exit"])

    def test_objects(self):
        zygote = self.begin(
            """
            from notes import note
            import sys

            def post_worker_init(worker):
                cfg = worker.cfg
                note("cfg", cfg.workers, cfg.bind, cfg.address, cfg.proc_name, cfg.worker_class_str, cfg.env, cfg.uid)
                note("settings", cfg.settings["workers"].get(), cfg.settings["workers"].value, cfg.is_ssl)
                cfg.pre_request(worker, None)
                try:
                    cfg.nothing
                except AttributeError as error:
                    note(str(error))
                sockets = [str(one) for one in worker.sockets]
                note("worker", worker.nr, str(worker), sockets, worker.tmp.last_update() > 0)
                worker.log.info("told by %s", "info")
                try:
                    1 / 0
                except ZeroDivisionError:
                    worker.log.exception("told by exception")
                worker.log.error_log.warning("told by error_log")
                worker.log.debug("not told")
            """,
            values={"raw_env": ["A=1"], "certfile": None, "keyfile": None, "user": None},
        )
        front, event = zygote.fork(1)
        front.next("READY")
        addresses = [["127.0.0.1", 8000], "/x"]
        self.assertEqual(
            [note[1:] for note in self.notes()[1:]],
            [
                ["cfg", 2, ["127.0.0.1:8000", "unix:/x"], addresses, "gunicorn", "sync", {"A": "1"}, os.geteuid()],
                ["settings", 2, 2, None],
                ["No configuration setting for: nothing"],
                ["worker", 0, "<Worker %d>" % event["pid"], ["http://127.0.0.1:8000", "unix:/x"], True],
            ],
        )
        with open(event["err"], "rb") as errors:
            said = os.read(errors.fileno(), 10000).decode()
        self.assertRegex(said, "^\x1eItold by info\n\x1eEtold by exception\n\x1e.Traceback")
        self.assertTrue(said.endswith("\x1eWtold by error_log\n"), said)

    def test_what_hooks_say(self):
        conf = "def pre_fork(server, worker):\n    server.log.warning('about to fork %d', worker.age)\n"
        zygote = self.begin(conf)
        zygote.tell(cmd="fork", worker=3)
        self.assertEqual(zygote.event("log")["text"], "about to fork 3")

    def test_a_raising_pre_fork_forks_nothing(self):
        zygote = self.begin("def pre_fork(server, worker):\n    raise ValueError('not now')\n")
        zygote.tell(cmd="fork", worker=3)
        event = zygote.event("failed")
        self.assertEqual((event["worker"], event["code"]), (3, "HOOK_FAILED"))
        self.assertIn("pre_fork failed: ValueError: not now", event["says"])
        self.assertIn("gunicorn.conf.py", event["traceback"])
        self.assertNotIn("dialects", event["traceback"])

    def test_a_worker_whose_hook_raises_is_not_ready(self):
        for hook in ("post_fork(server, worker)", "post_worker_init(worker)"):
            zygote = self.begin("def %s:\n    raise ValueError('not me')\n" % hook)
            front, event = zygote.fork(1)
            unready = front.next("UNREADY").json
            self.assertEqual(unready["code"], "HOOK_FAILED", hook)
            self.assertIn("not me", unready["traceback"])
            self.assertEqual(zygote.event("exited")["code"], 1)

    def test_raising_at_the_end_harms_nobody(self):
        conf = "def worker_exit(server, worker):\n    raise ValueError(1)\n"
        zygote = self.begin(conf + "def child_exit(server, worker):\n    raise ValueError(2)\n")
        for number in (1, 2):
            front, _ = zygote.fork(number)
            front.next("READY")
            front.tell("STOP")
            log = zygote.event("log")
            self.assertEqual(log["level"], "error")
            self.assertIn("child_exit failed: ValueError: 2\nTraceback", log["text"])
            self.assertEqual(zygote.event("exited")["code"], 0)

    def test_a_broken_file(self):
        zygote = self.configured("workers = nothing\n")
        zygote.tell(cmd="configure", **zygote.config)
        event = zygote.event("failed")
        self.assertEqual(event["code"], "CONFIG_FAILED")
        self.assertIn("line 1", event["traceback"])

    def test_what_the_file_does_to_its_process_is_the_applications(self):
        os.mkdir(os.path.join(self.folder, "lib"))
        self.write("lib/helper.py", "from notes import note\nimport os\nnote('helped', os.environ['FROM_FILE'])\n")
        self.write("app.py", "import helper\n" + APP)
        zygote = self.begin(
            "import os, sys\nsys.path.insert(0, os.path.abspath('lib'))\nos.environ['FROM_FILE'] = 'yes'\n"
        )
        front, _ = zygote.fork(1)
        front.next("READY")
        self.assertEqual([note[1:] for note in self.notes()], [["helped", "yes"], ["loaded"]])

    REQUESTS = """
        from notes import note
        def pre_request(worker, req):
            note("pre", worker.nr, req.method, req.uri, req.path, req.query, list(req.version), list(req.remote_addr),
                 req.scheme, dict(req.headers)["X-THING"])
        def post_request(worker, req, environ, resp):
            note("post", worker.nr, req.path, environ["PATH_INFO"], resp.status, resp.headers, resp.sent)
    """

    def ask(self, front, request_id, target):
        return front.answer(request_id, target=target, block={"HTTP_X_THING": "some"})

    def test_requests(self):
        zygote = self.begin(self.REQUESTS)
        front, _ = zygote.fork(1)
        front.next("READY")
        whole = self.ask(front, 1, "/whole?a=b")
        self.assertEqual(body_of(whole), b"hello there")
        self.assertIn(("Content-Length", "11"), whole[0].headers)
        self.assertEqual(body_of(self.ask(front, 2, "/stream")), b"AAABBBCCC")
        self.assertEqual(self.ask(front, 3, "/raise")[-1].kind, "ERROR")
        file = self.ask(front, 4, "/file")
        size = os.path.getsize(os.path.join(self.folder, "app.py"))
        self.assertEqual(len(body_of(file)), size)
        pre = ["127.0.0.1", 50000], "http", "some"
        headers = [["X-One", "1"]]
        self.assertEqual(
            [note[1:] for note in self.notes()[1:]],
            [
                ["pre", 0, "GET", "/whole?a=b", "/whole", "a=b", [1, 1], *pre],
                ["post", 1, "/whole", "/whole", "202 Accepted", headers, 11],
                ["pre", 1, "GET", "/stream", "/stream", "", [1, 1], *pre],
                ["post", 2, "/stream", "/stream", "202 Accepted", headers, 9],
                ["pre", 2, "GET", "/raise", "/raise", "", [1, 1], *pre],
                ["post", 3, "/raise", "/raise", None, [], 0],
                ["pre", 3, "GET", "/file", "/file", "", [1, 1], *pre],
                ["post", 4, "/file", "/file", "200 OK", [], size],
            ],
        )

    def test_post_request_with_fewer_parameters(self):
        for parameters in ("worker, req", "worker, req, environ"):
            conf = "from notes import note\ndef post_request(%s):\n    note('post', req.path)\n"
            zygote = self.begin(conf % parameters)
            front, _ = zygote.fork(1)
            front.next("READY")
            front.answer(1, target="/x")
            self.assertEqual(self.notes()[-1][1:], ["post", "/x"])

    def test_request_hooks_that_raise(self):
        conf = "def pre_request(worker, req):\n    if req.path == '/no': raise ValueError('not this one')\n"
        zygote = self.begin(conf + "def post_request(worker, req):\n    raise ValueError('too late')\n")
        front, _ = zygote.fork(1)
        front.next("READY")
        error = front.answer(1, target="/no")[-1]
        self.assertEqual((error.kind, error.json["code"]), ("ERROR", "APP_RAISED"))
        self.assertIn("not this one", error.json["traceback"])
        self.assertEqual(body_of(front.answer(2, target="/yes")), b"hello there")

    def test_without_request_hooks_the_application_is_served_as_it_is(self):
        zygote = self.begin(ALL + "import notes\ndef post_worker_init(worker):\n    note(repr(worker.wsgi)[:14])\n")
        front, _ = zygote.fork(1)
        front.next("READY")
        self.assertEqual(self.notes()[-1][1], "<function app ")

    # Signals

    def test_quit(self):
        zygote = self.begin(ALL)
        for number in (signal.SIGINT, signal.SIGQUIT):
            front, event = zygote.fork(number)
            front.next("READY")
            os.kill(event["pid"], number)
            leaving = front.control_reader.next()
            self.assertEqual((leaving.kind, leaving.has("FAST")), ("LEAVING", True))
            self.assertEqual(self.names()[-1], "worker_int")
            front.tell("STOP")
            self.assertEqual(zygote.event("exited")["code"], 0)
            self.assertEqual(self.names()[-2:], ["worker_exit", "child_exit"])

    def test_quit_amid_a_request(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(1)
        front.next("READY")
        front.request(1, target="/sleep")
        self.wait_for("sleeps")
        os.kill(event["pid"], signal.SIGQUIT)
        front.control_reader.next()
        front.tell("STOP")
        self.assertEqual(zygote.event("exited")["code"], 0)
        self.assertEqual(self.names()[-3:], ["worker_int", "worker_exit", "child_exit"])

    def test_quit_that_the_front_passes_over(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(1)
        front.next("READY")
        os.kill(event["pid"], signal.SIGINT)
        front.control_reader.next()
        (answer,) = front.answer(1)
        self.assertEqual(answer.body, b"hello there")

    def test_term(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(1)
        front.next("READY")
        os.kill(event["pid"], signal.SIGTERM)
        leaving = front.control_reader.next()
        self.assertEqual((leaving.kind, leaving.has("FAST")), ("LEAVING", False))
        self.assertNotIn("worker_int", self.names())

    def test_a_child_of_the_application_ends_by_signals_as_usual(self):
        fork = """
            def parent(environ, start_response):
                ours, theirs = os.pipe()
                pid = os.fork()
                if not pid:
                    os.write(theirs, b"here")
                    time.sleep(1000)
                os.read(ours, 4)
                os.kill(pid, 15)
                start_response("200 OK", [])
                return [str(os.waitpid(pid, 0)[1]).encode()]
        """
        self.write("app.py", APP + textwrap.dedent(fork))
        zygote = self.begin(ALL, app="app:parent")
        front, _ = zygote.fork(1)
        front.next("READY")
        (answer,) = front.answer(1)
        self.assertEqual(answer.body, b"15")
        front.tell("PING", 0, b"none")
        self.assertEqual(front.control_reader.next().payload, b"none")

    def test_abort(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(1)
        front.next("READY")
        os.kill(event["pid"], signal.SIGABRT)
        self.assertEqual(zygote.event("exited")["code"], 1)
        self.assertEqual(self.names()[-3:], ["worker_abort", "worker_exit", "child_exit"])

    def test_an_overdue_request_is_aborted_with_its_stack(self):
        zygote = self.begin(ALL)
        front, event = zygote.fork(1)
        front.next("READY")
        front.request(1, target="/sleep")
        self.wait_for("sleeps")
        front.mark(1, 3)
        front.tell("STOP")
        front.tell("INTERRUPT", 1)
        self.assertEqual(zygote.event("exited")["code"], 0)
        notes = {note[1]: note for note in self.notes()}
        self.assertIn("time.sleep(0.001)", notes["worker_abort"][2])
        self.assertEqual(self.names()[-3:], ["worker_abort", "worker_exit", "child_exit"])

    def wait_for(self, name):
        while name not in self.names():
            pass

    # Template

    def test_a_template_forks(self):
        zygote = self.begin(ALL)
        candidate, event, template = zygote.candidate(1)
        template.event("audited")
        template.tell(cmd="template")
        template.event("ready")
        zygote.tell(cmd="preloaded", worker=1)
        worker, forked = template.fork(2)
        worker.next("READY")
        worker.tell("STOP")
        template.event("exited")
        template.tell(cmd="stop")
        zygote.event("exited")
        self.assertEqual(
            [(note[0] == event["pid"], note[1]) for note in self.notes()],
            [
                (True, "loaded"),
                (True, "pre_fork"),
                (False, "post_fork"),
                (False, "post_worker_init"),
                (False, "worker_exit"),
                (True, "child_exit"),
            ],
        )

    def test_a_candidate_that_works(self):
        zygote = self.begin(ALL.replace("worker.before", "worker.age"))
        candidate, event, template = zygote.candidate(1)
        template.event("audited")
        template.tell(cmd="work")
        candidate.next("READY")
        candidate.tell("STOP")
        zygote.event("exited")
        self.assertEqual(self.names(), ["loaded", "post_fork", "post_worker_init", "worker_exit", "child_exit"])

    def test_a_candidate_that_nobody_wants_was_no_worker(self):
        zygote = self.begin(ALL)
        _, _, template = zygote.candidate(1)
        template.event("audited")
        zygote.tell(cmd="dismissed", worker=1)
        template.tell(cmd="stop")
        self.assertEqual(zygote.event("exited")["code"], 0)
        self.assertEqual(self.names(), ["loaded"])

    def test_child_exit_of_those_whose_template_has_died(self):
        zygote = self.begin(ALL)
        _, event, template = zygote.candidate(1)
        template.event("audited")
        template.tell(cmd="template")
        template.event("ready")
        zygote.tell(cmd="preloaded", worker=1)
        pids = {}
        for number in (2, 3, 4):
            worker, forked = template.fork(number)
            worker.next("READY")
            pids[number] = forked["pid"]
        os.kill(event["pid"], signal.SIGKILL)
        zygote.event("exited")
        os.kill(pids[2], signal.SIGKILL)
        wait_until(lambda: not os.path.exists("/proc/%d" % pids[2]))
        for number, pid in pids.items():
            zygote.tell(cmd="inherit", worker=number, pid=pid)
        self.wait_for("child_exit")
        os.kill(pids[3], signal.SIGKILL)
        wait_until(lambda: self.names().count("child_exit") == 2)
        zygote.tell(cmd="stop")
        self.assertEqual(zygote.process.wait(PATIENCE_SECONDS), 0)
        exits = [note for note in self.notes() if note[1] == "child_exit"]
        ours = zygote.process.pid
        self.assertEqual([note[:4] for note in exits], [[ours, "child_exit", pids[n], n] for n in (2, 3, 4)])


if __name__ == "__main__":
    unittest.main()
