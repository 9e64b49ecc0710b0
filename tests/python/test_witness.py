"""What is told of a call (`dram dev`), and that looking on changes nothing: the suite of answers runs again, looked on at."""
import base64
import tempfile
import threading
import unittest
from types import SimpleNamespace
from unittest.mock import patch

import test_flow
import test_reply
from support import PATIENCE_SECONDS, LocalWorker
from test_reply import PLAIN, Case, app_of
from _dram import extension
from _dram.files import FileWrapper
from _dram.reply import Answer
from _dram.witness import MOST_CHUNKS, MOST_VALUE_CHARS, WatchedAnswer, Witness, witnessed
from _dram.worker import Worker


class WatchedWorker(Worker):
    answer_kind = WatchedAnswer

    def __init__(self, application, *rest):
        super().__init__(witnessed(application), *rest)


class Watched(LocalWorker):
    """Keeps what is told apart from the answer."""

    kind = WatchedWorker

    def next(self, kind=None):
        frame = self.reader.next()
        while frame.kind == "TRACE":
            notes = self.__dict__.setdefault("notes", [])
            notes.extend(frame.json)
            frame = self.reader.next()
        if kind is not None and frame.kind != kind:
            raise AssertionError("expected %s, got %r" % (kind, frame))
        return frame


def again(module, case):
    """A class of tests, run with workers that are looked on at."""

    def setUp(self):
        patching = patch.object(module, "LocalWorker", Watched)
        patching.start()
        self.addCleanup(patching.stop)
        patching = patch.object(test_reply, "LocalWorker", Watched)
        patching.start()
        self.addCleanup(patching.stop)
        case.setUp(self)

    return type("Watched" + case.__name__, (case,), {"setUp": setUp, "__module__": __name__})


for source in (test_reply, test_flow):
    for kind in list(vars(source).values()):
        if isinstance(kind, type) and issubclass(kind, Case) and kind is not Case and kind.__module__ == source.__name__:
            again_kind = again(source, kind)
            globals()[again_kind.__name__] = again_kind
del kind, again_kind


