"""What a call prints is told with it, and is written where it always was."""
import contextlib
import io
import sys
import threading
import unittest

import support  # noqa: F401  (the runtime under its private name)
from _dram import printed
from _dram.witness import MOST_PRINTED, MOST_VALUE_CHARS, WatchedAnswer


class Answer(WatchedAnswer):
    """One that keeps what it would tell."""

    def __init__(self):
        super().__init__(None, 1, 0.0)
        self.told = []

    def tell(self):
        notes, self.notes = self.notes, []
        self.told += [note["text"] for note in notes if note["what"] == "printed"]


class Printed(unittest.TestCase):
    def setUp(self):
        self.bytes = io.BytesIO()
        self.stream = io.TextIOWrapper(self.bytes, encoding="utf-8", line_buffering=True)
        printed.watch_stream(self.stream)
        self.answer = Answer()
        printed.current.answer = self.answer
        self.addCleanup(delattr, printed.current, "answer")

    def told(self):
        self.answer.tell_rest()
        return self.answer.told

    def test_lines_are_told_and_written(self):
        print("a", 1, file=self.stream)
        print("b", end="", file=self.stream)
        print("c\n\nend", end="", file=self.stream)
        self.stream.flush()
        self.assertEqual(self.bytes.getvalue(), b"a 1\nbc\n\nend")
        self.assertEqual(self.told(), ["a 1", "bc", "", "end"])

    def test_other_threads_are_not_told_of(self):
        thread = threading.Thread(target=print, args=("elsewhere",), kwargs={"file": self.stream})
        thread.start()
        thread.join()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.bytes.getvalue(), b"elsewhere\n")

    def test_much_is_cut(self):
        print("x" * (MOST_VALUE_CHARS + 1), file=self.stream)
        for number in range(MOST_PRINTED):
            print(number, file=self.stream)
        told = self.told()
        self.assertEqual(len(told), MOST_PRINTED)
        self.assertEqual(len(told[0]), MOST_VALUE_CHARS)

    def test_a_mistake_is_the_application_s(self):
        with self.assertRaises(TypeError):
            self.stream.write(b"bytes")

    def test_one_stream_in_both_places_is_told_once_and_none_is_none(self):
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            printed.watch()
            print("once")
        with contextlib.redirect_stdout(None):
            printed.watch_stream(sys.stdout)
        self.assertEqual((self.told(), stream.getvalue()), (["once"], "once\n"))

    def test_a_stream_that_takes_no_attribute_stays_as_it_is(self):
        class Fixed:
            __slots__ = ()

            def write(self, text):
                return len(text)

        stream = Fixed()
        printed.watch_stream(stream)
        self.assertEqual(stream.write("x"), 1)


if __name__ == "__main__":
    unittest.main()
