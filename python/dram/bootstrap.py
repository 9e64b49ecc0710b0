"""Starts the Python side by path: `python bootstrap.py`, with the supervisor's socket as descriptor 3.

This file alone must be readable to every Python, so that a too old one is named instead of failing
on syntax. What we need of the standard library is imported while sys.path holds nothing of the
application's, whose folder may well have a socket.py or a types.py.
"""
import os
import sys

OLDEST = (3, 9)
SUPERVISOR_FD = 3
HERE = os.path.dirname(os.path.realpath(__file__))


def set_aside_foreign_paths():
    """Leaves only Python's own entries in sys.path; returns the application's: PYTHONPATH's and those."""
    entries = list(sys.path)
    if entries and os.path.realpath(entries[0]) == HERE:
        del entries[0]
    foreign = set(os.path.abspath(entry) for entry in (os.environ.get("PYTHONPATH") or HERE).split(os.pathsep))
    foreign.discard(os.path.dirname(os.path.abspath(os.__file__)))
    sys.path[:] = [entry for entry in entries if os.path.abspath(entry) not in foreign]
    return entries


def refuse_old_python():
    import json

    have = ".".join(str(part) for part in sys.version_info[:3])
    need = ".".join(str(part) for part in OLDEST)
    event = {
        "event": "failed",
        "code": "PYTHON_TOO_OLD",
        "says": "%s is Python %s, but %s or newer is needed" % (sys.executable, have, need),
        "hint": "name a newer interpreter with --python",
        "python": have,
        "executable": sys.executable,
    }
    os.write(SUPERVISOR_FD, (json.dumps(event) + "\n").encode("utf-8"))
    sys.exit(1)


def load(name, file, folder=None):
    from importlib.util import module_from_spec, spec_from_file_location

    path = os.path.join(HERE, file)
    spec = spec_from_file_location(name, path, submodule_search_locations=folder and [folder])
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    application_paths = set_aside_foreign_paths()
    if sys.version_info < OLDEST:
        refuse_old_python()
    load("_dram", "__init__.py", HERE)
    load("dram", "public.py")
    from _dram.generation import run

    # Whoever looks for the main program (multiprocessing's spawn does) must not find this file.
    sys.modules["__main__"] = type(sys)("__main__")
    sys.argv[:] = ["dram"]
    run(SUPERVISOR_FD, application_paths)
