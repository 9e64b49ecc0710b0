"""Credit, files, streamed request bodies, and giving back what isn't begun."""
import contextlib
import errno
import os
import tempfile
import threading
import time
import unittest
import unittest.mock

from support import FLAGS, PAGE, U32, LocalWorker, request_frame
from test_reply import PLAIN, Case, app_of, serving
from _dram import files
from _dram.frames import FILE_HEADER

LAST = FLAGS["BODY"]["LAST"]
BROKEN = FLAGS["BODY"]["BROKEN"]


class Credit(Case):
    def body_within(self, window, chunks, credits):
        """The frames' body sizes, when `credits` are given one by one."""
        with serving(app_of(lambda: iter(chunks)), window=window) as worker:
            worker.request(1)
            sizes = []
            for credit in [*credits, None]:
                got = 0
                while got < (window if not sizes else last):
                    frame = worker.next()
                    if frame.kind == "END":
                        return sizes + [got]
                    got += len(frame.body)
                sizes.append(got)
                if credit is None:
                    worker.next("END")
                    return sizes
                last = credit
                worker.credit(1, credit)

    def test_never_more_than_granted(self):
        self.assertEqual(self.body_within(10, [b"x" * 25], [10, 5]), [10, 10, 5])
        self.assertEqual(self.body_within(10, [b"x" * 4] * 5, [10]), [10, 10])

    def test_cancel_wakes(self):
        closed = threading.Event()

        def body():
            try:
                yield b"x" * 100
            finally:
                closed.set()

        with serving(app_of(body), window=10) as worker:
            worker.request(1)
            worker.next("HEAD")
            worker.tell("CANCEL", 1)
            worker.next("END")
            self.assertTrue(closed.is_set())
            worker.tell("RECALL", 1)
            worker.next("RETURNED")

    def test_a_length_comes_with_a_body_beyond_the_window(self):
        with serving(app_of([b"x" * 100]), window=60) as worker:
            worker.request(1)
            head = worker.next("HEAD")
            self.assertEqual((head.headers[-1], len(head.body)), (("Content-Length", "100"), 60))
            worker.credit(1, 1000)
            self.assertEqual(len(worker.next("DATA").body), 40)
            worker.next("END")

    def test_frames_for_ended_requests_are_dropped(self):
        with serving(app_of([b"x"])) as worker:
            worker.answer(1)
            for kind in ("CANCEL", "OPENED", "REFUSED"):
                worker.tell(kind, 1)
            worker.credit(1, 5)
            worker.tell("BODY", 1, b"late", LAST)
            worker.tell("PING", 0, b"ping")
            pong = worker.control_reader.next()
            self.assertEqual((pong.kind, pong.payload), ("PONG", b"ping"))
            worker.answer(2)


