"""INTERRUPT: dram.RequestTimeout in the thread of an overdue request, wherever that is just then."""
import functools
import itertools
import os
import queue
import random
import sys
import threading
import unittest

from support import FLAGS, PAGE, PATIENCE_SECONDS, LocalWorker, ZygoteProcess, front_frame, request_frame, wait_until
from test_reply import PLAIN, Case
import dram
from _dram import interrupt
from _dram.interrupt import checkpoint, raiser
from _dram.page import ID, IDENT, STANDING, START
from _dram.send import Sender
from _dram.stacks import current_frames

raise_in_thread = raiser()

# All positions instead of some: minutes instead of seconds.
EVERYWHERE = "DRAM_TEST_EVERYWHERE" in os.environ
TARGET = 2
# A traced thread of Python 3.11 stays at a function's entry while an exception is pending in another thread (ceval.c,
# DO_TRACING: it looks at the pending things again and again). If that other thread waits for a lock of the first, both
# stay for ever.
SPINS_WHEN_TRACED = sys.version_info[:2] == (3, 11)


def quietly(function, *given):
    """Calls a C function by unpacking a map: Python doesn't look for exceptions after that, as it does after a call."""
    calls = map(function, *zip(given))
    (_,) = calls


def busy(environ, start_response):
    """An application that never ends by itself."""
    while True:
        sum(range(50))


def final(frames, request_id):
    """The frames that end a request."""
    ends = [frame for frame in frames if frame.id == request_id and frame.kind in ("HEAD", "END", "ERROR")]
    return [frame for frame in ends if frame.kind != "HEAD" or frame.has("LAST")]


@unittest.skipIf(raise_in_thread is None, "this Python can't")
class Interrupted(Case):
    def begin(self, application, **config):
        """A worker whose request 1 runs, and that has been told to stop."""
        entered = threading.Event()

        def entering(environ, start_response):
            entered.set()
            return application(environ, start_response)

        worker = LocalWorker(entering, **config)
        self.addCleanup(worker.stop)
        worker.request(1)
        entered.wait()
        worker.data.sendall(request_frame(9))
        worker.tell("STOP")
        if config.get("threads", 1) == 1:
            self.assertEqual(worker.next("RETURNED").ids, [9])
        return worker

    def test_an_endless_loop(self):
        worker = self.begin(busy)
        worker.tell("INTERRUPT", 1)
        error = worker.next("ERROR").json
        self.assertEqual(error["says"], "RequestTimeout: the request is over its deadline")
        self.assertIn("in busy", error["traceback"])

    def test_quiet_if_nobody_waits(self):
        worker = self.begin(busy)
        worker.mark(1, PAGE["CANCELLED"])
        worker.tell("CANCEL", 1)
        worker.tell("INTERRUPT", 1)
        self.assertEqual(self.kinds([worker.next()]), ["END"])

    def test_is_no_exception_for_the_application(self):
        seen = []

        def application(environ, start_response):
            while True:
                try:
                    busy(environ, start_response)
                except Exception:
                    seen.append("kept")
                finally:
                    seen.append("released")

        worker = self.begin(application)
        worker.tell("INTERRUPT", 1)
        worker.next("ERROR")
        self.assertEqual(seen, ["released"])
        self.assertEqual((dram.RequestTimeout.__module__, dram.RequestTimeout.__name__), ("dram", "RequestTimeout"))

    def test_one_that_is_kept_comes_once(self):
        kept = threading.Event()

        def application(environ, start_response):
            try:
                busy(environ, start_response)
            except dram.RequestTimeout:
                kept.set()
            start_response("200 OK", PLAIN)
            return [b"after all"]

        worker = self.begin(application)
        worker.tell("INTERRUPT", 1)
        worker.tell("INTERRUPT", 1)
        kept.wait()
        self.assertEqual(worker.next("HEAD").body, b"after all")

    def test_only_the_thread_that_runs_it(self):
        over = threading.Event()

        def application(environ, start_response):
            if environ["PATH_INFO"] == "/slow":
                entered.release()
                over.wait()
                start_response("200 OK", PLAIN)
                return [b"slow"]
            entered.release()
            return busy(environ, start_response)

        entered = threading.Semaphore(0)
        worker = LocalWorker(application, threads=3)
        self.addCleanup(worker.stop)
        worker.request(1, target="/slow")
        worker.request(2)
        for _ in range(2):
            entered.acquire()
        worker.tell("STOP")
        worker.tell("INTERRUPT", 2)
        self.assertEqual(worker.next("ERROR").id, 2)
        over.set()
        self.assertEqual(worker.next("HEAD").body, b"slow")

    def test_not_before_stop(self):
        ended = threading.Event()

        def application(environ, start_response):
            entered.set()
            while not ended.is_set():
                sum(range(50))
            start_response("200 OK", PLAIN)
            return [b"whole"]

        entered = threading.Event()
        worker = LocalWorker(application)
        self.addCleanup(worker.stop)
        worker.request(1)
        entered.wait()
        worker.tell("INTERRUPT", 1)
        worker.tell("PING")
        worker.control_reader.next()
        ended.set()
        self.assertEqual(worker.next("HEAD").body, b"whole")

    def test_what_runs_no_more_is_left_alone(self):
        worker = LocalWorker(lambda environ, start_response: start_response("200 OK", PLAIN) and [b""], threads=2)
        worker.answer(1)
        worker.tell("STOP")
        for request_id in (0, 1, 2):
            worker.tell("INTERRUPT", request_id)
        worker.stop()

    def test_what_waits_for_its_client_is_left_alone(self):
        def application(environ, start_response):
            try:
                environ["wsgi.input"].read()
            except OSError:
                start_response("200 OK", PLAIN)
            return [b"cancelled"]

        worker = LocalWorker(application)
        self.addCleanup(worker.stop)
        worker.data.sendall(request_frame(1, flags=["BODY_STREAM"]) + request_frame(2))
        worker.next("GRANT")
        worker.next("RETURNED")
        worker.tell("STOP")
        worker.tell("INTERRUPT", 1)
        worker.ping()
        worker.mark(1, PAGE["CANCELLED"])
        worker.tell("CANCEL", 1)
        self.assertEqual(worker.until("HEAD", "END")[-1].body, b"cancelled")

    def test_without_ctypes_nothing_happens(self):
        ended = threading.Event()

        def application(environ, start_response):
            ended.wait()
            start_response("200 OK", PLAIN)
            return [b"whole"]

        worker = self.begin(application)
        able, interrupt.raiser = interrupt.raiser, lambda: None
        self.addCleanup(setattr, interrupt, "raiser", able)
        worker.tell("INTERRUPT", 1)
        worker.tell("PING")
        worker.control_reader.next()
        ended.set()
        self.assertEqual(worker.next("HEAD").body, b"whole")


