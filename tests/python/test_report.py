"""What `dram dev` is told of an exception: bounded, harmless, with secrets masked."""
import collections
import dataclasses
import gc
import json
import linecache
import os
import sys
import tempfile
import textwrap
import time
import unittest
import weakref

import support  # noqa: F401 (loads the runtime)
from _dram import fault
from _dram.load import import_failed
from _dram.report import Reporter
from _dram.showing import Showing

SECRET_NAMES = "passw|secret|token|cookie"
report_of = Reporter(SECRET_NAMES)


def raised(function, *arguments):
    try:
        function(*arguments)
    except BaseException as error:
        return error
    raise AssertionError("it should have raised")


def told(function, *arguments):
    """The report, as the front reads it."""
    return json.loads(json.dumps(report_of(raised(function, *arguments))))


def first(report):
    return report["exceptions"][0]


class Reports(unittest.TestCase):
    def test_frames_oldest_first_with_source_columns_and_locals(self):
        def inner(count, password):
            words = {"a": 1, "api_token": "t0ken", "list": list(range(30))}
            return words["a"] / count

        exception = first(told(lambda: inner(0, "hunter2")))
        self.assertEqual((exception["type"], exception["message"]), ("ZeroDivisionError", "division by zero"))
        frame = exception["frames"][-1]
        self.assertTrue(frame["function"].endswith("inner"))
        self.assertTrue(frame["own"])
        line = frame["source"]["lines"][frame["line"] - frame["source"]["first"]]
        self.assertIn("/ count", line)
        if sys.version_info >= (3, 11):
            self.assertEqual(line[frame["start"] : frame["end"]], 'words["a"] / count')
        shown = dict(frame["locals"])
        self.assertEqual((shown["count"], shown["password"]), ("0", "***"))
        self.assertIn("'api_token': ***", shown["words"])
        self.assertIn("… 10 more", shown["words"])
        self.assertNotIn("hunter2", json.dumps(frame["locals"]))

    def test_columns_count_characters(self):
        def inner(count):
            return "äöü€" and 1 / count

        frame = first(told(inner, 0))["frames"][-1]
        if sys.version_info >= (3, 11):
            line = frame["source"]["lines"][frame["line"] - frame["source"]["first"]]
            self.assertEqual(line[frame["start"] : frame["end"]], "1 / count")

    def test_libraries_are_told_from_the_application_and_keep_their_locals(self):
        exception = first(told(json.loads, "{"))
        self.assertEqual(exception["type"], "json.decoder.JSONDecodeError")
        library = [frame for frame in exception["frames"] if not frame["own"]]
        self.assertTrue(library and all("json" in frame["file"] for frame in library))
        self.assertTrue(all(frame["locals"] is None for frame in library[:-1]))
        self.assertIsNotNone(library[-1]["locals"])

    def test_causes_and_contexts_as_tracebacks_tell_them(self):
        def caused():
            try:
                try:
                    raise KeyError("first")
                except KeyError:
                    raise ValueError("second")
            except ValueError as error:
                raise RuntimeError("third") from error

        def silenced():
            try:
                raise KeyError("first")
            except KeyError:
                raise ValueError("second") from None

        relations = [(one["type"], one["relation"]) for one in told(caused)["exceptions"]]
        self.assertEqual(relations, [("RuntimeError", "raised"), ("ValueError", "cause"), ("KeyError", "context")])
        self.assertEqual(len(told(silenced)["exceptions"]), 1)

    def test_a_chain_that_bites_its_tail_ends(self):
        one, other = ValueError("one"), ValueError("other")
        one.__cause__, other.__cause__ = other, one
        self.assertEqual(len(report_of(one)["exceptions"]), 2)

    def test_a_recursion_is_bounded(self):
        def deeper(depth):
            return deeper(depth + 1)

        exception = first(told(deeper, 0))
        self.assertEqual(exception["type"], "RecursionError")
        self.assertEqual(len(exception["frames"]), 50)
        self.assertGreater(exception["omitted"][1], 500)

    def test_a_syntax_error_has_its_place(self):
        exception = first(told(compile, "a = 1\nb = (2 +* 3)\n", "/app/broken.py", "exec"))
        self.assertEqual(exception["message"], "invalid syntax")
        place = exception["syntax"]
        self.assertEqual((place["file"], place["line"]), ("/app/broken.py", 2))
        self.assertEqual(place["source"]["lines"][0][place["start"]], "*")

    def test_a_syntax_error_of_a_file_has_the_lines_around(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "broken.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write("a = 1\nb = (2 +* 3)\nc = 3\n")
            with open(path, encoding="utf-8") as file:
                source = file.read()
            place = first(told(compile, source, path, "exec"))["syntax"]
            self.assertEqual(place["source"], {"first": 1, "lines": ["a = 1", "b = (2 +* 3)", "c = 3"]})
            linecache.clearcache()

    @unittest.skipIf(sys.version_info < (3, 11), "there are no groups")
    def test_groups_have_members(self):
        group = ExceptionGroup("some", [ValueError("one"), ExceptionGroup("more", [KeyError("two")])])  # noqa: F821
        group.add_note("a note")
        exception = first(report_of(group))
        self.assertEqual(exception["notes"], ["a note"])
        self.assertEqual([first(one)["type"] for one in exception["members"]], ["ValueError", "ExceptionGroup"])
        self.assertEqual(first(first(exception["members"][1])["members"][0])["message"], "'two'")

    @unittest.skipIf(sys.version_info < (3, 11), "there are no groups")
    def test_large_and_deep_groups_are_bounded(self):
        group = ValueError("deepest")
        for _ in range(50):
            group = ExceptionGroup("deep", [group] * 50)  # noqa: F821
        text = json.dumps(report_of(group))
        self.assertLess(len(text), 1_000_000)
        self.assertEqual(first(report_of(group))["omittedMembers"], 40)
        group = ExceptionGroup("some", [ValueError("x" * 4_000)] * 10)  # noqa: F821
        for _ in range(2):
            group = ExceptionGroup("more", [group] * 10)  # noqa: F821
        self.assertLess(len(json.dumps(report_of(group))), 500_000)

    def test_what_cannot_be_printed_is_harmless(self):
        class Nasty(Exception):
            def __str__(self):
                raise SystemExit

            __notes__ = 3

        def inner():
            nasty = Unshowable()  # noqa: F841
            raise Nasty

        exception = first(told(inner))
        self.assertEqual(exception["message"], "(str() of it raised SystemExit)")
        self.assertEqual(dict(exception["frames"][-1]["locals"])["nasty"], "<Unshowable, whose repr() raised KeyboardInterrupt>")

    def test_odd_namespaces_are_harmless(self):
        class Names(dict):
            def items(self):
                raise RuntimeError

        class Kind(type):
            def __prepare__(name, bases):
                return Names()

        def inner():
            class Odd(metaclass=Kind):
                1 / 0

        self.assertIsNone(first(told(inner))["frames"][-1]["locals"])
        code = compile("globals()[1] = 2; DATA = 3; 1 / 0", "/app/odd.py", "exec")
        self.assertEqual(first(told(exec, code, {}))["frames"][-1]["locals"], [["DATA", "3"]])

    def test_its_size_is_bounded(self):
        def deep(depth):
            values = {str(number): "x" * 10_000 for number in range(1000)}
            for number in range(100):
                exec("name_%d = values" % number)
            if depth:
                deep(depth - 1)
            else:
                raise ValueError("x" * 1_000_000)
            return values

        self.assertLess(len(json.dumps(report_of(raised(deep, 60)))), 600_000)

    def test_a_broken_rule_of_wsgi_is_no_exception_of_the_application(self):
        exception = first(report_of(fault.no_start_response()))
        self.assertEqual((exception["type"], exception["frames"]), ("", []))
        self.assertIn("without calling start_response", exception["message"])

    def test_modules_and_functions_are_no_locals_of_a_module(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "shop.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write("import os\ndef f(): pass\nDATA = 1\nraise ValueError\n")
            with open(path, encoding="utf-8") as file:
                code = compile(file.read(), path, "exec")
            frame = first(told(exec, code, {}))["frames"][-1]
            self.assertEqual((frame["function"], frame["locals"]), ("<module>", [["DATA", "1"]]))
            linecache.clearcache()

    def test_it_keeps_nothing_alive(self):
        def inner(kept):
            raise ValueError

        class Kept:
            pass

        kept = Kept()
        error = raised(inner, kept)
        gone = weakref.ref(kept)
        gc.disable()
        self.addCleanup(gc.enable)
        self.assertIn("Kept", json.dumps(report_of(error)))
        del kept, error
        self.assertIsNone(gone())

    def test_faults_carry_it_where_it_is_asked_for_alone(self):
        error = raised(lambda: 1 / 0)
        self.assertNotIn("report", import_failed("shop", error).facts())
        fault.reporter = report_of
        try:
            report = import_failed("shop", error).facts()["report"]
        finally:
            fault.reporter = None
        self.assertEqual(first(report)["type"], "ZeroDivisionError")


class Unshowable:
    def __repr__(self):
        raise KeyboardInterrupt


class Endless:
    def __repr__(self):
        while True:
            try:
                pass
            except Exception:
                pass


class Values(unittest.TestCase):
    def shown(self, value):
        import re

        return Showing(re.compile(SECRET_NAMES, re.IGNORECASE).search).text(value)

    def test_short_ones_are_as_repr_has_them(self):
        for value in (1, -2.5, None, "it's", b"x", (), (1,), [1, [2]], {"a": (1, 2)}, {1}, True, ..., range(3)):
            self.assertEqual(self.shown(value), repr(value))
        some = {"a": 1, "b": [2]}
        empty = collections.deque()
        for value in (set(), frozenset(), [[]], {}, empty, some.keys(), some.values(), some.items(), {}.items()):
            self.assertEqual(self.shown(value), repr(value))

    def test_huge_ones_are_cut_without_being_walked(self):
        began = time.perf_counter()
        for value in ("x" * 50_000_000, [0] * 10_000_000, {"a": ["y" * 10_000] * 100_000}.values(), 1 << 10_000_000):
            self.assertLessEqual(len(self.shown(value)), 300)
        class Keeps(list):
            pass
        self.assertLessEqual(len(self.shown(Keeps([[0] * 1000] * 1_000_000))), 300)
        self.assertLess(time.perf_counter() - began, 10)

    def test_a_dataclass_is_walked_and_its_secrets_masked(self):
        @dataclasses.dataclass
        class Account:
            name: str
            password: str
            entries: list

        text = self.shown([Account("ann", "hunter2", list(range(10_000_000)))])
        self.assertRegex(text, r"Account\(name='ann', password=\*\*\*, entries=\[0, 1,")

    def test_collections_are_walked_too(self):
        Account = collections.namedtuple("Account", "name password")
        many = collections.defaultdict(list, {str(number): [0] * 1000 for number in range(100_000)})
        self.assertEqual(self.shown([Account("ann", "hunter2")]), "[Account(name='ann', password=***)]")
        self.assertRegex(self.shown(many), r"^defaultdict\(\{'0': \[0, 0, ")
        self.assertEqual(self.shown(collections.deque([1, 2])), "deque([1, 2])")

        class Form(dict):
            def __repr__(self):
                return "Form%r" % list(self.items())

        self.assertEqual(self.shown([Form(password="hunter2"), Form()]), "[Form({'password': ***}), Form[]]")
        self.assertRegex(self.shown(os.stat(".")), r"^os\.stat_result\(st_mode=")

    def test_what_nobody_would_see_is_not_asked(self):
        asked = []

        class Asked:
            def __repr__(self):
                asked.append(self)
                return "x" * 100

        text = self.shown([[Asked() for _ in range(20)] for _ in range(20)])
        self.assertEqual((len(text), len(asked)), (300, 3))

    def test_a_subclass_is_not_asked_for_its_items(self):
        class Lazy(list):
            def __iter__(self):
                raise AssertionError

            __len__ = __iter__

        self.assertEqual(self.shown(Lazy([1])), "[1]")

    def test_a_repr_without_end_is_left(self):
        self.assertEqual(self.shown([Endless()]), "[<Endless, whose repr() takes too long>]")

    def test_what_contains_itself_ends(self):
        value = []
        value.append(value)
        self.assertEqual(self.shown(value), "[[[[…]]]]")

    def test_bytes_keys_and_header_lists_hide_secrets(self):
        self.assertEqual(self.shown([("Set-Cookie", "c"), ("Host", "h")]), "[('Set-Cookie', ***), ('Host', 'h')]")
        self.assertEqual(self.shown({b"x-token": b"t", "HTTP_COOKIE": "c"}), "{b'x-token': ***, 'HTTP_COOKIE': ***}")


if __name__ == "__main__":
    unittest.main()
