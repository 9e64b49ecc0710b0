"""Makes rare races certain: zygotes and templates are slow at forks. Python imports this at its start where this
folder is on PYTHONPATH, which TEST_FORKS sees to (tests/README.md); the product knows nothing of it.

Before dram's own bootstrap.py looks, it takes itself off every path, so that the application sees none of it.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DELAY_SECONDS = 0.3
WHEN = os.environ.get("TEST_SLOW_FORKS")

fork_process = os.fork
forks = 0


def fork():
    """`before`: a worker that was asked for is long in coming. `after`: it lives, and may die, before that is told.

    The first fork of a generation, its candidate, is as fast as ever: until then a server has not begun to serve.
    """
    global forks
    if sys._getframe(1).f_globals.get("__name__") != "_dram.zygote":
        return fork_process()
    forks += 1
    is_slow = forks > 1
    if is_slow and WHEN == "before":
        time.sleep(DELAY_SECONDS)
    pid = fork_process()
    if is_slow and pid and WHEN == "after":
        time.sleep(DELAY_SECONDS)
    return pid


if WHEN:
    os.fork = fork
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.abspath(entry) != HERE]
if others:
    os.environ["PYTHONPATH"] = os.pathsep.join(others)
else:
    os.environ.pop("PYTHONPATH", None)
