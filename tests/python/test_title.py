"""Process titles, as ps and top read them."""
import os
import sys
import unittest

import support  # noqa: F401 (loads our package)
from _dram import procfs, title
from test_template import SHARED, TemplateCase


def shown(pid):
    """What ps shows: the arguments, and the short name."""
    with open("/proc/%d/cmdline" % pid, "rb") as file:
        arguments = file.read().rstrip(b"\0").decode()
    with open("/proc/%d/comm" % pid) as file:
        return arguments, file.read().rstrip("\n")


@unittest.skipUnless(sys.platform == "linux", "titles are written through /proc")
class Titles(TemplateCase):
    def test_of_every_kind_of_process(self):
        self.write("myapp.py", SHARED)
        zygote, template, candidate = self.template(title="dram: shop")
        alone = zygote.fork(12)[0].next("READY").json["pid"]
        shared = template.fork(2)[0].next("READY").json["pid"]
        self.assertEqual(shown(zygote.process.pid), ("dram: shop zygote", "dram: sh zygote"))
        self.assertEqual(shown(candidate["pid"]), ("dram: shop template", "dram template"))
        self.assertEqual(shown(alone), ("dram: shop worker 12", "dram worker 12"))
        self.assertEqual(shown(shared), ("dram: shop worker 2", "dram worker 2"))

    def test_default(self):
        zygote = self.zygote()
        self.assertEqual(shown(zygote.process.pid), ("dram zygote", "dram zygote"))

    def test_too_long_and_strange(self):
        self.write("myapp.py", SHARED)
        zygote = self.zygote(title="dram: " + "schön\0\n" * 1000)
        arguments, name = shown(zygote.process.pid)
        self.assertTrue(arguments.startswith("dram: schön\nschön\n"), arguments)
        self.assertIn("zygote", name)
        front, forked = zygote.fork(1)
        front.next("READY")
        self.assertEqual(self.value(front, 1)["greeting"], os.environ.get("GREETING"))
        # What lies behind the arguments is as it was.
        with open("/proc/%d/environ" % forked["pid"], "rb") as file:
            self.assertIn(("PATH=" + os.environ["PATH"]).encode(), file.read())

    def test_on_any_doubt_nothing_happens(self):
        self.addCleanup(setattr, procfs, "arguments_at", procfs.arguments_at)
        start, end = procfs.arguments_at()
        before = shown(os.getpid())
        for place in ((0, 0), (start, end - 1), (start + 1, end), (8, 8 + end - start), (-1, 1), (end, start)):
            with self.subTest(place):
                procfs.arguments_at = lambda place=place: place
                try:
                    title.overwrite_arguments("no")
                except (OSError, ValueError, OverflowError):      # set_title() lets them pass
                    pass
                self.assertEqual(shown(os.getpid()), before)


class Cutting(unittest.TestCase):
    def test_between_characters(self):
        self.assertEqual(title.cut("schön", 4), b"sch")
        self.assertEqual(title.cut("schön", 5), "schö".encode())
        self.assertEqual(title.cut("schön", 50), "schön".encode())


if __name__ == "__main__":
    unittest.main()
