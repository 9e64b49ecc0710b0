"""procfs.py: what a process says of itself, and asks for."""
import subprocess
import sys
import unittest

PUNCTUAL = """
import ctypes, os, sys, threading
sys.path.insert(0, sys.argv[1])
import support
from _dram import procfs
PR_GET_TIMERSLACK = 30
slack = lambda: ctypes.CDLL(None).prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)
before = slack()
procfs.be_punctual()
found = [slack()]
thread = threading.Thread(target=lambda: found.append(slack()))
thread.start()
thread.join()
if os.fork() == 0:
    os._exit(slack())
found.append(os.waitstatus_to_exitcode(os.wait()[1]))
print(before > 1, found)
"""


@unittest.skipUnless(sys.platform == "linux", "Linux alone has it")
class Punctual(unittest.TestCase):
    def test_threads_and_children_wake_when_they_are_due(self):
        child = [sys.executable, "-c", PUNCTUAL, __file__.rpartition("/")[0]]
        done = subprocess.run(child, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stdout, "True [1, 1, 1]\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