class Files(Case):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile()
        self.content = os.urandom(1000) * 300
        self.file.write(self.content)
        self.file.flush()
        self.opened = []

    def tearDown(self):
        self.file.close()

    def open(self, skip=0):
        file = open(self.file.name, "rb")
        file.read(skip)
        self.opened.append(file)
        return file

    def wrapped(self, environ, start_response, headers=PLAIN, skip=0):
        start_response("200 OK", headers)
        return environ["wsgi.file_wrapper"](self.open(skip))

    def hand_over(self, application, answer="OPENED"):
        with serving(application) as worker:
            worker.request(1)
            head, file = worker.next("HEAD"), worker.next("FILE")
            self.assertFalse(self.opened[0].closed)
            offset, length, device, inode = FILE_HEADER.unpack_from(file.payload)
            path = file.payload[FILE_HEADER.size :].decode()
            facts = os.stat(path)
            self.assertEqual((facts.st_dev, facts.st_ino), (device, inode))
            worker.tell(answer, 1)
            frames = worker.until("END")
        self.assertTrue(self.opened[0].closed)
        return head, offset, length, frames

    def test_whole(self):
        head, offset, length, frames = self.hand_over(self.wrapped)
        self.assertEqual((offset, length), (0, 300000))
        self.assertEqual(head.headers[-1], ("Content-Length", "300000"))
        self.assertFalse(frames[-1].has("SHORT"))

    def test_from_a_position(self):
        _, offset, length, _ = self.hand_over(lambda *call: self.wrapped(*call, skip=7))
        self.assertEqual((offset, length), (7, 299993))

    def test_content_length_bounds(self):
        headers = [("Content-Length", "280000")]
        _, offset, length, frames = self.hand_over(lambda *call: self.wrapped(*call, headers=headers, skip=10))
        self.assertEqual((offset, length), (10, 280000))
        self.assertFalse(frames[-1].has("SHORT"))

    def test_content_length_beyond_the_file(self):
        headers = [("Content-Length", "400000")]
        _, _, length, frames = self.hand_over(lambda *call: self.wrapped(*call, headers=headers))
        self.assertEqual(length, 300000)
        self.assertTrue(frames[-1].has("SHORT"))

    def test_plain_file_object(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return self.open()

        self.assertEqual(self.hand_over(application)[2], 300000)

    def test_refused(self):
        with serving(self.wrapped) as worker:
            worker.request(1)
            frames = [worker.next("HEAD"), worker.next("FILE")]
            worker.tell("REFUSED", 1)
            worker.credit(1, 100000)
            frames += worker.until("END")
        self.assertEqual(b"".join(frame.body for frame in frames if frame.kind == "DATA"), self.content)

    def test_client_gone_meanwhile(self):
        with serving(self.wrapped) as worker:
            worker.request(1)
            worker.next("HEAD"), worker.next("FILE")
            worker.tell("CANCEL", 1)
            worker.next("END")
            self.assertTrue(self.opened[0].closed)

    def test_small_files_are_sent_at_once(self):
        frames = self.frames(lambda *call: self.wrapped(*call, skip=299990))
        self.assertEqual(self.body(frames), self.content[-10:])
        self.assertEqual(frames[0].headers[-1], ("Content-Length", "10"))
        frames = self.frames(lambda *call: self.wrapped(*call, skip=300000))
        self.assertEqual(self.body(frames), b"")

    def test_not_for_head(self):
        frames = self.frames(self.wrapped, method="HEAD")
        self.assertEqual(self.kinds(frames), ["HEAD", "END"])
        self.assertTrue(self.opened[0].closed)

    def test_wrapper_iterated_by_middleware(self):
        def middleware(environ, start_response):
            return (chunk[:1] for chunk in self.wrapped(environ, start_response))

        self.assertEqual(self.body(self.frames(middleware)), self.content[:: 64 * 1024])

    def test_other_file_likes_are_iterated(self):
        import gzip
        import io

        packed = gzip.compress(self.content)
        with tempfile.NamedTemporaryFile() as file:
            file.write(packed)
            file.flush()
            for make in (lambda: gzip.open(file.name), lambda: io.BytesIO(self.content)):

                def application(environ, start_response):
                    start_response("200 OK", PLAIN)
                    return environ["wsgi.file_wrapper"](make(), 8192)

                with serving(application, window=10**6) as worker:
                    self.assertEqual(self.body(worker.answer(1)), self.content)

    def test_pipes_are_iterated(self):
        def application(environ, start_response):
            reader, writer = os.pipe()
            os.write(writer, b"through a pipe")
            os.close(writer)
            start_response("200 OK", PLAIN)
            return environ["wsgi.file_wrapper"](open(reader, "rb"))

        self.assertEqual(self.body(self.frames(application)), b"through a pipe")

    def test_temporary_files(self):
        def application(environ, start_response):
            file = tempfile.NamedTemporaryFile()
            file.write(b"x" * 300000)
            file.seek(0)
            start_response("200 OK", PLAIN)
            self.opened.append(file.file)
            return environ["wsgi.file_wrapper"](file)

        self.assertEqual(self.hand_over(application)[2], 300000)


@unittest.skipIf(files.splice is None, "this Python can't splice")
class SplicedFiles(Case):
    """Files that go from the page cache into the socket."""

    MIB = 1024 * 1024

    def setUp(self):
        self.file = tempfile.NamedTemporaryFile()
        self.addCleanup(self.file.close)
        self.content = os.urandom(self.MIB)
        self.file.write(self.content)
        self.file.flush()
        self.spliced = []
        self.splice = splice = files.splice

        def counted(source, target, count, **where):
            size = splice(source, target, count, **where)
            self.spliced.append(size)
            return size

        self.use(counted)

    def use(self, splice):
        files.splice = splice
        self.addCleanup(setattr, files, "splice", self.splice)

    def serve(self, mode="rb", skip=0, before=b"", headers=PLAIN):
        def application(environ, start_response):
            write = start_response("200 OK", headers)
            if before:
                write(before)
            file = open(self.file.name, mode)
            file.seek(skip)
            return environ["wsgi.file_wrapper"](file)

        return self.frames(application, {"window": self.MIB})

    def test_whole(self):
        frames = self.serve()
        self.assertEqual(self.body(frames), self.content)
        self.assertEqual(frames[0].headers[-1], ("Content-Length", str(self.MIB)))
        self.assertEqual(frames[-1].kind, "END")
        self.assertEqual(sum(self.spliced), 2 * self.MIB)         # into the pipe, and out of it

    def test_from_a_position(self):
        self.assertEqual(self.body(self.serve(skip=4999)), self.content[4999:])
        self.assertEqual(sum(self.spliced), 2 * (self.MIB - 4999))
        self.spliced.clear()
        self.assertEqual(self.body(self.serve(skip=self.MIB - 70000)), self.content[-70000:])
        self.assertEqual(sum(self.spliced), 2 * 70000)

    def test_content_length_bounds(self):
        frames = self.serve(headers=[("Content-Length", "700000")])
        self.assertEqual(self.body(frames), self.content[:700000])
        self.assertFalse(frames[-1].has("SHORT"))

    def test_content_length_beyond_the_file(self):
        frames = self.serve(headers=[("Content-Length", str(self.MIB + 1))], skip=500000)
        self.assertEqual(self.body(frames), self.content[500000:])
        self.assertTrue(frames[-1].has("SHORT"))

    def test_a_small_pipe_takes_its_time(self):
        fcntl, files.fcntl = files.fcntl, unittest.mock.Mock(side_effect=PermissionError)
        self.addCleanup(setattr, files, "fcntl", fcntl)
        self.assertEqual(self.body(self.serve()), self.content)
        self.assertEqual(sum(self.spliced), 2 * self.MIB)

    def test_what_may_still_be_written_to_is_read(self):
        self.assertEqual(self.body(self.serve("r+b")), self.content)
        self.assertEqual(self.spliced, [])

    def test_small_files_are_read(self):
        self.assertEqual(self.body(self.serve(skip=self.MIB - 60000)), self.content[-60000:])
        self.assertEqual(self.spliced, [])

    def test_a_file_system_that_can_t(self):
        def refuse(source, target, count, **where):
            raise OSError(errno.EINVAL, "no")

        self.use(refuse)
        self.assertEqual(self.body(self.serve()), self.content)

    def test_no_descriptors_left(self):
        with unittest.mock.patch.object(os, "pipe", side_effect=OSError(errno.EMFILE, "no")):
            self.assertEqual(self.body(self.serve()), self.content)
        self.assertEqual(self.spliced, [])

    def test_a_socket_that_can_t_or_no_more(self):
        """A frame that was begun is sent to its end."""
        for most in (0, 100000):
            with self.subTest(most):
                room = [most]

                def splice(source, target, count, **where):
                    if not where:
                        count = room.pop() if room else 0
                        if not count:
                            raise OSError(errno.EINVAL, "no")
                    return self.splice(source, target, count, **where)

                self.use(splice)
                self.assertEqual(self.body(self.serve()), self.content)

    def test_it_shrinks_while_it_is_sent(self):
        """What was taken is sent; that it isn't all can be seen."""

        def shrinking(source, target, count, **where):
            if where:
                os.truncate(self.file.name, 600000)
            return self.splice(source, target, count, **where)

        self.use(shrinking)
        frames = self.serve()
        self.assertEqual(self.body(frames), self.content[:600000])
        self.assertTrue(frames[-1].has("SHORT"))


class StreamedBodies(Case):
    def stream(self, use, pieces, flags=LAST, config=None):
        """The answer of an application that makes `use` of a body that comes in `pieces`."""

        def application(environ, start_response):
            result = use(environ["wsgi.input"])
            start_response("200 OK", PLAIN)
            return [repr(result).encode()]

        with serving(application, **(config or {})) as worker:
            worker.request(1, flags=["BODY_STREAM"])
            granted = worker.next("GRANT")
            self.assertEqual(U32.unpack(granted.payload)[0], 256 * 1024)
            for piece in pieces[:-1]:
                worker.tell("BODY", 1, piece)
            worker.tell("BODY", 1, pieces[-1], flags)
            return worker.answer()

    def test_reading(self):
        pieces = [b"one\ntw", b"o\n", b"three"]
        uses = {
            "read()": (lambda stream: stream.read(), b"one\ntwo\nthree"),
            "read(5)": (lambda stream: [stream.read(5), stream.read(100)], [b"one\nt", b"wo\nthree"]),
            "readline()": (lambda stream: [stream.readline() for _ in range(4)], [b"one\n", b"two\n", b"three", b""]),
            "iteration": (list, [b"one\n", b"two\n", b"three"]),
        }
        for name, (use, expected) in uses.items():
            with self.subTest(name):
                frames = self.stream(use, pieces)
                self.assertEqual(self.kinds(frames), ["HEAD"])
                self.assertEqual(frames[0].body, repr(expected).encode())

    def test_empty(self):
        self.assertEqual(self.stream(lambda stream: stream.read(), [b""])[-1].body, b"b''")

    def test_more_is_granted_as_it_is_read(self):
        frames = self.stream(lambda stream: len(stream.read()), [b"x" * 131072, b"x" * 131072, b"x"])
        self.assertEqual(frames[-1].body, b"262145")
        granted = sum(U32.unpack(frame.payload)[0] for frame in frames if frame.kind == "GRANT")
        self.assertLessEqual(granted, 262145)

    def test_unread_bodies_are_discarded(self):
        with serving(app_of([b"x"])) as worker:
            worker.request(1, flags=["BODY_STREAM"])
            self.assertEqual([worker.next().kind for _ in range(3)], ["GRANT", "DISCARD", "HEAD"])
            worker.tell("BODY", 1, b"late")
            worker.answer(2)

    def test_discarded_when_the_application_fails(self):
        def application(environ, start_response):
            raise ValueError

        with serving(application) as worker:
            worker.request(1, flags=["BODY_STREAM"])
            self.assertEqual([worker.next().kind for _ in range(3)], ["GRANT", "DISCARD", "ERROR"])

    def test_broken(self):
        def use(stream):
            try:
                stream.read()
            except OSError:
                return "noticed"

        self.assertEqual(self.stream(use, [b"par", b""], BROKEN)[-1].body, b"'noticed'")
        frame = self.stream(lambda stream: stream.read(), [b"par", b""], BROKEN)[-1]
        self.assertEqual(frame.json["code"], "REQUEST_BODY_BROKEN")
        self.assertEqual(frame.json["traceback"], "")

    def test_answering_while_reading(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            for line in environ["wsgi.input"]:
                yield line.upper()

        with serving(application) as worker:
            worker.request(1, flags=["BODY_STREAM"])
            worker.next("GRANT")
            worker.tell("BODY", 1, b"one\n")
            self.assertEqual(worker.next("HEAD").body, b"ONE\n")
            worker.tell("BODY", 1, b"two\n", LAST)
            self.assertEqual(worker.next("DATA").body, b"TWO\n")
            worker.next("END")


class Gate:
    """An application whose /wait blocks until it is opened."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.opened = threading.Semaphore(0)
        self.ran = []

    def __call__(self, environ, start_response):
        self.ran.append(environ["PATH_INFO"])
        if environ["PATH_INFO"].startswith("/wait"):
            self.entered.release()
            self.opened.acquire()
        start_response("200 OK", PLAIN)
        return [environ["PATH_INFO"].encode()]


class GivingBack(Case):
    def setUp(self):
        self.gate = Gate()

    @contextlib.contextmanager
    def waiting(self, **config):
        """A worker in which /wait runs as request 2, after /fast; requests 3 and 4 wait behind it."""
        worker = LocalWorker(self.gate, **config)
        try:
            batch = [("/fast", 1), ("/wait", 2), ("/three", 3), ("/four", 4)]
            worker.data.sendall(b"".join(request_frame(number, target=target) for target, number in batch))
            self.gate.entered.acquire()
            yield worker
        finally:
            for _ in range(4):
                self.gate.opened.release()
            worker.stop()

    def test_recall(self):
        with self.waiting() as worker:
            worker.tell("RECALL", 4)
            frames = worker.until("RETURNED")
            self.assertEqual(self.kinds(frames), ["HEAD", "RETURNED"])
            self.assertEqual((frames[0].id, frames[1].ids), (1, [3, 4]))
            self.assertEqual(worker.section[PAGE["entered"]], 2)
            self.gate.opened.release()
            self.assertEqual(worker.next("HEAD").id, 2)
            worker.answer(5)
            self.assertEqual(self.gate.ran, ["/fast", "/wait", "/"])

    def test_recall_of_some(self):
        with self.waiting() as worker:
            worker.tell("RECALL", 3)
            self.assertEqual(worker.until("RETURNED")[-1].ids, [3])
            self.gate.opened.release()
            self.assertEqual([worker.next("HEAD").id for _ in range(2)], [2, 4])

    def test_recall_finds_what_is_still_in_the_socket(self):
        with self.waiting() as worker:
            worker.request(5)
            worker.tell("RECALL", 5)
            self.assertEqual(worker.until("RETURNED")[-1].ids, [3, 4, 5])

    def test_recall_across_the_wrap_of_ids(self):
        with serving(self.gate) as worker:
            worker.request(0x7FFFFFFE, target="/wait")
            self.gate.entered.acquire()
            worker.request(0x7FFFFFFF)
            worker.request(1)
            worker.request(2)
            worker.tell("RECALL", 1)
            self.assertEqual(worker.next("RETURNED").ids, [0x7FFFFFFF, 1])
            self.gate.opened.release()
            self.assertEqual([worker.next("HEAD").id for _ in range(2)], [0x7FFFFFFE, 2])

    def test_recall_of_an_idle_worker(self):
        for threads in (1, 4):
            with serving(self.gate, threads=threads) as worker:
                worker.tell("RECALL", 0)
                self.assertEqual(worker.next("RETURNED").ids, [])

    def test_after_its_recall_a_request_keeps_nothing(self):
        """RECALL comes once for a request: an answer that is whole only later must not wait for what follows it."""

        def application(environ, start_response):
            start_response("200 OK", [("Content-Length", "5")])
            entered.set()
            opened.acquire()
            yield b"hello"
            opened.acquire()      # what an application does after its last byte

        entered, opened = threading.Event(), threading.Semaphore(0)
        with serving(application) as worker:
            worker.worker.tails.mean = 0.0
            worker.request(1)
            entered.wait()
            worker.tell("RECALL", 1)
            self.assertEqual(worker.next("RETURNED").ids, [])
            opened.release()
            frames = [worker.next("HEAD")]
            opened.release()
            self.assertEqual(frames[0].id, 1)
            worker.until("END")

    def test_recall_with_threads(self):
        with serving(self.gate, threads=3) as worker:
            worker.request(1, target="/wait")
            worker.request(2, target="/wait")
            for _ in range(2):
                self.gate.entered.acquire()
            worker.tell("RECALL", 2)          # the third thread waits for requests, with the reading lock
            self.assertEqual(worker.next("RETURNED").ids, [])
            self.assertEqual(worker.answer(3)[0].id, 3)
            worker.request(4, target="/wait")
            self.gate.entered.acquire()
            worker.request(5)
            worker.tell("RECALL", 5)
            self.assertEqual(worker.next("RETURNED").ids, [5])
            for _ in range(3):
                self.gate.opened.release()
            self.assertEqual({worker.next("HEAD").id for _ in range(3)}, {1, 2, 4})

    def test_recall_while_computing(self):
        ready, over = threading.Event(), threading.Event()

        def application(environ, start_response):
            ready.set()
            while not over.is_set():
                sum(range(100))
            start_response("200 OK", PLAIN)
            return [b""]

        with serving(application) as worker:
            worker.request(1)
            worker.request(2)
            ready.wait()
            worker.tell("RECALL", 2)
            self.assertEqual(worker.next("RETURNED").ids, [2])
            over.set()
            worker.next("HEAD")

    @contextlib.contextmanager
    def in_tail(self, **config):
        """A worker whose request 99 has given its whole body, and whose iterable doesn't end; 100 waits behind."""
        gate = threading.Semaphore(0)
        in_tail = threading.Event()

        def body(slow):
            yield b"hello"
            if slow:
                in_tail.set()
                gate.acquire()

        def application(environ, start_response):
            start_response("200 OK", [("Content-Length", "5")])
            return body(environ["PATH_INFO"] == "/slow")

        with serving(application, **config) as worker:
            worker.worker.tails.mean = 0.0
            worker.data.sendall(request_frame(99, target="/slow") + request_frame(100))
            in_tail.wait()
            yield worker
            gate.release()

    def test_recall_brings_out_a_deferred_body(self):
        with self.in_tail() as worker:
            worker.tell("RECALL", 100)
            head = worker.next("HEAD")
            self.assertEqual((head.body, head.has("LAST")), (b"hello", False))
            self.assertEqual(worker.next("RETURNED").ids, [100])

    def test_a_thread_without_work_brings_out_a_deferred_body(self):
        with self.in_tail(threads=3) as worker:
            frames = [worker.next() for _ in range(3)]
            self.assertEqual(sorted((frame.id, frame.kind) for frame in frames if frame.id == 99), [(99, "HEAD")])

    @contextlib.contextmanager
    def amid_chunks(self, **config):
        """A worker whose request 99 has given two chunks and is making the next."""
        gate = threading.Semaphore(0)
        between = threading.Event()

        def body():
            yield b"one "
            yield b"two "
            between.set()
            gate.acquire()
            yield b"three "
            between.set()
            gate.acquire()
            yield b"four"

        with serving(app_of(body), **config) as worker:
            worker.worker.gaps.mean = -1.0     # predicted to be quick, whatever the machine does
            worker.request(99)
            between.wait()
            between.clear()

            def go_on(wait=True):
                gate.release()
                if wait:
                    between.wait()
                    between.clear()

            yield worker, go_on

    def test_recall_brings_out_chunks_that_wait_for_the_next_and_ends_their_waiting(self):
        with self.amid_chunks() as (worker, go_on):
            worker.tell("RECALL", 99)
            self.assertEqual(worker.next("HEAD").body, b"one two ")
            self.assertEqual(worker.next("RETURNED").ids, [])
            go_on()
            self.assertEqual(worker.next("DATA").body, b"three ")
            go_on(wait=False)
            self.assertEqual(worker.next("DATA").body, b"four")
            worker.next("END")

    def test_stop_brings_out_chunks_that_wait_for_the_next(self):
        with self.amid_chunks() as (worker, go_on):
            worker.tell("STOP")
            self.assertEqual(worker.next("HEAD").body, b"one two ")
            go_on()
            self.assertEqual(worker.next("DATA").body, b"three ")
            go_on(wait=False)

    def test_chunks_that_come_slowly_leave_at_once(self):
        with self.amid_chunks() as (worker, go_on):
            worker.worker.gaps.mean = 1.0
            go_on()
            self.assertEqual(worker.next("HEAD").body, b"one two ")
            self.assertEqual(worker.next("DATA").body, b"three ")
            go_on(wait=False)

    def test_with_several_threads_every_chunk_leaves_at_once(self):
        with self.amid_chunks(threads=2) as (worker, go_on):
            self.assertEqual(worker.next("HEAD").body, b"one ")
            self.assertEqual(worker.next("DATA").body, b"two ")
            go_on()
            go_on(wait=False)

    def test_chunks_that_wait_are_not_lost_with_an_error(self):
        def body():
            yield b"one "
            yield b"two"
            raise ValueError("no more")

        with serving(app_of(body)) as worker:
            worker.worker.gaps.mean = -1.0     # predicted to be quick, whatever the machine does
            frames = worker.answer(1)
            self.assertEqual([frame.kind for frame in frames], ["HEAD", "ERROR"])
            self.assertEqual(frames[0].body, b"one two")

    def test_many_chunks_are_a_few_frames(self):
        with serving(app_of(lambda: iter([b"x" * 1000] * 100))) as worker:
            worker.worker.gaps.mean = -1.0     # predicted to be quick, whatever the machine does
            frames = worker.answer(1)
            self.assertEqual(sum(len(frame.body) for frame in frames if frame.kind != "END"), 100_000)
            self.assertLess(len(frames), 50)
            self.assertEqual(frames[-1].kind, "END")

    def test_write_leaves_before_it_returns_behind_what_waited(self):
        def application(environ, start_response):
            write = start_response("200 OK", PLAIN)
            yield b"one "
            write(b"two ")
            seen.wait()
            yield b"three"

        seen = threading.Event()
        with serving(application) as worker:
            worker.worker.gaps.mean = -1.0     # predicted to be quick, whatever the machine does
            worker.request(1)
            self.assertEqual(worker.next("HEAD").body, b"one ")
            self.assertEqual(worker.next("DATA").body, b"two ")
            seen.set()
            worker.until("END")

    def test_chunks_that_wait_leave_before_their_request_waits_for_its_body(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            yield b"ready"
            yield environ["wsgi.input"].read()

        with serving(application) as worker:
            worker.worker.gaps.mean = -1.0     # predicted to be quick, whatever the machine does
            worker.request(1, flags=["BODY_STREAM"])
            self.assertEqual(worker.next("GRANT").kind, "GRANT")
            self.assertEqual(worker.next("HEAD").body, b"ready")
            worker.tell("BODY", 1, b"body", flags=FLAGS["BODY"]["LAST"])
            worker.until("END")

    def test_waiting_for_credit_gives_back(self):
        with serving(app_of(lambda: iter([b"x" * 100])), window=10) as worker:
            worker.data.sendall(request_frame(1) + request_frame(2) + request_frame(3))
            worker.next("HEAD")
            returned = worker.next("RETURNED")
            self.assertEqual((returned.id, returned.ids), (0, [2, 3]))
            worker.credit(1, 1000)
            worker.until("END")

    def test_waiting_for_a_body_gives_back(self):
        def application(environ, start_response):
            environ["wsgi.input"].read()
            start_response("200 OK", PLAIN)
            return []

        with serving(application) as worker:
            worker.data.sendall(request_frame(1, flags=["BODY_STREAM"]) + request_frame(2))
            worker.next("GRANT")
            self.assertEqual(worker.next("RETURNED").ids, [2])
            worker.tell("BODY", 1, b"", LAST)
            worker.next("HEAD")

    def test_stop(self):
        with self.waiting() as worker:
            worker.tell("STOP")
            frames = worker.until("RETURNED")
            self.assertEqual(frames[-1].ids, [3, 4])
            self.gate.opened.release()
            self.assertEqual(worker.next("HEAD").id, 2)
            worker.thread.join()
            self.assertEqual(self.gate.ran, ["/fast", "/wait"])

    def test_stop_with_threads(self):
        worker = LocalWorker(self.gate, threads=4)
        worker.request(1, target="/wait")
        self.gate.entered.acquire()
        self.gate.opened.release()
        worker.next("HEAD")
        worker.stop()

    def test_slow_then_fast_in_one_batch(self):
        """/fast's answer doesn't wait for /wait, once the worker knows that calls may be slow."""
        with self.waiting() as worker:
            worker.tell("RECALL", 4)
            worker.until("RETURNED")
            self.gate.opened.release()
            worker.next("HEAD")
            worker.worker.pace.mean = 1.0
            worker.data.sendall(request_frame(5, target="/fast") + request_frame(6, target="/wait"))
            self.gate.entered.acquire()
            self.assertEqual(worker.next("HEAD").id, 5)

    def test_four_threads_run_four_at_once(self):
        with serving(self.gate, threads=4) as worker:
            for number in range(1, 5):
                worker.request(number, target="/wait%d" % number)
            for _ in range(4):
                self.gate.entered.acquire()
            for _ in range(4):
                self.gate.opened.release()
            frames = [worker.next("HEAD") for _ in range(4)]
            self.assertEqual({(frame.id, frame.body) for frame in frames}, {(n, b"/wait%d" % n) for n in range(1, 5)})

    def test_times_are_told(self):
        def application(environ, start_response):
            time.sleep(0.01)
            start_response("200 OK", PLAIN)
            return [b""]

        (frame,) = self.frames(application)
        self.assertGreaterEqual(U32.unpack_from(frame.payload, 4)[0], 9000)


if __name__ == "__main__":
    unittest.main()
