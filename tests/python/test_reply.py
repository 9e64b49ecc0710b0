"""PEP 3333's rules for answers, by conversation with a worker: requests in, frames out."""
import io
import json
import sys
import tempfile
import unittest
from contextlib import contextmanager
from unittest.mock import Mock, patch

from support import LocalWorker, PAGE, request_frame
from _dram import call
from _dram.frames import WORKER
from _dram.send import Sender

PLAIN = [("Content-Type", "text/plain")]


@contextmanager
def serving(application, **config):
    worker = LocalWorker(application, **config)
    try:
        yield worker
    finally:
        worker.stop()


def app_of(body, status="200 OK", headers=PLAIN):
    """An application that gives `body`, or what it returns if it is a function."""

    def application(environ, start_response):
        start_response(status, list(headers))
        return body() if callable(body) else body

    return application


class Closing:
    """An iterable that counts its close() calls."""

    def __init__(self, chunks, error=None):
        self.chunks = chunks
        self.error = error
        self.closed = 0

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        self.closed += 1
        if self.error is not None:
            raise self.error


class Case(unittest.TestCase):
    def frames(self, application, config=None, **facts):
        """All frames of one answer; the worker must have nothing more to say."""
        with serving(application, **(config or {})) as worker:
            frames = worker.answer(1, **facts)
            worker.tell("RECALL", 1)
            worker.next("RETURNED")
            return frames

    def kinds(self, frames):
        return [frame.kind for frame in frames]

    def body(self, frames):
        return b"".join(frame.body for frame in frames if frame.kind in ("HEAD", "DATA"))

    def whole(self, application, **facts):
        """The answer, which has to be one HEAD frame with LAST."""
        (frame,) = self.frames(application, **facts)
        self.assertEqual(frame.kind, "HEAD")
        self.assertTrue(frame.has("LAST"))
        return frame

    def error(self, application, code, config=None, started=False, **facts):
        frames = self.frames(application, config, **facts)
        frame = frames[-1]
        self.assertEqual(frame.kind, "ERROR", frames)
        self.assertEqual(frame.json["code"], code, frame.json)
        self.assertEqual(frame.has("STARTED"), started)
        return frame