@unittest.skipIf(raise_in_thread is None, "this Python can't")
class Checkpoints(unittest.TestCase):
    def test_what_was_asked_for_comes_out_there(self):
        """All our safety hangs on this: a pending exception is raised at a function's entry, at the latest."""
        outcome = []

        def run():
            try:
                quietly(raise_in_thread, threading.get_ident(), dram.RequestTimeout)
                checkpoint()
                outcome.append("beyond")
            except dram.RequestTimeout:
                outcome.append("raised")

        for _ in range(1000):        # until it runs in whatever way this Python makes hot code fast
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
        self.assertEqual(set(outcome), {"raised"})

    def test_a_thread_that_waited_for_the_lock_writes_nothing(self):
        sent = []

        class Socket:
            def sendall(self, data):
                sent.append(data)

            def sendmsg(self, pieces):
                sent.extend(pieces)
                return sum(map(len, pieces))

        sender = Sender(Socket())
        big = b"x" * 100000
        for _ in range(1000):        # Python looks less often in code that it has made fast
            sender.send(b"header", big)
            sender.send(b"header", b"small")
        sent.clear()
        for piece in (b"small", big):
            raised = threading.Event()

            def run():
                try:
                    sender.send(b"header", piece)
                except dram.RequestTimeout:
                    raised.set()

            with sender.writing:
                thread = threading.Thread(target=run)
                thread.start()
                wait_for_frame(thread, Sender.send)
                raise_in_thread(thread.ident, dram.RequestTimeout)
            thread.join()
            self.assertTrue(raised.is_set())
            self.assertFalse(sender.writing.locked())
            self.assertEqual((sent, sender.out), ([], []))


