"""Real processes: the zygote over its socket, workers over theirs."""
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from support import BOOTSTRAP, PAGE, TABLE, ZygoteProcess, request_frame

APP = """
import os, sys, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = b"hello"
    if path == "/spin":
        while True: pass
    elif path == "/sleep":
        time.sleep(1000)
    elif path == "/print":
        print("printed", environ["dram.request_id"])
        print("in error", file=sys.stderr)
        os.write(1, b"raw\\n")
        open("/dev/stdout", "w").write("by name\\n")
    elif path == "/exit":
        os._exit(7)
    elif path == "/child":
        body = str(os.fork() or leave_open()).encode()
    elif path == "/wayward":
        if os.fork() == 0:
            start_response("200 OK", [])
            return [b"from the child"]
        os.wait()
    elif path == "/python":
        body = ascii((sys.path, sys.argv, sys.modules["__main__"].__dict__.get("__file__"))).encode()
    elif path == "/modules":
        body = " ".join(sys.modules).encode()
    elif path == "/state":
        body = ascii((os.getcwd(), os.environ.get("GREETING"), sys.stdin.read())).encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]

def leave_open():
    time.sleep(1000)
"""


def gone(pid):
    """Waits until a process that isn't our child is gone, or is a zombie."""
    for _ in range(3000):
        try:
            with open("/proc/%d/stat" % pid) as file:
                if file.read().rpartition(")")[2].split()[0] in "ZX":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("myapp.py", APP)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))

    def zygote(self, **config):
        config.setdefault("app", "myapp")
        zygote = ZygoteProcess(cwd=self.folder, **config)
        self.addCleanup(zygote.close)
        zygote.ready = zygote.begin()
        return zygote

    def worker(self, **config):
        zygote = self.zygote(**config)
        front, forked = zygote.fork()
        ready = front.next("READY")
        return zygote, front, forked, ready.json

    def body(self, front, number, target):
        (frame,) = front.answer(number, target=target)
        return frame.body.decode()