class Whole(Case):
    def test_list_of_one(self):
        frame = self.whole(app_of([b"Hello"]))
        self.assertEqual(frame.aux, 200)
        self.assertEqual(frame.head, "200 OK\r\nContent-Type: text/plain\r\n")
        self.assertEqual(frame.body, b"Hello")
        self.assertFalse(frame.has("LENGTH"))

    def test_flags_of_the_head(self):
        headers = [("content-length", "2"), ("DATE", "x"), ("Server", "y"), ("Connection", "close")]
        frames = self.frames(app_of([b"ok"], headers=headers))
        self.assertEqual(self.kinds(frames), ["LOG", "HEAD"])
        for flag in ("LENGTH", "DATE", "SERVER", "CLOSE", "LAST"):
            self.assertTrue(frames[1].has(flag), flag)
        self.assertEqual(frames[1].headers, headers[:3])

    def test_lists_and_tuples_are_joined(self):
        self.assertEqual(self.whole(app_of([b"a", b"", b"b"])).body, b"ab")
        self.assertEqual(self.whole(app_of((b"a", b"b"))).body, b"ab")

    def test_empty_bodies(self):
        for body in ([], (), [b""], lambda: iter(())):
            self.assertEqual(self.whole(app_of(body)).body, b"")

    def test_large_list_of_one_within_the_window(self):
        self.assertEqual(len(self.whole(app_of([b"x" * 200000])).body), 200000)

    def test_large_list_of_one_leaves_with_its_end(self):
        """Beyond what is one frame, within the window; in one write, whoever has a list has nothing left to say."""
        body = bytes(range(256)) * 4000
        for headers in (list(PLAIN), [("Content-Length", str(len(body)))]):
            with serving(app_of([body], headers=headers), window=1024 * 1024) as worker:
                sender = worker.worker.lines[0].sender
                with patch.object(sender, "sendall", wraps=sender.sendall) as alone:
                    frames = worker.answer(1)
                self.assertNotIn(WORKER["END"], [call.args[0][4] for call in alone.call_args_list])
            self.assertEqual(self.kinds(frames), ["HEAD", "DATA", "END"])
            self.assertEqual(self.body(frames), body)
            self.assertEqual(frames[0].headers[-1], ("Content-Length", str(len(body))))
            self.assertFalse(frames[-1].has("SHORT"))

    def test_a_write_that_was_cut_short_goes_on(self):
        """By a signal, whose handler is the application's."""
        parts = b"kept", b"head", b"x" * 9, b"end"
        for cut in range(sum(map(len, parts)) + 1):
            said = []

            def sendmsg(pieces, cut=cut, said=said):
                said.append(b"".join(pieces)[:cut])
                return cut

            sender = Sender(Mock(sendmsg=sendmsg, sendall=said.append))
            sender.out.append(parts[0])
            sender.send_last(parts[1:2], *parts[2:])
            self.assertEqual(b"".join(said), b"".join(parts), cut)

    def test_length_of_one_tells_the_length(self):
        class One:
            def __len__(self):
                return 1

            def __iter__(self):
                return iter([b"only"])

        frames = self.frames(app_of(One))
        self.assertEqual(self.body(frames), b"only")

    def test_a_liar_about_its_length_loses_nothing(self):
        class Liar:
            def __len__(self):
                return 1

            def __iter__(self):
                return iter([b"first", b"second"])

        frames = self.frames(app_of(Liar))
        self.assertEqual(self.body(frames), b"firstsecond")
        self.assertFalse(frames[0].has("LENGTH"))

    def test_no_content_statuses_send_no_body(self):
        for status in ("204 No Content", "304 Not Modified"):
            frame = self.whole(app_of([b"ignored"], status))
            self.assertEqual((frame.aux, frame.body), (int(status[:3]), b""))
            frame = self.whole(app_of(lambda: iter([b"ignored"]), status))
            self.assertEqual(frame.body, b"")

    def test_status_without_reason(self):
        self.assertEqual(self.whole(app_of([], "404")).head.split("\r\n")[0], "404 ")

    def test_repeated_headers_stay_apart(self):
        headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
        self.assertEqual(self.whole(app_of([b""], headers=headers)).headers, headers)

    def test_headers_may_be_any_pairs(self):
        self.assertEqual(self.whole(app_of([b""], headers=[["X-A", "1"]])).headers, [("X-A", "1")])

    def test_same_head_again_and_again(self):
        with serving(app_of([b"x"], headers=[("Content-Length", "1"), ("X", "y")])) as worker:
            for number in range(1, 6):
                (frame,) = worker.answer(number)
                self.assertEqual(frame.headers, [("Content-Length", "1"), ("X", "y")])
                self.assertTrue(frame.has("LENGTH"))


class Head(Case):
    def test_known_length_is_told(self):
        frame = self.whole(app_of([b"Hello"]), method="HEAD")
        self.assertEqual((frame.body, frame.headers[-1]), (b"", ("Content-Length", "5")))
        self.assertTrue(frame.has("LENGTH"))

    def test_declared_length_stays(self):
        frame = self.whole(app_of([], headers=[("Content-Length", "77")]), method="HEAD")
        self.assertEqual((frame.body, frame.headers), (b"", [("Content-Length", "77")]))

    def test_unknown_length_is_not_zero(self):
        for body in (lambda: iter([b"a", b"b"]), []):
            frames = self.frames(app_of(body), method="HEAD")
            self.assertEqual(self.kinds(frames), ["HEAD", "END"])
            self.assertFalse(frames[0].has("LENGTH"))
            self.assertEqual(frames[0].body, b"")

    def test_an_endless_body_ends(self):
        def forever():
            while True:
                yield b"x"

        self.assertEqual(self.kinds(self.frames(app_of(forever), method="HEAD")), ["HEAD", "END"])

    def test_written_bytes_are_dropped(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)(b"written")
            return []

        self.assertEqual(self.kinds(self.frames(application, method="HEAD")), ["HEAD", "END"])