def wait_for_frame(thread, function):
    """Until a thread is inside this function, where it waits for a lock."""
    wait_until(lambda: frame_is(current_frames().get(thread.ident), function))


def frame_is(frame, function):
    return frame is not None and frame.f_code is function.__code__


class Injection:
    """A trace function that has TARGET's thread interrupted at its `at`-th bytecode inside that request.

    `at_once`: the exception comes between those two bytecodes, even where Python wouldn't look for it; else when
    Python does look.
    """

    def __init__(self, at, at_once):
        self.at = at
        self.at_once = at_once
        self.count = 0
        self.worker = None
        self.done = False

    def __call__(self, frame, event, arg):
        if self.done:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and self.worker is not None:
            slot = self.worker.lines[0].slot_of(TARGET)
            if slot is not None and slot.words[IDENT] == threading.get_ident():
                return self.step()
        return self

    def step(self):
        self.worker.stopping = self.worker.lines[0].stopping = True
        self.count += 1
        # The lock is another's, or this thread's own: then INTERRUPT waits for it.
        if self.count < self.at or self.worker.lines[0].sender.writing.locked():
            return self
        # As Interrupts.interrupt does it, but for how the exception is asked for.
        slot = self.worker.lines[0].slot_of(TARGET)
        if slot.doubles[START] == STANDING:
            return self
        self.done = True
        if self.at_once:
            raise dram.RequestTimeout
        sys.settrace(None)           # else Python would look for it when it calls this next
        quietly(raise_in_thread, slot.words[IDENT], dram.RequestTimeout)
        return self


def various(environ, start_response):
    """Does much of what an application can do with its server."""
    path = environ["PATH_INFO"]
    if path == "/fast":
        start_response("200 OK", PLAIN)
        return [path.encode()]
    environ["wsgi.errors"].write("a line\nand a half")
    if path == "/list":
        start_response("200 OK", PLAIN + [("X-Path", path)])
        return [b"a", b"b"]
    if path == "/raise":
        raise ValueError("no")
    if path == "/write":
        write = start_response("200 OK", PLAIN)
        write(b"x" * 100)
        write(b"y" * 50000)
        return []
    if path == "/read":
        environ["wsgi.input"].read()
    start_response("200 OK", PLAIN)
    return generated()


def generated():
    for size in (10, 300, 40000):
        yield b"x" * size


@unittest.skipIf(raise_in_thread is None, "this Python can't")
@unittest.skipIf(sys.version_info[:2] == (3, 12), "this Python crashes now and then when bytecodes are traced")
class Anywhere(Case):
    STRIDE = 1 if EVERYWHERE else 31

    def test_short(self):
        self.interrupt_at_each("/fast", stride=1)

    def test_list(self):
        self.interrupt_at_each("/list")

    def test_generator(self):
        self.interrupt_at_each("/generator")

    def test_waiting_for_credit(self):
        self.interrupt_at_each("/generator", window=200)

    def test_write(self):
        self.interrupt_at_each("/write", window=200)

    def test_waiting_for_a_body(self):
        self.interrupt_at_each("/read", flags=["BODY_STREAM"])

    def test_failing(self):
        self.interrupt_at_each("/raise")

    def interrupt_at_each(self, path, flags=(), stride=STRIDE, **config):
        for at_once, threads in itertools.product((True, False), (1, 2)):
            if SPINS_WHEN_TRACED and not at_once and threads > 1:
                continue
            # Now and then the end of a request can't be interrupted, because another thread holds the lock.
            misses = 0
            for at in itertools.count(1, stride):
                misses += not self.interrupt_at(at, at_once, path, flags, threads=threads, **config)
                if misses > 2:
                    break

    def interrupt_at(self, at, at_once, path, flags, **config):
        """Runs three requests with an interruption; whether there was one."""
        injection = Injection(at, at_once)
        threading.settrace(injection)
        try:
            worker = LocalWorker(various, **config)
            # All threads must run: until a new one does, Python may take it for the one that started it.
            worker.ping()
            worker.until_all_serve()
        finally:
            threading.settrace(None)
        injection.worker = worker.worker
        with self.subTest(at=at, at_once=at_once, **config):
            batch = request_frame(1, target="/fast") + request_frame(TARGET, target=path, flags=flags)
            worker.data.sendall(batch + request_frame(3, target="/fast"))
            frames = self.converse(worker)
            worker.stop_serving()
            frames += self.rest(worker)
            self.assertEqual([frame.body for frame in final(frames, 1)], [b"/fast"])
            returned = [number for frame in frames if frame.kind == "RETURNED" for number in frame.ids]
            self.assertEqual(len(final(frames, 3)) + returned.count(3), 1, frames)
            self.assertFalse(worker.worker.lines[0].sender.writing.locked())
            self.assertFalse(worker.worker.reading.locked())
            self.assertEqual([slot.words[ID] for slot in worker.worker.slots], [0] * config["threads"])
        worker.stop()
        return injection.done

    def converse(self, worker):
        """All frames until TARGET has ended."""
        frames = []
        while not final(frames, TARGET):
            frames.append(worker.next())
            if frames[-1].id == TARGET:
                if frames[-1].kind == "GRANT" and len(frames[-1].payload) == 4:
                    worker.tell("BODY", TARGET, b"x" * 100)
                    worker.tell("BODY", TARGET, b"y" * 100, FLAGS["BODY"]["LAST"])
                worker.credit(TARGET, 100000)
        return frames

    def rest(self, worker):
        """What came after that; it must end with a whole frame."""
        frames = []
        try:
            while True:
                frames.append(worker.next())
        except EOFError:
            self.assertEqual(worker.reader.held, b"")
        return frames


