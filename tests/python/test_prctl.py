"""What a process asks of Linux for itself."""
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
import support
from _dram import prctl
if sys.argv[2] == "closed":
    import ctypes      # whom it becomes may have no right to read it
    os.setgroups([])
    os.setgid(12345)
    os.setuid(12345)
    assert not prctl.is_dumpable()
prctl.stay_dumpable()
assert prctl.is_dumpable()
os.readlink("/proc/%d/fd/0" % os.getpid())
print("ctypes" in sys.modules)
"""


@unittest.skipUnless(sys.platform == "linux", "Linux only")
class Dumpable(unittest.TestCase):
    def run_program(self, case):
        asked = [sys.executable, "-c", PROGRAM, HERE, case]
        return subprocess.run(asked, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout.strip()

    def test_the_kernel_is_not_asked_where_it_is_so(self):
        self.assertEqual(self.run_program("open"), "False")

    @unittest.skipUnless(hasattr(os, "geteuid") and os.geteuid() == 0, "only root can become another")
    def test_after_the_user_has_changed(self):
        self.assertEqual(self.run_program("closed"), "True")


if __name__ == "__main__":
    unittest.main()
