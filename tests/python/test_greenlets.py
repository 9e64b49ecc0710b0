"""Requests in greenlets: they wait side by side, and nothing that the control thread is told waits for them."""
import contextlib
import os
import tempfile
import threading
import unittest
from socket import socketpair

from support import DEFAULT_CONFIG, FLAGS, Front, LocalWorker, PATIENCE_SECONDS, U32, front_frame, pages, wait_until
from test_reply import PLAIN
from dram import RequestTimeout

try:
    import gevent
    from gevent.event import Event
    from _dram import greenlets
except ImportError:
    gevent = None

LAST = FLAGS["BODY"]["LAST"]


class Rooms:
    """An application: /wait waits on its hub until let go, /spin keeps the hub until let go, others answer at once."""

    def __init__(self):
        self.order = []
        self.left = []
        self.waiters = []
        self.spinning = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.order.append(path)
        try:
            if path.startswith("/wait"):
                self.wait_here()
            elif path == "/spin":
                self.spin()
            elif path == "/forgetful":
                gevent.Timeout(0.001).start()
        except BaseException as error:
            self.left.append(type(error))
            raise
        start_response("200 OK", PLAIN)
        if path.startswith("/large"):
            return (b"x" * 1000 for _ in range(10))
        if path == "/body":
            return [environ["wsgi.input"].read()]
        return [path.encode()]

    def wait_here(self):
        waiter = Event()
        self.waiters.append(waiter)
        waiter.wait()

    def spin(self):
        self.spinning.set()
        self.go_on.wait()

    def release(self, worker):
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            worker.tell(waiter.set)


@contextlib.contextmanager
def serving(application, greenlets_=10, **config):
    class GreenLocal(LocalWorker):
        kind = greenlets.GreenWorker

    worker = GreenLocal(application, threads=greenlets_, greenlets=greenlets_, **config)
    try:
        yield worker
    finally:
        if isinstance(application, Rooms):
            application.go_on.set()
            application.release(worker.worker)
        worker.stop()


def path_of(frame):
    return frame.body.decode()