class Life(Case):
    def test_facts(self):
        zygote, front, forked, ready = self.worker()
        self.assertEqual(zygote.ready["python"], "%d.%d.%d" % sys.version_info[:3])
        self.assertEqual(zygote.ready["pid"], zygote.process.pid)
        self.assertEqual(zygote.ready["executable"], sys.executable)
        self.assertEqual(ready["pid"], forked["pid"])
        self.assertEqual(ready["application"], "myapp:app")
        self.assertEqual(ready["implementation"], zygote.ready["implementation"])
        for name in ("out", "err", "page", "stack", "socket"):
            self.assertEqual(os.stat(forked[name]).st_mode & 0o077, 0, name)
        self.assertEqual(front.words[0], PAGE["magic"])
        self.assertEqual(self.body(front, 1, "/"), "hello")
        self.assertEqual(front.section[PAGE["entered"]], 1)

    def test_stop_of_a_worker(self):
        self.write("myapp.py", "import atexit\natexit.register(print, 'at exit')\n" + APP)
        zygote, front, forked, _ = self.worker()
        out = os.open(forked["out"], os.O_RDONLY)
        front.tell("STOP")
        event = zygote.event("exited")
        self.assertEqual((event["worker"], event["code"], event["signal"]), (1, 0, None))
        self.assertEqual(os.read(out, 100), b"at exit\n")
        os.close(out)

    def test_kill(self):
        zygote, front, forked, _ = self.worker()
        zygote.tell(cmd="kill", pid=os.getpid(), signal=signal.SIGKILL)       # not its child
        zygote.tell(cmd="kill", pid=forked["pid"], signal=signal.SIGKILL)
        event = zygote.event("exited")
        self.assertEqual((event["pid"], event["code"], event["signal"]), (forked["pid"], None, signal.SIGKILL))

    def test_worker_exits_by_itself(self):
        zygote, front, forked, _ = self.worker()
        front.request(1, target="/exit")
        self.assertEqual(zygote.event("exited")["code"], 7)
        self.assertEqual(front.section[PAGE["entered"]], 1)

    def test_many_workers(self):
        zygote = self.zygote()
        fronts = [zygote.fork(number)[0] for number in range(1, 4)]
        for front in fronts:
            front.next("READY")
            self.assertEqual(self.body(front, 1, "/"), "hello")
        zygote.tell(cmd="stop")
        self.assertEqual({zygote.event("exited")["worker"] for _ in range(3)}, {1, 2, 3})
        self.assertEqual(zygote.process.wait(30), 0)

    def test_end_of_the_supervisor_kills(self):
        zygote, front, forked, _ = self.worker()
        front.request(1, target="/spin")
        zygote.supervisor.close()
        self.assertEqual(zygote.process.wait(30), 0)
        self.assertTrue(gone(forked["pid"]))

    @unittest.skipUnless(sys.platform == "linux", "F_SETSIG is Linux's")
    def test_lifeline(self):
        zygote, front, forked, _ = self.worker()
        front.request(1, target="/spin")
        other = os.open(zygote.lifeline_path, os.O_RDWR | os.O_NONBLOCK)
        os.close(other)                                # not the last writer
        zygote.tell(cmd="fork", worker=2)
        second = zygote.event("forked")["pid"]
        zygote.process.send_signal(signal.SIGSTOP)     # it can't help to kill
        os.close(zygote.lifeline)
        zygote.lifeline = None
        self.assertTrue(gone(forked["pid"]))
        self.assertTrue(gone(second))
        zygote.process.send_signal(signal.SIGCONT)
        self.assertEqual(zygote.process.wait(30), -signal.SIGKILL)

    def test_workers_outlive_the_zygote(self):
        zygote, front, forked, _ = self.worker()
        zygote.process.send_signal(signal.SIGKILL)
        zygote.process.wait(30)
        self.assertEqual(self.body(front, 1, "/"), "hello")
        front.tell("STOP")
        self.assertTrue(gone(forked["pid"]))

    def test_the_front_hangs_up(self):
        zygote, front, forked, _ = self.worker()
        front.request(1, target="/sleep")
        front.control.close()
        self.assertEqual(zygote.event("exited")["code"], 1)

    def test_signals_to_the_group_are_quiet(self):
        zygote, front, forked, _ = self.worker()
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "TTIN", "TTOU", "WINCH"):
            os.kill(forked["pid"], getattr(signal, "SIG" + name))
            os.kill(zygote.process.pid, getattr(signal, "SIG" + name))
        self.assertEqual(self.body(front, 1, "/"), "hello")
        zygote.tell(cmd="fork", worker=2)
        zygote.event("forked")

    def test_fork_that_fails(self):
        zygote = self.zygote()
        os.mkdir(os.path.join(zygote.folder, "w1.sock"))
        zygote.tell(cmd="fork", worker=1)
        event = zygote.event("failed")
        self.assertEqual((event["code"], event["worker"]), ("FORK_FAILED", 1))
        zygote.fork(2)[0].next("READY")

    def test_fork_that_fails_keeps_nothing_open(self):
        zygote = self.zygote()
        folder = "/proc/%d/fd" % zygote.process.pid
        if not os.path.isdir(folder):
            self.skipTest("there is no /proc")
        counts = set()
        for broken in ("w1.sock", "w1.template", "w1.out", "w1.err"):
            path = os.path.join(zygote.folder, broken)
            os.mkdir(path)
            zygote.tell(cmd="fork", worker=1, candidate=True)
            zygote.event("failed")
            counts.add(len(os.listdir(folder)))
            os.rmdir(path)
        self.assertEqual(len(counts), 1, counts)
        zygote.fork(1)[0].next("READY")

    @unittest.skipUnless(hasattr(resource, "prlimit"), "prlimit is Linux's")
    def test_no_room_for_another_worker(self):
        zygote = self.zygote()
        most = resource.prlimit(zygote.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(zygote.process.pid, resource.RLIMIT_NOFILE, (8, most[1]))
        zygote.tell(cmd="fork", worker=1)
        self.assertEqual(zygote.event("failed")["code"], "FORK_FAILED")
        resource.prlimit(zygote.process.pid, resource.RLIMIT_NOFILE, most)
        zygote.fork(1)[0].next("READY")

    def test_what_is_no_command(self):
        zygote = self.zygote()
        zygote.supervisor.sendall(b'nonsense\n\xff\n[]\n{}\n{"cmd":"other"}\n{"cmd":"kill","pid":1,"signal":9}\n')
        front, forked = zygote.fork(1)
        front.next("READY")
        front.tell("STOP")
        zygote.event("exited")
        zygote.tell(cmd="kill", pid=forked["pid"], signal=signal.SIGKILL)      # it has gone
        zygote.fork(2)[0].next("READY")
        self.assertIn("nonsense", zygote.said())

    def test_umask(self):
        own = os.umask(0)
        os.umask(own)
        ask = "import os\nMASK = os.umask(0)\nos.umask(MASK)\n"
        self.write("myapp.py", ask + APP.replace('b"hello"', 'b"%o" % MASK'))
        for umask, expected in ((0o027, 0o027), (0o777, 0o777), (0, 0), (None, own)):
            with self.subTest(umask):
                zygote, front, forked, _ = self.worker(umask=umask)
                self.assertEqual(self.body(front, 1, "/"), "%o" % expected)
                for name in ("out", "err", "page", "stack"):
                    self.assertEqual(os.stat(forked[name]).st_mode & 0o777, 0o600, name)

    def test_dump_of_stacks(self):
        zygote, front, forked, _ = self.worker()
        front.request(1, target="/sleep")
        while front.section[PAGE["entered"]] != 1:
            time.sleep(0.001)
        zygote.tell(cmd="kill", pid=forked["pid"], signal=TABLE["signals"]["DUMP"])
        with open(forked["stack"]) as file:
            text = ""
            while "myapp.py" not in text:
                time.sleep(0.001)
                text += file.read()

    def test_threads_of_the_application_may_end_first(self):
        self.write(
            "myapp.py",
            """
            import threading
            gate = threading.Event()
            def late():
                gate.wait()
                print("thread ended")
            threading.Thread(target=late).start()
            """
            + textwrap.indent(APP, " " * 12)
            + """
            hello = app
            def app(environ, start_response):
                gate.set()
                return hello(environ, start_response)
            """,
        )
        zygote, front, forked, _ = self.worker()
        out = os.open(forked["out"], os.O_RDONLY)
        self.body(front, 1, "/")
        front.tell("STOP")
        self.assertEqual(zygote.event("exited")["code"], 0)
        self.assertEqual(os.read(out, 100), b"thread ended\n")
        os.close(out)


    def test_a_default_timeout_of_the_applications_is_not_ours(self):
        self.write(
            "myapp.py",
            """
            import gc, socket
            socket.setdefaulttimeout(0.5)
            def app(environ, start_response):
                start_response("200 OK", [])
                ours = [one.gettimeout() for one in gc.get_objects() if isinstance(one, socket.socket)]
                return [b"%d %r" % (len(ours) > 1, set(ours) - {None, 0.0})]
            """,
        )
        zygote, front, forked, _ = self.worker()
        self.assertEqual(self.body(front, 1, "/"), "1 set()")


class Output(Case):
    def test_lines_show_at_once(self):
        zygote, front, forked, _ = self.worker()
        out, err = os.open(forked["out"], os.O_RDONLY), os.open(forked["err"], os.O_RDONLY)
        self.body(front, 1, "/print")
        self.assertEqual(os.read(out, 1000), b"printed r1\nraw\nby name\n")
        self.assertEqual(os.read(err, 1000), b"in error\n")
        os.close(out), os.close(err)

    def test_last_words_of_a_short_life(self):
        self.write("myapp.py", "import os\nos.write(2, b'last words')\nos._exit(3)\n")
        zygote = self.zygote()
        zygote.tell(cmd="fork", worker=1)
        forked = zygote.event("forked")
        self.assertEqual(zygote.event("exited")["code"], 3)
        err = os.open(forked["err"], os.O_RDONLY | os.O_NONBLOCK)
        self.assertEqual(os.read(err, 1000), b"last words")
        os.close(err)


class Surroundings(Case):
    def test_folder_environment_and_input(self):
        self.write("inner/myapp.py", APP)
        zygote, front, _, _ = self.worker(chdir=os.path.join(self.folder, "inner"), env={"GREETING": "hi"})
        expected = ascii((os.path.join(self.folder, "inner"), "hi", ""))
        self.assertEqual(self.body(front, 1, "/state"), expected)

    def test_sys_path(self):
        self.write("one/x.py", "")
        environ = {"PYTHONPATH": os.path.join(self.folder, "two")}
        zygote, front, _, _ = self.worker(env={}, pythonpath=["one"], environ=environ)
        path, argv, main = eval(self.body(front, 1, "/python"))
        self.assertEqual(path[:3], [self.folder] + [os.path.join(self.folder, name) for name in ("one", "two")])
        self.assertNotIn(os.path.dirname(BOOTSTRAP), path)
        plain = subprocess.run(
            [sys.executable, "-c", "import sys; print(sys.path)"],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            check=True,
        )
        self.assertEqual([path[0], *path[2:]], [self.folder, *eval(plain.stdout)[1:]])
        self.assertEqual((argv, main), (["dram"], None))

    def test_modules_of_ours(self):
        zygote, front, _, _ = self.worker()
        names = self.body(front, 1, "/modules").split()
        self.assertEqual([name for name in names if "dram" in name and not name.startswith("_dram")], ["dram"])

    def test_what_a_plain_start_does_without(self):
        zygote, front, _, _ = self.worker()
        names = self.body(front, 1, "/modules").split()
        late = {"ast", "ctypes", "difflib", "linecache", "textwrap", "tokenize", "traceback"}
        self.assertEqual(late.intersection(names), set())

    def error(self, source):
        """What is told of the exception that an application raises."""
        self.write("myapp.py", source)
        zygote, front, _, _ = self.worker()
        return front.answer(1)[-1].json

    def test_an_error_where_no_file_can_be_opened(self):
        told = self.error(
            """
            import os
            def app(environ, start_response):
                taken = []
                while True:
                    taken.append(os.open("/dev/null", os.O_RDONLY))
            """
        )
        self.assertIn("Too many open files", told["says"])
        self.assertRegex(told["traceback"], r'File ".*/myapp\.py", line 6, in app\n')

    def test_an_error_beside_modules_of_the_applications_with_names_of_the_standard_librarys(self):
        for name in ("tokenize", "linecache", "textwrap"):
            self.write(name + ".py", "value = 1\n")
        told = self.error(
            """
            import linecache, textwrap, tokenize
            def app(environ, start_response):
                return [b"x" * (tokenize.value // 0)]
            """
        )
        self.assertRegex(told["traceback"], r'File ".*/myapp\.py", line 4, in app\n')

    def test_shadowing_names(self):
        bomb = "raise RuntimeError('the wrong module')\n"
        for name in (
            "socket types json call signal select struct threading difflib importlib mmap ast traceback platform"
            " linecache tokenize token re enum functools frames worker load page body reply zygote contextlib"
            " string random warnings textwrap keyword collections operator gc ctypes faulthandler re stat asyncio"
            " audit descriptors holders generation place procfs prctl title stacks tempfile"
        ).split():
            self.write(name + ".py", bomb)
        self.write("other/socket.py", bomb)
        zygote, front, _, _ = self.worker(environ={"PYTHONPATH": os.path.join(self.folder, "other")})
        self.assertEqual(self.body(front, 1, "/"), "hello")
        self.assertEqual(front.answer(2, flags=["BODY_FILE"])[-1].kind, "ERROR")
        front.tell("STOP")
        self.assertEqual(zygote.event("exited")["code"], 0)

    def test_failure_beside_shadowing_names(self):
        self.write("linecache.py", "raise RuntimeError('the wrong module')\n")
        self.write("tokenize.py", "raise RuntimeError('the wrong module')\n")
        self.write("myapp.py", "1 / 0\n")
        front, _ = self.zygote().fork()
        unready = front.next("UNREADY").json
        self.assertEqual(unready["code"], "APP_IMPORT_FAILED")
        self.assertIn("1 / 0", unready["traceback"])

    def test_own_modules_named_like_ours(self):
        self.write("call.py", "value = 'mine'\n")
        self.write(
            "myapp.py",
            """
            import call
            def app(environ, start_response):
                start_response("200 OK", [])
                return [call.value.encode()]
            """,
        )
        zygote, front, _, _ = self.worker()
        self.assertEqual(self.body(front, 1, "/"), "mine")

    def test_postfork(self):
        self.write("myapp.py", "import dram, os\n@dram.postfork\ndef born(): os.environ['GREETING'] = 'born'\n" + APP)
        zygote, front, _, _ = self.worker()
        self.assertIn("'born'", self.body(front, 1, "/state"))

    def test_multiprocessing(self):
        self.write(
            "myapp.py",
            """
            import multiprocessing
            import work
            def app(environ, start_response):
                start_response("200 OK", [])
                results = []
                for method in ("fork", "spawn"):
                    context = multiprocessing.get_context(method)
                    queue = context.SimpleQueue()
                    process = context.Process(target=work.work, args=(queue,))
                    process.start()
                    results.append(queue.get())
                    process.join()
                    results.append(process.exitcode)
                return [repr(results).encode()]
            """,
        )
        self.write("work.py", "def work(queue):\n    queue.put(42)\n")
        zygote, front, _, _ = self.worker()
        self.assertEqual(self.body(front, 1, "/"), "[42, 0, 42, 0]")


class ApplicationForks(Case):
    def ours_among(self, pid, zygote):
        """Descriptors of ours that a process has open, once it had time to begin."""
        for _ in range(3000):
            links = []
            for descriptor in os.listdir("/proc/%d/fd" % pid):
                try:
                    links.append(os.readlink("/proc/%d/fd/%s" % (pid, descriptor)))
                except FileNotFoundError:
                    pass          # closed meanwhile
            links = [link for link in links if link.startswith("socket") or link == zygote.lifeline_path]
            if not links:
                break
            time.sleep(0.01)
        return links

    def test_the_child_holds_nothing_of_ours(self):
        zygote, front, forked, _ = self.worker()
        child = int(self.body(front, 1, "/child"))
        try:
            self.assertEqual(self.ours_among(child, zygote), [])
            os.kill(forked["pid"], signal.SIGKILL)
            self.assertEqual(zygote.event("exited")["signal"], signal.SIGKILL)
            with self.assertRaises((EOFError, ConnectionError)):      # though the child lives
                front.next()
        finally:
            os.kill(child, signal.SIGKILL)

    def test_programs_inherit_nothing(self):
        self.write(
            "myapp.py",
            """
            import subprocess
            def app(environ, start_response):
                start_response("200 OK", [])
                return [subprocess.check_output(["ls", "-l", "/proc/self/fd"], close_fds=False)]
            """,
        )
        zygote, front, _, _ = self.worker()
        listing = self.body(front, 1, "/")
        self.assertNotIn("socket", listing)
        self.assertNotIn("lifeline", listing)

    def test_a_child_that_returns_answers_nobody(self):
        zygote, front, _, _ = self.worker()
        front.data.sendall(request_frame(1, target="/wayward") + request_frame(2, target="/"))
        frames = [front.next("HEAD"), front.next("HEAD")]
        self.assertEqual([(frame.id, frame.body) for frame in frames], [(1, b"hello"), (2, b"hello")])
        front.tell("RECALL", 2)
        front.next("RETURNED")


class Refusals(Case):
    def unready(self, app, **config):
        zygote = self.zygote(app=app, **config)
        front, _ = zygote.fork()
        unready = front.next("UNREADY").json
        self.assertEqual(zygote.event("exited")["code"], 1)
        return unready

    def test_codes(self):
        self.write("broken.py", "import no_such_module\n")
        self.write("asgi.py", "async def app(scope, receive, send): pass\n")
        cases = {
            "myap": "APP_NOT_FOUND",
            "nothing.py": "APP_NOT_FOUND",
            "myapp:ap": "APP_ATTRIBUTE_MISSING",
            "myapp:os": "APP_NOT_CALLABLE",
            "asgi": "APP_IS_ASGI",
            "broken": "APP_IMPORT_FAILED",
            "myapp:a b": "APP_SPEC_INVALID",
            None: "APP_NOT_NAMED",
        }
        for app, code in cases.items():
            with self.subTest(app):
                unready = self.unready(app)
                self.assertEqual(unready["code"], code)
                self.assertTrue(unready["says"])
                self.assertEqual(set(unready), {"code", "says", "hint", "traceback"})

    def test_chdir(self):
        self.assertEqual(self.unready("myapp", chdir="/no/such/folder")["code"], "CHDIR_FAILED")

    def test_postfork_fails(self):
        self.write("myapp.py", "import dram\n@dram.postfork\ndef born(): 1 / 0\n" + APP)
        self.assertIn("born", self.unready("myapp")["says"])


class OldPythons(unittest.TestCase):
    def test_are_named(self):
        """Pythons that are too old, where pyenv has them."""
        root = os.path.join(os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv")), "versions")
        versions = os.listdir(root) if os.path.isdir(root) else []
        for version in versions:
            if version.startswith(("2.7.", "3.6.", "3.7.", "3.8.")):
                with self.subTest(version):
                    ours, theirs = socket.socketpair()
                    os.set_inheritable(theirs.fileno(), True)
                    process = subprocess.Popen(
                        [os.path.join(root, version, "bin", "python"), BOOTSTRAP],
                        close_fds=False,
                        preexec_fn=lambda: os.dup2(theirs.fileno(), 3),
                    )
                    theirs.close()
                    event = json.loads(ours.makefile().readline())
                    self.assertEqual((event["event"], event["code"]), ("failed", "PYTHON_TOO_OLD"))
                    self.assertIn(version, event["says"])
                    self.assertEqual(process.wait(30), 1)
                    ours.close()


if __name__ == "__main__":
    unittest.main()
