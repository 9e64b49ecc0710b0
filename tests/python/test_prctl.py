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
PUNCTUAL = """
import ctypes, os, sys, threading
sys.path.insert(0, sys.argv[1])
import support
from _dram import prctl
PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 29, 30
libc = ctypes.CDLL(None)
slack = lambda: libc.prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)
libc.prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(50000), 0, 0, 0)      # who runs the tests may be punctual
before = slack()
prctl.be_punctual()
found = [slack()]
thread = threading.Thread(target=lambda: found.append(slack()))
thread.start()
thread.join()
if os.fork() == 0:
    os._exit(slack())
found.append(os.waitstatus_to_exitcode(os.wait()[1]))
print(before > 1, found)
"""


def run_program(program, *cases):
    asked = [sys.executable, "-c", program, HERE, *cases]
    return subprocess.run(asked, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout.strip()


@unittest.skipUnless(sys.platform == "linux", "Linux only")
class Dumpable(unittest.TestCase):
    def test_the_kernel_is_not_asked_where_it_is_so(self):
        self.assertEqual(run_program(PROGRAM, "open"), "False")

    @unittest.skipUnless(hasattr(os, "geteuid") and os.geteuid() == 0, "only root can become another")
    def test_after_the_user_has_changed(self):
        self.assertEqual(run_program(PROGRAM, "closed"), "True")


@unittest.skipUnless(sys.platform == "linux", "Linux only")
class Punctual(unittest.TestCase):
    def test_threads_and_children_wake_when_they_are_due(self):
        self.assertEqual(run_program(PUNCTUAL), "True [1, 1, 1]")


if __name__ == "__main__":
    unittest.main()
