"""A worker that several fronts share: each has its own ids, its own section of the page, its turn, and its own STOP."""
import os
import shutil
import socket
import tempfile
import threading
import unittest

from support import DEFAULT_CONFIG, PAGE, PATIENCE_SECONDS, U32, Front, front_frame, pages, request_frame
from _dram.worker import Worker

PLAIN = [("Content-Type", "text/plain")]


class Gate:
    """An application that waits at /wait until it is let go, and notes the order of its calls."""

    def __init__(self):
        self.order = []
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.order.append(path)
        if path.startswith("/wait"):
            self.entered.release()
            self.open.acquire()
        start_response("200 OK", PLAIN)
        return [path.encode()]


class SharedWorker:
    """A Worker that serves in threads of this process, and its fronts."""

    def __init__(self, application, fronts=2, **config):
        self.folder = tempfile.mkdtemp()
        path = os.path.join(self.folder, "page")
        pages.create(path, fronts)
        page = pages.Page(path)
        pairs = [(socket.socketpair(), socket.socketpair()) for _ in range(fronts)]
        self.theirs = [(data[1], control[1]) for data, control in pairs]
        self.fronts = [Front(data[0], control[0], page, number) for number, (data, control) in enumerate(pairs)]
        self.worker = Worker(application, {**DEFAULT_CONFIG, "fronts": fronts, **config}, page, self.theirs, 262144)
        self.thread = threading.Thread(target=self.worker.run, daemon=True)
        self.thread.start()

    def close(self):
        for front in self.fronts:
            front.tell("STOP")
        self.thread.join(PATIENCE_SECONDS)
        alive = self.thread.is_alive()
        for front, ends in zip(self.fronts, self.theirs):
            for end in (front.data, front.control, *ends):
                end.close()
        shutil.rmtree(self.folder)
        if alive:
            raise AssertionError("the worker didn't stop")


def ping(front):
    front.tell("PING", 0, b"obeyed")
    while front.control_reader.next().payload != b"obeyed":
        pass