class Told(unittest.TestCase):
    def told(self, application, **facts):
        """The frames of one answer, and what was told of it, by name."""
        worker = Watched(application, **facts.pop("config", {}))
        try:
            frames = worker.answer(1, **facts)
            return frames, worker.notes
        finally:
            worker.stop()

    def names(self, notes):
        return [note["what"] for note in notes]

    def test_a_list(self):
        frames, notes = self.told(app_of([b"Hello", b"", b"World"]))
        self.assertEqual([frame.kind for frame in frames], ["HEAD"])
        self.assertTrue(frames[0].has("LAST"))
        self.assertEqual(self.names(notes), ["called", "started", "returned", "chunk", "chunk", "chunk"])
        called, started, returned, *chunks = notes
        environ = dict(called["environ"])
        self.assertEqual(environ["PATH_INFO"], "'/'")
        self.assertEqual(environ["HTTP_HOST"], "'127.0.0.1:8000'")
        self.assertTrue(called["thread"])
        self.assertEqual((started["status"], started["headers"], started["excInfo"]), ("200 OK", [list(PLAIN[0])], False))
        self.assertEqual(returned["type"], "list")
        self.assertEqual([chunk["size"] for chunk in chunks], [5, 0, 5])
        self.assertEqual(base64.b64decode(chunks[2]["start"]), b"World")
        times = [note["at"] for note in notes]
        self.assertEqual(times, sorted(times))

    def test_a_framework_s_closing_iterable(self):
        class Body:
            def __init__(self):
                self.chunks = iter([b"whole"])

            def __iter__(self):
                return self

            def __next__(self):
                return next(self.chunks)

            def close(self):
                pass

        app = app_of(Body, headers=[("Content-Length", "5")])
        frames, notes = self.told(app)
        self.assertEqual(b"".join(frame.body for frame in frames if frame.kind == "HEAD"), b"whole")
        self.assertEqual(self.names(notes), ["called", "started", "returned", "chunk", "closed"])
        self.assertTrue(notes[2]["type"].endswith("Body"), notes[2])

    def test_generators_and_write(self):
        def application(environ, start_response):
            write = start_response("200 OK", list(PLAIN))
            write(b"first")
            yield b"second"

        frames, notes = self.told(application)
        self.assertEqual(self.names(notes), ["called", "returned", "started", "chunk", "chunk", "closed"])
        self.assertEqual([(note["size"], note["by"]) for note in notes[3:5]], [(5, "write"), (6, "iterable")])
        self.assertEqual(notes[1]["type"], "generator")

    def test_write_and_a_list(self):
        def application(environ, start_response):
            start_response("200 OK", list(PLAIN))(b"first")
            return [b"second"]

        _, notes = self.told(application)
        self.assertEqual([(note["size"], note["by"]) for note in notes if note["what"] == "chunk"], [(5, "write"), (6, "iterable")])

    def test_files_keep_their_short_way(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * 3_000_000)
            file.seek(0)
            worker = Watched(app_of(lambda: FileWrapper(file)), window=8_000_000)
            try:
                worker.request(1)
                self.assertEqual(worker.next().kind, "HEAD")
                self.assertEqual(worker.next().kind, "FILE")
                worker.tell("OPENED", 1)
                worker.next("END")
                chunks = [note for note in worker.notes if note["what"] == "chunk"]
            finally:
                worker.stop()
        self.assertEqual([chunk["size"] for chunk in chunks], [3_000_000])
        self.assertEqual(base64.b64decode(chunks[0]["start"]), b"x" * 256)

    def test_what_is_raised_and_when(self):
        def application(environ, start_response):
            start_response("200 OK", list(PLAIN))
            try:
                raise KeyError("inner")
            except KeyError as error:
                start_response("500 Sorry", list(PLAIN), (type(error), error, error.__traceback__))
            raise ValueError("outer")

        frames, notes = self.told(application)
        self.assertEqual(frames[-1].kind, "ERROR")
        self.assertEqual(self.names(notes), ["called", "started", "started", "raised"])
        self.assertEqual([note["excInfo"] for note in notes[1:3]], [False, True])
        self.assertIn("ValueError: outer", notes[3]["text"])
        self.assertNotIn("in call", notes[3]["text"])

    def test_the_environ_is_told_before_the_application_runs(self):
        seen = threading.Event()

        def application(environ, start_response):
            seen.wait(PATIENCE_SECONDS)
            environ["PATH_INFO"] = "changed"
            start_response("200 OK", list(PLAIN))
            return [b""]

        worker = Watched(application)
        try:
            worker.request(1, target="/path")
            (called,) = worker.reader.next().json
            seen.set()
            worker.answer()
        finally:
            worker.stop()
        self.assertEqual(dict(called["environ"])["PATH_INFO"], "'/path'")

    def test_it_is_bounded(self):
        def application(environ, start_response):
            start_response("200 OK", list(PLAIN))
            for _ in range(MOST_CHUNKS + 5):
                yield b"x" * 1000

        frames, notes = self.told(application, config={"window": 8_000_000}, block={"HTTP_LONG": "y" * 5000})
        chunks = [note for note in notes if note["what"] == "chunk"]
        self.assertEqual(len(chunks), MOST_CHUNKS)
        self.assertEqual([note["count"] for note in notes if note["what"] == "dropped"], [5])
        self.assertEqual(len(base64.b64decode(chunks[0]["start"])), 256)
        self.assertLess(len(dict(notes[0]["environ"])["HTTP_LONG"]), MOST_VALUE_CHARS + 50)

    def test_odd_values_harm_nothing(self):
        class Odd:
            def __repr__(self):
                raise RuntimeError("no")

        def application(environ, start_response):
            start_response("200 OK", list(PLAIN))
            return [b"ok"]

        def middleware(environ, start_response):
            environ["odd"] = Odd()
            return witnessed(application)(environ, start_response)

        worker = Watched(middleware)
        try:
            self.assertEqual(worker.answer(1)[-1].body, b"ok")
            environs = [dict(note["environ"]) for note in worker.notes if note["what"] == "called"]
        finally:
            worker.stop()
        self.assertIn("Odd", environs[-1]["odd"])

    def test_one_whose_environ_was_replaced_is_left_alone(self):
        def application(environ, start_response):
            start_response("200 OK", list(PLAIN))
            return [b"ok"]

        body = witnessed(application)({}, lambda *args: None)
        self.assertEqual(body, [b"ok"])


class Asked(unittest.TestCase):
    """Production never looks on."""

    def test_only_where_it_is_asked_for(self):
        config = {"extension": None, "folder": "/nowhere"}
        self.assertIsNone(extension.load(config, []))
        self.assertIs(Worker.answer_kind, Answer)
        found = extension.load({**config, "tellsCalls": True}, ["a"])
        self.assertIsInstance(found, Witness)
        self.assertEqual(found.paths, ["a"])
        worker = SimpleNamespace()
        found.attach(worker)
        self.assertIs(worker.answer_kind, WatchedAnswer)


if __name__ == "__main__":
    unittest.main()
