"""METRICS: what the application counts with prometheus_client."""
import contextlib
import sys
import threading
import types
import unittest
from unittest import mock

from test_reply import Case, app_of, serving


@contextlib.contextmanager
def prometheus_client(generate_latest):
    """A stand-in for the package, as if the application had imported it."""
    module = types.ModuleType("prometheus_client")
    module.REGISTRY = object()
    if generate_latest is not None:
        module.generate_latest = generate_latest
    sys.modules["prometheus_client"] = module
    try:
        yield module
    finally:
        del sys.modules["prometheus_client"]


class Metrics(Case):
    def ask(self, worker):
        worker.tell("METRICS")
        frame = worker.control_reader.next()
        self.assertEqual(frame.kind, "METRICS")
        return frame.payload

    def test_empty_without_the_package(self):
        with serving(app_of([b""])) as worker:
            self.assertEqual(self.ask(worker), b"")

    def test_empty_while_it_is_being_imported(self):
        with serving(app_of([b""])) as worker, prometheus_client(None):
            self.assertEqual(self.ask(worker), b"")

    def test_the_default_registry(self):
        asked = []

        def generate_latest(registry):
            asked.append(registry)
            return "café_total 2.0\n".encode()

        with serving(app_of([b""])) as worker, prometheus_client(generate_latest) as module:
            self.assertEqual(self.ask(worker).decode(), "café_total 2.0\n")
            self.assertEqual(asked, [module.REGISTRY])

    def test_a_failing_collector_is_told_once(self):
        def generate_latest(registry):
            raise SystemExit("no database")

        with serving(app_of([b""])) as worker, prometheus_client(generate_latest):
            self.assertEqual(self.ask(worker), b"")
            self.assertEqual(self.ask(worker), b"")
            log = worker.next("LOG")
            says = "the application's metrics can't be read: prometheus_client raised SystemExit: no database"
            self.assertEqual(log.text, says)
            self.assertEqual(worker.answer(1)[0].kind, "HEAD")

    def test_what_is_no_bytes_is_empty(self):
        with serving(app_of([b""])) as worker, prometheus_client(lambda registry: None):
            self.assertEqual(self.ask(worker), b"")

    def test_empty_where_no_thread_is_to_be_had(self):
        with serving(app_of([b""])) as worker, prometheus_client(lambda registry: b"counted"):
            with mock.patch("_dram.metrics.start_new_thread", side_effect=RuntimeError("can't start new thread")):
                self.assertEqual(self.ask(worker), b"")
            self.assertEqual(self.ask(worker), b"counted")

    def test_a_slow_collector_holds_up_nothing_else(self):
        entered, over = threading.Event(), threading.Semaphore(0)

        def generate_latest(registry):
            entered.set()
            over.acquire()
            return b"slow"

        with serving(app_of([b""])) as worker, prometheus_client(generate_latest):
            worker.tell("METRICS")
            entered.wait()
            worker.tell("METRICS")
            worker.tell("PING", 0, b"ping")
            self.assertEqual(worker.control_reader.next().payload, b"ping")
            over.release()
            over.release()
            answers = [worker.control_reader.next() for _ in range(2)]
            self.assertEqual([answer.payload for answer in answers], [b"slow", b"slow"])


if __name__ == "__main__":
    unittest.main()