class Streams(Case):
    def test_each_chunk_leaves_at_once(self):
        with serving(lambda environ, start_response: self.stepwise(start_response)) as worker:
            worker.request(1)
            head = worker.next("HEAD")
            self.assertEqual(head.body, b"one")
            self.go.release()
            self.assertEqual(worker.next("DATA").body, b"two")
            self.go.release()
            worker.next("END")

    def stepwise(self, start_response):
        import threading

        self.go = threading.Semaphore(0)
        start_response("200 OK", PLAIN)
        yield b"one"
        self.go.acquire()
        yield b""
        yield b"two"
        self.go.acquire()

    def test_start_response_inside_the_generator(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            yield b""
            yield b"x"

        self.assertEqual(self.kinds(self.frames(application)), ["HEAD", "END"])

    def test_status_may_change_before_the_first_bytes(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            yield b""
            try:
                raise ValueError
            except ValueError:
                import sys

                start_response("500 Oops", PLAIN, sys.exc_info())
            yield b"error page"

        frames = self.frames(application)
        self.assertEqual((frames[0].aux, self.body(frames)), (500, b"error page"))

    def test_after_the_first_bytes_exc_info_is_raised(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            yield b"some"
            try:
                raise ValueError("too late")
            except ValueError:
                import sys

                start_response("500 Oops", PLAIN, sys.exc_info())
            yield b"never"

        frame = self.error(application, "APP_RAISED", started=True)
        self.assertIn("too late", frame.json["says"])

    def test_write(self):
        def application(environ, start_response):
            write = start_response("200 OK", PLAIN)
            write(b"")
            write(b"one ")
            write(b"two ")
            return [b"three"]

        frames = self.frames(application)
        self.assertEqual(self.kinds(frames), ["HEAD", "DATA", "DATA", "END"])
        self.assertEqual(self.body(frames), b"one two three")
        self.assertFalse(frames[0].has("LENGTH"))

    def test_write_and_declared_length(self):
        def application(environ, start_response):
            start_response("200 OK", [("Content-Length", "5")])(b"hello")
            return []

        frames = self.frames(application)
        self.assertEqual(self.kinds(frames), ["HEAD", "END"])
        self.assertFalse(frames[1].has("SHORT"))

    def test_write_after_the_end(self):
        late = []

        def application(environ, start_response):
            late.append(start_response("200 OK", PLAIN))
            return [b"x"]

        with serving(application) as worker:
            worker.answer(1)
            with self.assertRaises(ValueError):
                late[0](b"late")

    def test_big_list_has_its_length(self):
        frames = self.frames(app_of([b"x" * 50000, b"y" * 50000]))
        self.assertIn(("Content-Length", "100000"), frames[0].headers)
        self.assertTrue(frames[0].has("LENGTH"))
        self.assertEqual(len(self.body(frames)), 100000)

    def test_old_style_iteration(self):
        class Indexed:
            def __getitem__(self, index):
                return [b"a", b"b"][index]

        self.assertEqual(self.body(self.frames(app_of(Indexed))), b"ab")

    def test_declared_length_makes_one_frame_once_ends_are_known_to_be_quick(self):
        with serving(app_of(lambda: iter([b"hello"]), headers=[("Content-Length", "5")])) as worker:
            kinds = [self.kinds(worker.answer(number)) for number in range(1, 60)]
            self.assertEqual(kinds[0], ["HEAD", "END"])
            self.assertEqual(kinds[-1], ["HEAD"])


class Iterables(Case):
    """Whatever is iterated, and however often its kind was met: what goes out is what send_all() alone would send."""

    CHUNKS = (
        [b"0123456789"],
        [b"", b"0123456789"],
        [b"0123456789", b""],
        [b"0123456789", b"and more", b"and more"],
        [b"0123456789", "text"],
        [b"01234", b"56789"],
        [b"0123456789 and more"],
        [b"0123"],
        ["text"],
        [bytearray(b"0123456789")],
        [b"", b""],
        [],
    )

    def told(self, application, **facts):
        with serving(application) as worker:
            worker.worker.tails.mean = 0.0
            frames = [frame for number in (1, 2, 3) for frame in worker.answer(number, **facts)]
        return [self.content(frame) for frame in frames]

    def content(self, frame):
        if frame.kind == "ERROR":
            return frame.kind, frame.id, frame.flags, frame.json["says"]
        if frame.kind == "END":
            return frame.kind, frame.id, frame.flags
        return frame.kind, frame.id, frame.flags, frame.aux, frame.head if frame.kind == "HEAD" else "", frame.body

    def same(self, application, **facts):
        told = self.told(application, **facts)
        with patch.object(call, "plain_kinds", set()), patch.object(call, "is_plain", lambda kind: False):
            self.assertEqual(told, self.told(application, **facts))
        return told

    def test_all_shapes(self):
        for chunks in self.CHUNKS:
            for make in (iter, Closing, lambda chunks: (chunk for chunk in chunks)):
                for length in ("10", "0", "600000"):
                    for method in ("GET", "HEAD"):
                        with self.subTest(chunks=chunks, length=length, method=method):
                            headers = PLAIN + [("Content-Length", length)]
                            self.same(app_of(lambda: make(chunks), headers=headers), method=method)

    def test_a_generator_that_calls_again(self):
        def generator(start_response, then):
            if then == "write":
                self.write(b"01234")
            else:
                try:
                    raise ValueError("too late for that")
                except ValueError:
                    start_response(then, [("Content-Length", "10")] if then[0] == "2" else [], sys.exc_info())
            yield b"0123456789"

        def application(environ, start_response):
            self.write = start_response("200 OK", [("Content-Length", "10")])
            return generator(start_response, environ["PATH_INFO"][1:])

        for then in ("200 Fine", "204 Nothing", "304 As before", "500 Oh", "write"):
            with self.subTest(then=then):
                self.same(application, target="/" + then.replace(" ", "%20"))

    def test_files_and_mistakes_stay_what_they_are(self):
        class Bytes(bytes):
            pass

        class List(list):
            pass

        for body in (Bytes(b"0123456789"), List([b"01234", b"56789"]), 5, None):
            self.same(app_of(lambda: body, headers=[("Content-Length", "10")]))
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"0123456789")
            file.flush()
            for opened in (lambda: open(file.name, "rb"), lambda: open(file.name, "rb", 0)):
                self.same(app_of(opened, headers=[("Content-Length", "10")]))

    def test_the_kinds_that_are_remembered_are_bounded(self):
        with patch.object(call, "plain_kinds", set()):
            for number in range(call.MAX_KNOWN + 10):
                self.assertTrue(call.is_plain(type("Kind", (), {"__iter__": None})))
            self.assertEqual(len(call.plain_kinds), call.MAX_KNOWN)


class Closes(Case):
    def test_once_on_each_way_out(self):
        def broken():
            yield b"x"
            raise ValueError("midway")

        for chunks in ([], [b"x"], [b"x", b"y"], ["text"], broken()):
            body = Closing(chunks)
            self.frames(app_of(lambda: body))
            self.assertEqual(body.closed, 1)

    def test_without_start_response(self):
        body = Closing([b"x"])
        self.error(lambda environ, start_response: body, "APP_NO_START_RESPONSE")
        self.assertEqual(body.closed, 1)

    def test_for_head(self):
        body = Closing([b"x", b"y"])
        self.frames(app_of(lambda: body), method="HEAD")
        self.assertEqual(body.closed, 1)

    def test_failing_close_spoils_no_answer(self):
        frames = self.frames(app_of(lambda: Closing([b"x"], ValueError("bad close"))))
        self.assertEqual(self.kinds(frames), ["HEAD", "LOG", "END"])
        self.assertIn("bad close", frames[1].text)
        self.assertEqual(frames[1].aux, 3)


class Errors(Case):
    def test_exception_before_the_head(self):
        def application(environ, start_response):
            raise ValueError("first line\nsecond line")

        frame = self.error(application, "APP_RAISED")
        self.assertEqual(frame.json["says"], "ValueError: first line")
        self.assertIn("in application", frame.json["traceback"])
        self.assertIn("second line", frame.json["traceback"])
        self.assertNotIn("worker.py", frame.json["traceback"])

    def test_causes_are_shown_without_our_frames(self):
        def application(environ, start_response):
            try:
                start_response("200 OK", [("X", "a\nb")])
            except Exception as error:
                raise RuntimeError("wrapped") from error

        text = self.error(application, "APP_RAISED").json["traceback"]
        self.assertIn("an LF in its value", text)
        self.assertNotIn("headers.py", text)

    def test_exceptions_that_are_no_errors(self):
        for kind in (SystemExit, KeyboardInterrupt, GeneratorExit):

            def application(environ, start_response):
                raise kind("out")

            with serving(application) as worker:
                self.assertEqual(worker.answer(1)[-1].json["says"], kind.__name__ + ": out")
                self.assertEqual(worker.answer(2)[-1].kind, "ERROR")

    def test_exception_that_cannot_be_printed(self):
        class Awkward(Exception):
            def __str__(self):
                raise RuntimeError("no")

        def application(environ, start_response):
            raise Awkward

        self.assertEqual(self.error(application, "APP_RAISED").json["says"], "Awkward")

    def test_after_the_head(self):
        def body():
            yield b"x"
            raise ValueError("midway")

        frame = self.error(app_of(body), "APP_RAISED", started=True)
        self.assertIn("midway", frame.json["traceback"])

    def test_after_a_body_that_was_complete(self):
        def body():
            yield b"hello"
            raise ValueError("afterwards")

        frames = self.frames(app_of(body, headers=[("Content-Length", "5")]))
        self.assertEqual(self.kinds(frames), ["HEAD", "ERROR"])

    def test_start_response_missing(self):
        self.error(lambda environ, start_response: [b"x"], "APP_NO_START_RESPONSE")
        self.error(lambda environ, start_response: [], "APP_NO_START_RESPONSE")
        self.error(lambda environ, start_response: iter([b"x"]), "APP_NO_START_RESPONSE")

    def test_start_response_twice(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            start_response("200 OK", PLAIN)

        self.error(application, "APP_START_RESPONSE_TWICE")

    def test_wrong_bodies(self):
        lists = ["text"], [b"x", "text"], [7], [None], [bytearray(b"x")]
        for body in (None, 7, b"bytes", "text", iter(["text"]), *lists):
            self.error(app_of(lambda: body), "APP_BODY_TYPE")

    def test_wrong_chunk_later(self):
        self.error(app_of(lambda: iter([b"x", "text"])), "APP_BODY_TYPE", started=True)

    def test_wrong_write(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)("text")

        self.error(application, "APP_BODY_TYPE")

    def test_bad_statuses(self):
        malformed = "", "OK", "20 OK", "2000 OK", "200OK", "abc OK", "99 x", "200 a\r\nX: y", "600 x"
        for status in (*malformed, "100 Continue", "101 x"):
            self.error(app_of([b""], status), "APP_STATUS_INVALID")
        for status in (200, None, b"200 OK", ["200"], "200 \u20ac", "\u0662\u0660\u0660 OK"):
            self.error(app_of([b""], status), "APP_STATUS_INVALID")

    def test_bad_headers(self):
        cases = {
            "X-A": [("X-A", "a\r\nX-B: b")],
            "X-B": [("X-A", "fine"), ("X-B", "a\nb")],
            "X-C": [("X-C", "a\rb")],
            "X-D": [("X-D", "a\0b")],
            "X-E": [("X-E", "\u20ac")],
            "X-F": [("X-F", 7)],
            "X-G": [("X-G", b"bytes")],
            "X-H": [("X-H", None)],
            "X I": [("X I", "space")],
            "X:J": [("X:J", "colon")],
            "X\\nK": [("X\nK", "lf")],
            "''": [("", "empty")],
            "b'X-L'": [(b"X-L", "bytes")],
            "X-\\xe9": [("X-\u00e9", "not ascii")],
            "pair": [("X-M",)],
            "pair ": ["X-N: y"],
        }
        for named, headers in cases.items():
            frame = self.error(app_of([b""], headers=headers), "APP_HEADER_INVALID")
            self.assertIn(named.strip(), frame.json["says"])

    def test_headers_that_are_none(self):
        def application(environ, start_response):
            start_response("200 OK", None)

        self.error(application, "APP_HEADER_INVALID")

    def test_bad_lengths(self):
        for value in ("", "-1", "+1", "1 ", "1,1", "0x1", "1.0", "\u0661", "9" * 30):
            self.error(app_of([b""], headers=[("Content-Length", value)]), "APP_HEADER_INVALID")
        self.error(app_of([b"x"], headers=[("Content-Length", "1"), ("content-length", "1")]), "APP_HEADER_INVALID")

    def test_an_application_may_recover_from_a_refused_header(self):
        def application(environ, start_response):
            try:
                start_response("200 OK", [("X", "a\nb")])
            except Exception:
                start_response("500 Oops", PLAIN)
            return [b"recovered"]

        self.assertEqual(self.whole(application).aux, 500)


class Lengths(Case):
    def test_excess_is_cut(self):
        for body in ([b"too long"], [b"too ", b"long"], lambda: iter([b"too long"]), lambda: iter([b"to", b"o long"])):
            frames = self.frames(app_of(body, headers=[("Content-Length", "3")]))
            self.assertEqual(self.body(frames), b"too")
            self.assertEqual([frame.aux for frame in frames if frame.kind == "LOG"], [2])
            self.assertFalse(frames[-1].kind == "END" and frames[-1].has("SHORT"))

    def test_excess_after_the_end_is_logged_once(self):
        frames = self.frames(app_of(lambda: iter([b"abc", b"", b"d", b"e"]), headers=[("Content-Length", "3")]))
        self.assertEqual(self.body(frames), b"abc")
        self.assertEqual(self.kinds(frames).count("LOG"), 1)

    def test_shortfall(self):
        for body in ([b"ab"], [b"a", b"b"], lambda: iter([b"a", b"b"])):
            frames = self.frames(app_of(body, headers=[("Content-Length", "3")]))
            self.assertEqual(self.body(frames), b"ab")
            self.assertTrue(frames[-1].has("SHORT"))
            self.assertIn("LOG", self.kinds(frames))

    def test_shortfall_of_all(self):
        frames = self.frames(app_of([], headers=[("Content-Length", "3")]))
        self.assertEqual(self.kinds(frames), ["HEAD", "LOG", "END"])
        self.assertTrue(frames[-1].has("SHORT"))


class HopByHop(Case):
    HEADERS = [("Connection", "keep-alive"), ("Transfer-Encoding", "chunked"), ("Upgrade", "x"), ("X-Mine", "y")]

    def test_dropped_with_one_warning_a_name(self):
        with serving(app_of([b"x"], headers=self.HEADERS)) as worker:
            frames = worker.answer(1)
            self.assertEqual([frame.aux for frame in frames[:-1]], [2, 2, 2])
            self.assertEqual(frames[-1].headers, [("X-Mine", "y")])
            self.assertFalse(frames[-1].has("CLOSE"))
            self.assertEqual(len(worker.answer(2)), 1)

    def test_strict(self):
        frame = self.error(app_of([b"x"], headers=self.HEADERS), "APP_HEADER_HOP_BY_HOP", {"strictHeaders": True})
        self.assertIn("Connection", frame.json["says"])

    def test_close_is_honored(self):
        for value in ("close", "Close", "foo, CLOSE"):
            self.assertTrue(self.frames(app_of([b""], headers=[("connection", value)]))[-1].has("CLOSE"))


class ErrorsStream(Case):
    def test_lines_with_the_request_id(self):
        def application(environ, start_response):
            errors = environ["wsgi.errors"]
            errors.write("one\ntwo\nthr")
            errors.write("ee\n")
            print("printed", file=errors)
            errors.writelines(["a", "b\n"])
            errors.write("flushed")
            errors.flush()
            errors.write("rest caf\u00e9 \ud800")
            start_response("200 OK", PLAIN)
            return [b""]

        with serving(application) as worker:
            worker.request(5)
            frames = [worker.next() for _ in range(7)]
        logs = [frame for frame in frames if frame.kind == "LOG"]
        texts = ["one\ntwo", "three", "printed", "ab", "flushed", "rest caf\u00e9 \\ud800"]
        self.assertEqual([frame.text for frame in logs], texts)
        self.assertEqual({frame.id for frame in logs}, {5})

    def test_only_strings(self):
        def application(environ, start_response):
            environ["wsgi.errors"].write(b"bytes")

        self.error(application, "APP_RAISED")


class EarlyHints(Case):
    def test_lines(self):
        def application(environ, start_response):
            environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
            start_response("200 OK", PLAIN)
            return [b""]

        frames = self.frames(application)
        self.assertEqual(self.kinds(frames), ["EARLY_HINTS", "HEAD"])
        self.assertEqual(frames[0].text, "Link: </a.css>; rel=preload\r\n")

    def test_checked(self):
        def application(environ, start_response):
            environ["wsgi.early_hints"]([("Link", "a\r\nX: y")])

        self.error(application, "APP_HEADER_INVALID")

    def test_too_late(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            yield b"x"
            environ["wsgi.early_hints"]([("Link", "y")])

        self.assertEqual(self.kinds(self.frames(application)), ["HEAD", "END"])


class Disconnects(Case):
    def test_both_flags_are_seen(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return [b"yes" if environ["dram.client_disconnected"]() else b"no"]

        with serving(application) as worker:
            self.assertEqual(worker.answer(1)[0].body, b"no")
            worker.mark(2, PAGE["HALF_CLOSED"])
            self.assertEqual(worker.answer(2)[0].body, b"yes")
            self.assertEqual(worker.answer(3)[0].body, b"no")
            worker.mark(4, PAGE["HALF_CLOSED"])
            self.assertEqual(worker.answer(4 + PAGE["flagWords"])[0].body, b"no")

    def test_streams_stop_at_the_next_chunk(self):
        body = Closing([b"x"] * 10)

        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            worker.mark(1, PAGE["CANCELLED"])
            return body

        with serving(application) as worker:
            self.assertEqual(self.kinds(worker.answer(1)), ["END"])
        self.assertEqual(body.closed, 1)

    def test_write_raises_and_is_quiet(self):
        seen = []

        def application(environ, start_response):
            write = start_response("200 OK", PLAIN)
            write(b"one")
            worker.mark(1, PAGE["CANCELLED"])
            try:
                write(b"two")
            except OSError as error:
                seen.append(error)
                raise

        with serving(application) as worker:
            self.assertEqual(self.kinds(worker.answer(1)), ["HEAD", "END"])
        self.assertEqual(len(seen), 1)

    def test_errors_of_a_deserted_application_are_quiet(self):
        def body():
            worker.mark(1, PAGE["CANCELLED"])
            try:
                yield b"x"
            finally:
                raise ValueError("in the generator's close")

        with serving(app_of(body)) as worker:
            self.assertEqual(self.kinds(worker.answer(1)), ["END"])

    def test_cancelled_before_it_began(self):
        with serving(app_of([b"x"])) as worker:
            worker.mark(1, PAGE["CANCELLED"])
            worker.request(1)
            self.assertEqual(worker.next("RETURNED").ids, [1])
            self.assertEqual(worker.answer(2)[0].body, b"x")
            self.assertEqual(worker.section[PAGE["entered"]], 2)


class Input(Case):
    def read(self, use, body=b"", **facts):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return [json.dumps(use(environ["wsgi.input"]), default=bytes.decode).encode()]

        return json.loads(self.whole(application, method="POST", body=body, **facts).body)

    USES = {
        "read()": lambda stream: [stream.read(), stream.read()],
        "read(-1)": lambda stream: [stream.read(-1)],
        "read(None)": lambda stream: [stream.read(None)],
        "read(0)": lambda stream: [stream.read(0), stream.read(3), stream.read(10**9), stream.read(1)],
        "readline()": lambda stream: [stream.readline(), stream.readline(), stream.readline(), stream.readline()],
        "readline(2)": lambda stream: [stream.readline(size) for size in (2, -1, 0, 99)],
        "readlines()": lambda stream: stream.readlines(),
        "readlines(1)": lambda stream: stream.readlines(1),
        "iteration": lambda stream: list(stream),
        "mixed": lambda stream: [stream.readline(), stream.read(1), *stream],
    }

    def check_all(self, content, **facts):
        for name, use in self.USES.items():
            with self.subTest(name):
                expected = json.loads(json.dumps(use(io.BytesIO(content)), default=bytes.decode))
                self.assertEqual(self.read(use, **facts), expected)

    def test_inline(self):
        self.check_all(b"one\ntwo\nthree", body=b"one\ntwo\nthree")

    def test_empty(self):
        self.check_all(b"", body=b"")

    def test_chunked_and_empty(self):
        self.check_all(b"", body=b"", flags=["BODY_LENGTH"])

    def test_file(self):
        import tempfile

        with tempfile.NamedTemporaryFile() as file:
            file.write(b"one\ntwo\nthree")
            file.flush()
            self.check_all(b"one\ntwo\nthree", body=file.name.encode(), flags=["BODY_FILE"])

            def application(environ, start_response):
                start_response("200 OK", PLAIN)
                return [environ["CONTENT_LENGTH"].encode()]

            facts = {"body": file.name.encode(), "flags": ["BODY_FILE", "BODY_LENGTH"]}
            self.assertEqual(self.whole(application, **facts).body, b"13")

    def test_lost_file(self):
        self.error(app_of([b""]), "REQUEST_BODY_LOST", body=b"/nonexistent/file", flags=["BODY_FILE"])

    def test_closing_the_empty_body_hurts_nobody(self):
        def application(environ, start_response):
            stream = environ["wsgi.input"]
            text = io.TextIOWrapper(stream).read()
            stream.close()
            start_response("200 OK", PLAIN)
            return [repr((text, stream.read())).encode()]

        with serving(application) as worker:
            for number in (1, 2, 3):
                self.assertEqual(worker.answer(number)[0].body, b"('', b'')")


if __name__ == "__main__":
    unittest.main()