def talkative(environ, start_response):
    """An application that never ends, and uses its server all the while."""
    write = start_response("200 OK", PLAIN)
    for turn in itertools.count():
        write(b"x" * (turn * 7919 % 70000 + 1))
        environ["wsgi.errors"].write("turn %d\n" % turn)


@unittest.skipIf(raise_in_thread is None, "this Python can't")
class AtAnyTime(Case):
    ROUNDS = 500 if EVERYWHERE else 40

    def test_amid_many_frames(self):
        for number in range(self.ROUNDS):
            worker = LocalWorker(talkative, window=100000, threads=4)
            running = {1, 2, 3}
            for request_id in running:
                worker.request(request_id)
            chance = random.Random(number)
            worker.tell("STOP")
            frames = queue.SimpleQueue()
            # Like the front: whatever it says to the worker, it goes on reading.
            reader = threading.Thread(target=read_all, args=(worker, frames))
            reader.start()
            while running:
                frame = frames.get(timeout=PATIENCE_SECONDS)
                if frame.kind in ("HEAD", "DATA"):
                    worker.credit(frame.id, len(frame.body))
                if frame.kind == "RETURNED":
                    running.difference_update(frame.ids)
                elif frame.kind == "ERROR":
                    self.assertEqual(frame.json["says"], "RequestTimeout: the request is over its deadline")
                    running.remove(frame.id)
                elif chance.random() < 0.05:
                    worker.tell("INTERRUPT", frame.id)
            worker.stop_serving()
            reader.join()
            self.assertEqual(worker.reader.held, b"")
            worker.stop()


def read_all(worker, frames):
    try:
        while True:
            frames.put(worker.next())
    except EOFError:
        pass


class InAProcess(unittest.TestCase):
    APPLICATION = """
import time

def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.2)
    while environ["PATH_INFO"] == "/hang":
        pass
    start_response("200 OK", [])
    return [b"done"]
"""

    def test_ends_with_code_0_when_all_threads_are_done(self):
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "hanging.py"), "w") as file:
                file.write(self.APPLICATION)
            zygote = ZygoteProcess(cwd=folder, app="hanging:app", threads=3)
            try:
                zygote.begin()
                front, event = zygote.fork()
                front.next("READY")
                front.request(1, target="/hang")
                front.request(2, target="/slow")
                wait_until(lambda: front.section[PAGE["entered"]] == 2)
                front.control.sendall(front_frame("STOP"))
                front.mark(1, PAGE["CANCELLED"])
                front.control.sendall(front_frame("CANCEL", 1) + front_frame("INTERRUPT", 1))
                frames = [front.next(), front.next()]
                self.assertEqual({(frame.id, frame.kind) for frame in frames}, {(1, "END"), (2, "HEAD")})
                ended = zygote.event("exited")
                self.assertEqual((ended["code"], ended["signal"]), (0, None))
            finally:
                zygote.close()


if __name__ == "__main__":
    unittest.main()
