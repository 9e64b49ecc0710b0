"""STACKS, the signal DUMP, and what the slots of the state page say of the threads."""
import contextlib
import gc
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
import weakref

from support import FLAGS, PAGE, TABLE, request_frame
from test_reply import PLAIN, Case, app_of, serving
from _dram import stacks
from _dram.page import Page, Slot, create

LAST = FLAGS["BODY"]["LAST"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Held:
    """An application that stays in hold() until it is let go."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.released = threading.Semaphore(0)

    def __call__(self, environ, start_response):
        self.hold()
        start_response("200 OK", PLAIN)
        return [b"done"]

    def hold(self):
        self.entered.release()
        self.released.acquire()

    def release(self, count):
        for _ in range(count):
            self.released.release()


def stacks_of(worker):
    """What STACKS tells, of the threads of that worker alone, by name."""
    worker.tell("STACKS")
    frame = worker.control_reader.next()
    assert frame.kind == "STACKS", frame
    idents = [slot.words[2] for slot in worker.worker.slots]
    return [thread for thread in frame.json if thread["ident"] in idents]


class Stacks(Case):
    @contextlib.contextmanager
    def held(self, count=1, **config):
        application = Held()
        with serving(application, **config) as worker:
            for number in range(1, count + 1):
                worker.request(number)
                application.entered.acquire()
            worker.until_all_serve()
            try:
                yield worker
            finally:
                application.release(count)

    def test_the_applications_frames(self):
        with self.held() as worker:
            (thread,) = stacks_of(worker)
            lines = thread["stack"].split("\n")
            self.assertRegex(lines[0], r'^  File ".*test_stacks\.py", line \d+, in __call__$')
            self.assertEqual(lines[1], "    self.hold()")
            self.assertRegex(lines[2], r'^  File ".*test_stacks\.py", line \d+, in hold$')
            self.assertEqual(thread["request"], 1)
            self.assertEqual(thread["ident"], worker.thread.ident)
            self.assertEqual(thread["name"], worker.thread.name)

    def test_threads_and_their_requests(self):
        with self.held(2, threads=3) as worker:
            threads = stacks_of(worker)
            self.assertEqual(sorted(thread["request"] for thread in threads), [0, 1, 2])
            names = [thread["name"] for thread in threads if thread["ident"] != worker.thread.ident]
            self.assertEqual(sorted(names), ["dram-2", "dram-3"])
            (idle,) = [thread for thread in threads if not thread["request"]]
            self.assertEqual(idle["stack"], "")

    def test_the_applications_own_threads(self):
        over = threading.Event()
        own = threading.Thread(target=over.wait, name="the application's")
        own.start()
        with serving(app_of([b""])) as worker:
            worker.tell("STACKS")
            threads = worker.control_reader.next().json
            over.set()
            own.join()
        (thread,) = [thread for thread in threads if thread["name"] == "the application's"]
        self.assertEqual(thread["ident"], own.ident)
        self.assertIn("in wait", thread["stack"])
        self.assertFalse([thread for thread in threads if "of_threads" in thread["stack"]], "the control thread")

    def test_our_frames_inside_the_applications_stay(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)(b"x" * 1000)
            return []

        with serving(application, window=10) as worker:
            worker.request(1)
            worker.next("HEAD")
            (thread,) = stacks_of(worker)
            while "in wait" not in thread["stack"]:
                (thread,) = stacks_of(worker)
            names = [line.rpartition(" ")[2] for line in thread["stack"].split("\n") if line.startswith("  File")]
            self.assertEqual(names[:2], ["application", "write"])
            worker.credit(1, 10000)
            worker.until("END")

    def test_deep_recursion(self):
        def deep(level):
            return deep(level - 1) if level else stacks.calls_of(sys._getframe())

        calls = deep(500)
        text = stacks.text_of(calls, 0)
        self.assertIn("[Previous line repeated ", text)
        self.assertIn("earlier calls are left out]", text)
        self.assertIn("in deep", text)

    def test_no_source_and_no_line(self):
        text = stacks.text_of([("<string>", 0, "made"), ("/no/such/file.py", 7, "up")], 0)
        self.assertEqual(text, '  File "/no/such/file.py", line 7, in up\n  File "<string>", line 0, in made\n')

    def test_leaves_no_reference_to_a_frame(self):
        class Witness:
            pass

        held = Held()
        seen = []

        def application(environ, start_response):
            witness = Witness()
            seen.append(weakref.ref(witness))
            return held(environ, start_response)

        gc.disable()
        self.addCleanup(gc.enable)
        with serving(application) as worker:
            worker.request(1)
            held.entered.acquire()
            stacks_of(worker)
            held.release(1)
            worker.next("HEAD")
            worker.ping()
            self.assertIsNone(seen[0]())

    def test_under_load(self):
        """10,000 times while requests run; the process is this one, and goes on."""

        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return deep(int(environ["QUERY_STRING"]))

        def deep(level):
            if level:
                return deep(level - 1)
            return (b"x" for _ in range(3))

        rounds, calls = 200, 50
        with serving(application, threads=4) as worker:
            for number in range(rounds):
                first = number * 8 + 1
                batch = b"".join(request_frame(first + at, target="/?%d" % (at * 7)) for at in range(8))
                worker.data.sendall(batch)
                for _ in range(calls):
                    worker.tell("STACKS")
                for _ in range(calls):
                    self.assertEqual(worker.control_reader.next().kind, "STACKS")
                ended = 0
                while ended < 8:
                    ended += worker.next().kind == "END"


class Dump(unittest.TestCase):
    PROGRAM = """
import sys, threading
sys.path.insert(0, sys.argv[1])
import support
from _dram import stacks
stacks.arm_dump(sys.argv[2])
def hang():
    print("hanging", flush=True)
    sum(range(10 ** 15))          # never looks at the GIL
threading.Thread(target=hang, daemon=True).start()
threading.Event().wait()
"""

    @unittest.skipUnless(sys.platform == "linux", "Linux only")
    def test_stacks_of_a_process_that_keeps_its_gil(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "worker.stack")
            command = [sys.executable, "-c", self.PROGRAM, HERE, path]
            process = subprocess.Popen(command, stdout=subprocess.PIPE)
            try:
                process.stdout.readline()
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
                os.kill(process.pid, TABLE["signals"]["DUMP"])
                text = ""
                while "in <module>" not in text:       # the last line: the main thread comes last
                    time.sleep(0.001)
                    with open(path) as file:
                        text = file.read()
                self.assertIn("in hang", text)
                self.assertIsNone(process.poll())
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
                process.stdout.close()

    STACK_OF = """
import ctypes, faulthandler, os, sys
sys.path.insert(0, sys.argv[1])
import support
from _dram import stacks

class Stack(ctypes.Structure):
    _fields_ = [("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

def has_its_own():
    stack = Stack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
    return not stack.flags & stacks.SS_DISABLE

if sys.argv[3] == "forked":
    stacks.keep_the_usual_stack()
    if os.fork():
        os._exit(os.waitpid(-1, 0)[1] >> 8)
elif sys.argv[3] == "no threads":
    def no_threads(*given):
        raise RuntimeError("can't start new thread")
    stacks.start_new_thread = no_threads
stacks.arm_dump(sys.argv[2])
faulthandler.enable()
os._exit(1 if has_its_own() else 0)
"""

    @unittest.skipUnless(sys.platform == "linux", "Linux only")
    def test_signals_are_handled_on_the_usual_stack(self):
        for case, options in (("alone", ()), ("forked", ()), ("no threads", ()), ("enabled", ("-X", "faulthandler"))):
            with self.subTest(case), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "worker.stack")
                command = [sys.executable, *options, "-c", self.STACK_OF, HERE, path, case]
                self.assertEqual(subprocess.run(command).returncode, 0)


class Slots(Case):
    def words(self, worker, number=0):
        at = PAGE["threads"] + number * PAGE["threadWords"]
        request_id, _, ident = worker.words[at : at + 3]
        (start,) = memoryview(worker.words[at + 1].to_bytes(8, "little")).cast("d")
        return request_id, start, ident

    def test_marks_a_request_while_it_runs(self):
        application = Held()
        with serving(application) as worker:
            before = time.perf_counter()
            worker.request(7)
            application.entered.acquire()
            request_id, start, ident = self.words(worker)
            self.assertEqual((request_id, ident), (7, worker.thread.ident))
            self.assertTrue(before <= start <= time.perf_counter())
            application.release(1)
            worker.next("HEAD")
            worker.stop_serving()
            self.assertEqual(self.words(worker)[0], 0)

    def test_clears_it_after_a_failure(self):
        def application(environ, start_response):
            raise ValueError

        with serving(application) as worker:
            worker.answer(1)
            worker.stop_serving()
            self.assertEqual(self.words(worker)[0], 0)

    def test_one_for_each_thread(self):
        application = Held()
        with serving(application, threads=3) as worker:
            for number in (1, 2, 3):
                worker.request(number)
                application.entered.acquire()
            slots = [self.words(worker, number) for number in range(3)]
            self.assertEqual(sorted(slot[0] for slot in slots), [1, 2, 3])
            self.assertEqual(len({slot[2] for slot in slots}), 3)
            application.release(3)
            for _ in range(3):
                worker.next("HEAD")

    def standing(self, worker):
        """The start, once it is that of a waiting request."""
        while True:
            start = self.words(worker)[1]
            if math.isinf(start):
                return start
            time.sleep(0)

    def test_the_clock_stands_still_while_the_body_comes(self):
        self.wait_for_a_body(lambda read: read())

    def test_in_another_thread_too(self):
        def read_elsewhere(read):
            thread = threading.Thread(target=read)
            thread.start()
            thread.join()

        self.wait_for_a_body(read_elsewhere)

    def wait_for_a_body(self, run):
        application = Held()

        def reading(environ, start_response):
            run(environ["wsgi.input"].read)
            return application(environ, start_response)

        with serving(reading) as worker:
            before = time.perf_counter()
            worker.data.sendall(request_frame(1, flags=["BODY_STREAM"]))
            worker.next("GRANT")
            self.standing(worker)
            began_waiting = time.perf_counter()
            time.sleep(0.01)
            ends_waiting = time.perf_counter()
            worker.tell("BODY", 1, b"x", LAST)
            application.entered.acquire()
            request_id, start, _ = self.words(worker)
            waited = ends_waiting - began_waiting
            self.assertEqual(request_id, 1)
            self.assertGreaterEqual(start, before + waited)
            self.assertLessEqual(start, time.perf_counter())
            application.release(1)
            worker.next("HEAD")

    def test_the_clock_stands_still_without_credit(self):
        with serving(app_of(lambda: iter([b"x" * 30])), window=10) as worker:
            worker.request(1)
            worker.next("HEAD")
            self.standing(worker)
            worker.credit(1, 10)
            worker.next("DATA")
            self.standing(worker)
            worker.tell("CANCEL", 1)
            worker.next("END")

    def test_two_threads_of_a_request_wait(self):
        """One for the body, one for credit: each is woken by its own, and the clock stands still until both go on."""
        body = []

        def application(environ, start_response):
            write = start_response("200 OK", PLAIN)
            reader = threading.Thread(target=lambda: body.append(environ["wsgi.input"].read()))
            reader.start()
            write(b"x" * 30)
            reader.join()
            return []

        with serving(application, window=10) as worker:
            worker.data.sendall(request_frame(1, flags=["BODY_STREAM"]))
            worker.until("HEAD")
            while len(worker.worker.lines[0].calls[1].bells) < 2:
                time.sleep(0)
            worker.tell("BODY", 1, b"body", LAST)
            while not body:
                time.sleep(0)
            self.assertTrue(math.isinf(self.words(worker)[1]))
            worker.credit(1, 20)
            worker.until("END")
        self.assertEqual(body, [b"body"])

    def test_beyond_those_of_the_page(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page")
            create(path)
            page = Page(path)
            last, beyond = page.slot(PAGE["mostThreads"] - 1), page.slot(PAGE["mostThreads"])
            last.words[0], beyond.words[0] = 1, 2
            self.assertEqual(page.words[PAGE["sections"] - PAGE["threadWords"]], 1)
            self.assertNotIn(2, page.words.tolist()[PAGE["threads"] :])
            self.assertIsInstance(beyond, Slot)

    def test_not_touched_by_a_process_that_the_application_forks(self):
        def application(environ, start_response):
            pid = os.fork()
            start_response("200 OK", PLAIN)
            if pid == 0:
                return [b""]             # the child leaves the request as if it were its own
            os.waitpid(pid, 0)
            marks.append(self.words(worker)[0])
            return [b""]

        marks = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with serving(application) as worker:
                worker.answer(5)
        self.assertEqual(marks, [5])


if __name__ == "__main__":
    unittest.main()
