"""Where the server is, and how this program becomes it."""
import os
import shutil
import sys

BESIDE = os.path.join(os.path.dirname(os.path.realpath(__file__)), *[os.pardir] * 3, "bin", "dram")
VARIABLE = "DRAM"


def find():
    """The path of the executable: what the variable DRAM names, the one this package lies beside, or one on PATH."""
    named = os.environ.get(VARIABLE)
    path = named or (os.path.normpath(BESIDE) if os.path.isfile(BESIDE) else shutil.which("dram"))
    if path is None or not os.access(path, os.X_OK):
        raise RuntimeError(
            "PROGRAM_NOT_FOUND: there is no dram on PATH, and %s; install it (npm install -g dram), or name it: DRAM=/path/to/bin/dram"
            % ("DRAM names %s, which can't be run" % named if named else "the variable DRAM names none")
        )
    return path


def become(arguments, variables):
    """The server takes our place, with our pid, our descriptors 0 to 2 and this Python; doesn't return."""
    path = find()
    environment = {**variables, "DRAM_PYTHON": sys.executable, **os.environ}
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os.execve(path, [path, *arguments], environment)