class Lines(unittest.TestCase):
    def shared(self, application, **config):
        shared = SharedWorker(application, **config)
        self.addCleanup(shared.close)
        return (shared, *shared.fronts)

    def test_the_same_id_of_two_fronts(self):
        _, first, second = self.shared(Gate())
        for number in (1, 2):
            for front, path in ((first, "/first"), (second, "/second")):
                (head,) = front.answer(number, target=path)
                self.assertEqual((head.id, head.body), (number, path.encode()))
        self.assertEqual([front.section[PAGE["entered"]] for front in (first, second)], [2, 2])

    def test_threads_share_the_work_of_all(self):
        gate = Gate()
        _, first, second = self.shared(gate, threads=2)
        for front in (first, second):
            front.request(1, target="/wait")
        for _ in range(2):
            self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS))
        gate.open.release(2)
        self.assertEqual([front.answer()[0].body for front in (first, second)], [b"/wait", b"/wait"])

    def test_each_has_its_turn(self):
        """However much one has sent, the other waits for one batch of it at most."""
        gate = Gate()
        _, first, second = self.shared(gate)
        first.request(1, target="/wait")
        self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS))
        first.data.sendall(b"".join(request_frame(number, target="/wait") for number in range(2, 5)))
        second.request(1, target="/second")
        gate.open.release()
        self.assertEqual(first.next("HEAD").id, 1)
        self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS) or second.answer())
        first.data.sendall(b"".join(request_frame(number, target="/wait") for number in range(5, 9)))
        gate.open.release(7)
        self.assertEqual(second.answer()[0].body, b"/second")
        for number in range(2, 9):
            self.assertEqual(first.next("HEAD").id, number)
        self.assertLess(gate.order.index("/second"), 5)

    def test_recall_takes_back_what_is_the_fronts_own(self):
        gate = Gate()
        shared, first, second = self.shared(gate)
        first.request(1, target="/wait")
        self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS))
        first.request(2)
        second.request(1)
        second.request(2)
        second.tell("RECALL", 1)
        self.assertEqual(second.next("RETURNED").ids, [1])
        first.tell("RECALL", 2)
        self.assertEqual(first.next("RETURNED").ids, [2])
        gate.open.release()
        self.assertEqual(first.next("HEAD").id, 1)
        self.assertEqual(second.next("HEAD").id, 2)
        self.assertEqual(gate.order, ["/wait", "/"])

    def test_who_waits_inside_a_call_hands_back_the_requests_of_all(self):
        def application(environ, start_response):
            write = start_response("200 OK", PLAIN)
            write(b"x" * 300000)
            return []

        _, first, second = self.shared(application)
        second.data.sendall(request_frame(1) + request_frame(2))
        self.assertEqual(second.next("HEAD").id, 1)
        self.assertEqual(second.until("RETURNED")[-1].ids, [2])
        second.tell("CREDIT", 1, U32.pack(300000))
        second.until("END")

    def test_stop_of_one_ends_its_requests_only(self):
        gate = Gate()
        shared, first, second = self.shared(gate)
        first.request(1, target="/wait")
        self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS))
        first.request(2)
        second.request(1, target="/second")
        first.tell("STOP")
        self.assertEqual(first.next("RETURNED").ids, [2])
        self.assertFalse(shared.worker.stopping)
        gate.open.release()
        self.assertEqual(first.next("HEAD").id, 1)
        self.assertEqual(second.answer()[0].body, b"/second")
        self.assertEqual(second.answer(2, target="/more")[0].body, b"/more")
        second.tell("STOP")
        shared.thread.join(PATIENCE_SECONDS)
        self.assertFalse(shared.thread.is_alive())

    def test_stacks_name_the_requests_of_who_asks(self):
        gate = Gate()
        _, first, second = self.shared(gate)
        second.request(7, target="/wait")
        self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS))
        told = {}
        for front in (first, second):
            front.tell("STACKS")
            told[front] = front.control_reader.next().json[0]
        gate.open.release()
        self.assertEqual([told[front]["request"] for front in (first, second)], [0, 7])
        self.assertIn("self.open.acquire", told[first]["stack"])

    def test_an_interrupt_waits_for_the_last_stop(self):
        entered = threading.Event()

        def application(environ, start_response):
            entered.set()
            while True:
                pass

        shared, first, second = self.shared(application)
        first.request(1)
        self.assertTrue(entered.wait(PATIENCE_SECONDS))
        first.tell("STOP")
        first.tell("INTERRUPT", 1)
        ping(first)
        self.assertTrue(shared.thread.is_alive())
        second.tell("STOP")
        error = first.until("ERROR")[-1]
        self.assertIn("RequestTimeout", error.json["says"])

    def test_metrics_come_where_they_were_asked_for(self):
        _, first, second = self.shared(Gate())
        second.tell("METRICS")
        self.assertEqual(second.control_reader.next().kind, "METRICS")
        first.tell("PING", 0, b"x")
        self.assertEqual(first.control_reader.next().kind, "PONG")


class Hellos(unittest.TestCase):
    def test_they_come_in_any_order(self):
        from types import SimpleNamespace

        from _dram import process
        from _dram.frames import TABLE

        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "s")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(8)
            ends = []
            for front, role in ((1, 1), (0, 0), (1, 0), (0, 1)):
                end = socket.socket(socket.AF_UNIX)
                self.addCleanup(end.close)
                end.connect(path)
                hello = b'{"version": %d, "window": 7, "front": %d}' % (TABLE["version"], front)
                end.sendall(front_frame("HELLO", 0, hello, role) + b"%d%d" % (front, role))
                ends.append(end)
            connections, window = process.accept_all(SimpleNamespace(listener=listener, fronts=2))
            said = [[end.recv(2) for end in pair] for pair in connections]
            for data, control in connections:
                sizes = [end.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) for end in (data, control)]
                self.assertGreater(*sizes)
            for pair in connections:
                for end in pair:
                    end.close()
        self.assertEqual((window, said), (7, [[b"00", b"01"], [b"10", b"11"]]))


if __name__ == "__main__":
    unittest.main()
