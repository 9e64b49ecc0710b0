"""Records of logging on their way to the server's log: marked lines on standard error."""
import logging
import os
import unittest

import support  # noqa: F401
from _dram.records import MARK, MOST_ATOMIC_BYTES, RecordHandler


class Records(unittest.TestCase):
    def setUp(self):
        self.reader, writer = os.pipe()
        kept = os.dup(2)
        os.dup2(writer, 2)
        os.close(writer)
        self.addCleanup(os.close, self.reader)
        self.addCleanup(lambda: (os.dup2(kept, 2), os.close(kept)))
        self.logger = logging.Logger("records")
        self.handler = RecordHandler()
        self.logger.addHandler(self.handler)

    def written(self):
        return os.read(self.reader, 1 << 16).decode().split("\n")[:-1]

    def test_levels(self):
        for level in (logging.DEBUG, logging.INFO, 25, logging.WARNING, logging.ERROR, logging.CRITICAL):
            self.logger.log(level, "level %d", level)
        wanted = ["D", "I", "I", "W", "E", "C"]
        self.assertEqual([line[:2] for line in self.written()], [MARK + letter for letter in wanted])

    def test_a_traceback_is_of_one_record(self):
        try:
            1 / 0
        except ZeroDivisionError:
            self.logger.exception("ü failed")
        first, *others = self.written()
        self.assertEqual(first, MARK + "Eü failed")
        self.assertGreater(len(others), 2)
        self.assertTrue(all(line.startswith(MARK + "+") for line in others), others)

    def test_a_formatter_of_the_application_has_its_way(self):
        self.handler.setFormatter(logging.Formatter("<%(levelname)s> %(message)s"))
        self.logger.warning("a")
        self.assertEqual(self.written(), [MARK + "R<WARNING> a"])

    def test_its_formatter_can_be_used_elsewhere(self):
        record = logging.makeLogRecord({"msg": "a", "levelname": "INFO"})
        self.assertRegex(self.handler.formatter.format(record), r"^\[[\d-]+ [\d:]+ [+-]\d{4}\] \[\d+\] \[INFO\] a$")

    def test_long_lines_are_cut(self):
        self.logger.info("x" * 10000)
        lines = self.written()
        self.assertEqual("".join(line[2:] for line in lines), "x" * 10000)
        self.assertTrue(all(len(line) < MOST_ATOMIC_BYTES for line in lines))


if __name__ == "__main__":
    unittest.main()