@unittest.skipUnless(gevent, "gevent is not installed")
class Greenlets(unittest.TestCase):
    def test_requests_wait_side_by_side(self):
        rooms = Rooms()
        with serving(rooms, 200) as worker:
            for number in range(1, 201):
                worker.request(number, target="/wait%d" % number)
            wait_until(lambda: len(rooms.waiters) == 200)
            self.assertEqual(rooms.order, ["/wait%d" % number for number in range(1, 201)])
            rooms.release(worker.worker)
            self.assertEqual(sorted(worker.next("HEAD").id for _ in range(200)), list(range(1, 201)))

    def test_no_more_at_a_time_than_greenlets(self):
        rooms = Rooms()
        with serving(rooms, 3) as worker:
            for number in range(1, 6):
                worker.request(number, target="/wait")
            wait_until(lambda: len(rooms.waiters) == 3)
            worker.ping()
            self.assertEqual(len(rooms.order), 3)
            rooms.release(worker.worker)
            wait_until(lambda: len(rooms.waiters) == 2)
            rooms.release(worker.worker)
            self.assertEqual({worker.next("HEAD").id for _ in range(5)}, {1, 2, 3, 4, 5})

    def test_thousands_of_requests(self):
        def application(environ, start_response):
            gevent.sleep(0)
            start_response("200 OK", PLAIN)
            return [environ["PATH_INFO"].encode()]

        with serving(application, 50) as worker:
            for batch in range(100):
                numbers = range(batch * 50 + 1, batch * 50 + 51)
                for number in numbers:
                    worker.request(number, target="/%d" % number)
                answers = {frame.id: path_of(frame) for frame in (worker.next("HEAD") for _ in numbers)}
                self.assertEqual(answers, {number: "/%d" % number for number in numbers})
            self.assertLessEqual(len(worker.worker.servers), 50)

    def test_environ_says_multithread(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return [str(environ["wsgi.multithread"]).encode()]

        with serving(application, 1) as worker:
            self.assertEqual(path_of(worker.answer(1)[0]), "True")

    def test_recall_is_heard_while_a_greenlet_keeps_the_hub(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, target="/spin")
            rooms.spinning.wait(PATIENCE_SECONDS)
            worker.request(2)
            worker.tell("RECALL", 2)
            self.assertEqual(worker.next("RETURNED").ids, [2])
            rooms.go_on.set()
            told = [worker.next(), worker.next()]
            self.assertEqual({(frame.kind, frame.id) for frame in told}, {("HEAD", 1), ("RETURNED", 0)})
            self.assertEqual(path_of(worker.answer(3)[0]), "/")

    def test_what_recall_reads_beyond_its_id_is_begun(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, target="/spin")
            rooms.spinning.wait(PATIENCE_SECONDS)
            worker.request(2)
            worker.request(3)
            worker.tell("RECALL", 2)
            self.assertEqual(worker.next("RETURNED").ids, [2])
            rooms.go_on.set()
            told = [worker.next() for _ in range(3)]
            self.assertEqual([frame.id for frame in told if frame.kind == "HEAD"], [1, 3])

    def test_waiting_for_credit_lets_others_run(self):
        rooms = Rooms()
        with serving(rooms, window=4000) as worker:
            worker.request(1, target="/large")
            for _ in range(4):
                worker.next()
            self.assertEqual(path_of(worker.answer(2)[0]), "/")
            worker.credit(1, 100_000)
            frames = worker.until("END")
            self.assertEqual(sum(len(frame.body) for frame in frames if frame.kind == "DATA"), 6000)

    def test_waiting_for_a_body_lets_others_run(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, method="POST", target="/body", flags=["BODY_STREAM"])
            worker.next("GRANT")
            self.assertEqual(path_of(worker.answer(2)[0]), "/")
            worker.tell("BODY", 1, b"abc")
            worker.tell("BODY", 1, b"def", LAST)
            self.assertEqual(path_of(worker.next("HEAD")), "abcdef")

    def test_a_client_that_leaves_wakes_who_waits_for_it(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, method="POST", target="/body", flags=["BODY_STREAM"])
            worker.next("GRANT")
            worker.mark(1, 2)
            worker.tell("CANCEL", 1)
            self.assertIn("END", [frame.kind for frame in worker.until("END")])

    def test_interrupt_ends_the_wait_of_one_greenlet(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, target="/wait")
            worker.request(2, target="/wait")
            wait_until(lambda: len(rooms.waiters) == 2)
            worker.tell("INTERRUPT", 1)
            self.assertEqual(worker.next("ERROR").id, 1)
            self.assertEqual(rooms.left, [RequestTimeout])
            worker.tell("INTERRUPT", 1)
            self.assertEqual(path_of(worker.answer(3)[0]), "/")
            rooms.release(worker.worker)
            self.assertEqual(worker.next("HEAD").id, 2)

    def test_interrupt_of_what_has_ended_does_nothing(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.answer(1)
            worker.tell("INTERRUPT", 1)
            worker.ping()
            self.assertEqual(path_of(worker.answer(2)[0]), "/")
            self.assertEqual(rooms.left, [])

    def test_a_timeout_that_a_request_forgot_hurts_nobody(self):
        rooms = Rooms()
        with serving(rooms, 1) as worker:
            worker.answer(1, target="/forgetful")
            fired = threading.Event()
            worker.worker.tell(lambda: worker.worker.hub.loop.timer(0.01).start(fired.set))
            fired.wait(1)
            self.assertEqual(path_of(worker.answer(2)[0]), "/")

    def test_stacks_of_greenlets_that_wait(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, target="/wait")
            worker.request(2, target="/wait")
            wait_until(lambda: len(rooms.waiters) == 2)
            worker.tell("STACKS")
            told = [entry for entry in worker.control_reader.next().json if entry["request"]]
            self.assertEqual([entry["request"] for entry in told], [1, 2])
            self.assertEqual([entry["name"] for entry in told], ["greenlet 1", "greenlet 2"])
            for entry in told:
                self.assertRegex(entry["stack"].split("\n")[0], r"test_greenlets\.py.*in __call__")
                self.assertIn("in wait_here", entry["stack"])

    def test_stacks_tell_who_keeps_the_hub(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(1, target="/wait")
            wait_until(lambda: rooms.waiters)
            worker.request(2, target="/spin")
            rooms.spinning.wait(PATIENCE_SECONDS)
            worker.tell("STACKS")
            told = [entry for entry in worker.control_reader.next().json if entry["request"]]
            self.assertEqual([entry["request"] for entry in told], [1, 2])
            self.assertIn("another greenlet has kept the hub", told[0]["stack"])
            self.assertIn("in spin", told[1]["stack"])

    def test_stop_finishes_what_runs_and_gives_back_the_rest(self):
        rooms = Rooms()
        with serving(rooms, 1) as worker:
            worker.request(1, target="/wait")
            wait_until(lambda: rooms.waiters)
            worker.request(2)
            worker.tell("STOP")
            self.assertEqual(worker.next("RETURNED").ids, [2])
            self.assertTrue(worker.thread.is_alive())
            rooms.release(worker.worker)
            self.assertEqual(worker.next("HEAD").id, 1)
            worker.thread.join(PATIENCE_SECONDS)
            self.assertFalse(worker.thread.is_alive())

    def test_each_greenlet_has_a_slot_of_the_page(self):
        rooms = Rooms()
        with serving(rooms) as worker:
            worker.request(7, target="/wait")
            worker.request(8, target="/wait")
            wait_until(lambda: len(rooms.waiters) == 2)
            at = pages.THREADS
            ids = [worker.words[at + number * pages.THREAD_WORDS] for number in range(3)]
            self.assertEqual(ids, [7, 8, 0])

    def test_a_mistake_of_the_application(self):
        def application(environ, start_response):
            gevent.sleep(0)
            raise ValueError("mine")

        with serving(application) as worker:
            (frame,) = worker.answer(1)
            self.assertEqual(frame.json["says"], "ValueError: mine")
            self.assertEqual(worker.answer(2)[0].kind, "ERROR")

    def test_waiting_in_a_native_thread(self):
        """The application's own threads may read the body, gevent's pool for instance."""

        def application(environ, start_response):
            body = gevent.get_hub().threadpool.apply(environ["wsgi.input"].read)
            start_response("200 OK", PLAIN)
            return [body]

        with serving(application) as worker:
            worker.request(1, method="POST", flags=["BODY_STREAM"])
            worker.next("GRANT")
            worker.tell("BODY", 1, b"abc", LAST)
            self.assertEqual(path_of(worker.next("HEAD")), "abc")

    def test_two_fronts_have_their_turns(self):
        rooms = Rooms()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page")
            pages.create(path, 2)
            page = pages.Page(path)
            pairs = [(socketpair(), socketpair()) for _ in range(2)]
            fronts = [Front(data[0], control[0], page, at) for at, (data, control) in enumerate(pairs)]
            config = {**DEFAULT_CONFIG, "fronts": 2, "threads": 2, "greenlets": 2}
            ends = [(data[1], control[1]) for data, control in pairs]
            worker = greenlets.GreenWorker(rooms, config, page, ends, 262144)
            thread = threading.Thread(target=worker.run, daemon=True)
            thread.start()
            fronts[0].request(1, target="/wait")
            fronts[1].request(1, target="/wait")
            wait_until(lambda: len(rooms.waiters) == 2)
            fronts[0].request(2)
            fronts[1].request(2)
            fronts[1].tell("INTERRUPT", 1)
            self.assertEqual(fronts[1].next("ERROR").id, 1)
            self.assertEqual([front.next("HEAD").id for front in fronts], [2, 2])
            fronts[0].tell("STOP")
            rooms.release(worker)
            self.assertEqual(fronts[0].next("HEAD").id, 1)
            self.assertEqual(path_of(fronts[1].answer(3, target="/alone")[0]), "/alone")
            fronts[1].control.sendall(front_frame("STOP"))
            thread.join(PATIENCE_SECONDS)
            self.assertFalse(thread.is_alive())
            for pair in pairs:
                for data in pair:
                    for end in data:
                        end.close()


if __name__ == "__main__":
    unittest.main()
