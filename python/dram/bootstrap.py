"""Starts the Python side by path: `python bootstrap.py`, with the supervisor's socket as descriptor 3.

This file alone must be readable to every Python, so that a too old one is named instead of failing
on syntax. What we need of the standard library is imported while sys.path holds nothing of the
application's, whose folder may well have a socket.py or a types.py.
"""
import gc
import os
import sys

OLDEST = (3, 9)
SUPERVISOR_FD = 3
HERE = os.path.dirname(os.path.realpath(__file__))
KEPT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "src", "bundle")
WRITABLE_BY_OTHERS = 18      # 0o022, which Python 2 reads otherwise
HASH_KEY = 0x6472616D
HASH_BYTES = 8


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


class Kept:
    """Imports our modules from one file with all of them compiled (kept.py writes it), which is several times faster
    than from one file each, and than compiling them where Python may not keep them."""

    def __init__(self):
        self.path = os.path.join(KEPT, "python.%s.compiled" % sys.implementation.cache_tag)
        self.codes = {}      # name of a module: its code, marshalled; more of them lie there than one start needs

    def read(self):
        """False if there is none, or anything is wrong with it."""
        import _imp
        import marshal

        try:
            with open(self.path, "rb") as file:
                if not is_trusted(os.fstat(file.fileno()), os.stat(HERE)):
                    return False
                kept = file.read()
            # A damaged one could crash marshal, and one of another Python anything.
            if _imp.source_hash(HASH_KEY, kept[HASH_BYTES:]) != kept[:HASH_BYTES]:
                return False
            state, codes = marshal.loads(kept[HASH_BYTES:])
            if state != state_of_sources():
                return False
            self.codes = codes
            return True
        except Exception:
            return False

    def find_spec(self, name, path=None, target=None):
        if name not in self.codes:
            return None
        import marshal

        code = marshal.loads(self.codes[name])
        spec = type(sys.__spec__)(name, self, origin=code.co_filename, loader_state=code)
        spec.has_location = True
        if name == "_dram":
            spec.submodule_search_locations = [HERE]
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        spec = module.__spec__
        code, spec.loader_state = spec.loader_state, None
        exec(code, module.__dict__)


def is_trusted(kept, ours):
    """Who could write it could have written our sources as well."""
    return kept.st_uid in (0, ours.st_uid) and not kept.st_mode & WRITABLE_BY_OTHERS


def state_of_sources():
    """What compiled modules follow from: the Python, where the sources are, and which they are."""
    import _imp

    state = [sys.version, str(sys.flags.optimize), HERE]
    for name in sorted(os.listdir(HERE)):
        if name.endswith(".py"):
            # Not their times: packages come with the same one for all files of all versions.
            with open(os.path.join(HERE, name), "rb") as file:
                state.append((name, _imp.source_hash(HASH_KEY, file.read())))
    return state


def load(name, file, folder=None):
    from importlib.util import module_from_spec, spec_from_file_location

    path = os.path.join(HERE, file)
    spec = spec_from_file_location(name, path, submodule_search_locations=folder and [folder])
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)


def import_runtime():
    """Returns the zygote's life, and what is to be done once it has time: to keep the compiled modules."""
    kept = Kept()
    keep = None
    if kept.read():
        sys.meta_path.insert(0, kept)
        import dram  # noqa: F401
    else:
        load("_dram", "__init__.py", HERE)
        load("dram", "public.py")
        state = state_of_sources()

        def keep():
            from _dram import kept as keeping

            keeping.keep(kept.path, state, HASH_KEY)

    from _dram.generation import run

    if kept in sys.meta_path:
        sys.meta_path.remove(kept)
    return run, keep


if __name__ == "__main__":
    gc.disable()      # nothing that is imported here is garbage
    application_paths = set_aside_foreign_paths()
    if sys.version_info < OLDEST:
        refuse_old_python()
    run, keep = import_runtime()
    gc.freeze() if hasattr(gc, "freeze") else None
    gc.enable()
    # Whoever looks for the main program (multiprocessing's spawn does) must not find this file.
    sys.modules["__main__"] = type(sys)("__main__")
    sys.argv[:] = ["dram"]
    run(SUPERVISOR_FD, application_paths, keep)
