"""Which files a worker has imported, written into the runtime folder whenever they are more (`dram dev` watches them),
and which packages the load of its application, for the warm zygote (warm.py).

It lives in the worker around the extension that is there, or Quiet: what it has nothing to do with is passed on.
"""
import json
import os
import sys
import sysconfig
from _thread import allocate_lock

from .stash import current as stash
from .stash import file_of, installed_packages, is_installed

OURS = os.path.dirname(os.path.abspath(__file__))
# What is installed changes by a deployment, not by an editor; packages in editable form lie elsewhere.
# As modules name them, and without links: some interpreters are known by a link (Homebrew's, uv's).
FOREIGN = tuple(
    os.path.join(path, "")
    for folder in {OURS, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
    if folder
    for path in {folder, os.path.realpath(folder)}
)


class Imports:
    def __init__(self, config, inner):
        self.config = config
        self.is_plain = is_plain(config)
        self.path = os.path.join(config["folder"], "imports.json")
        self.packages_path = os.path.join(config["folder"], "packages.json")
        self.inner = inner
        self.telling = allocate_lock()
        self.told = 0        # how many modules there were
        self.before = frozenset()      # names of modules that were there before the application

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def begin_worker(self, number):
        self.before = frozenset(sys.modules)
        if self.is_plain:
            stash.open()
        self.inner.begin_worker(number)

    def wrap(self, application):
        stash.close()
        wrapped = self.inner.wrap(application)
        self.tell_packages()
        self.tell()

        def watched(environ, start_response):
            try:
                return wrapped(environ, start_response)
            finally:
                self.tell()

        return watched

    def let_go_in_child(self):
        self.telling = allocate_lock()      # another thread may have it, which isn't here
        self.inner.let_go_in_child()

    def end_worker(self):
        """Also when the application failed to load: what it got as far as is what may mend it."""
        self.tell()
        if stash.is_open:
            self.tell_packages()
        self.inner.end_worker()

    def tell(self):
        if len(sys.modules) != self.told:
            with self.telling:
                count = len(sys.modules)
                if count != self.told:      # another thread may have told it meanwhile
                    self.told = count
                    write(self.path, imported_files())

    def tell_packages(self):
        own = [os.path.abspath(folder) for folder in sys.path if folder not in self.inner.paths]
        facts = {
            "packages": installed_packages(self.before) if self.is_plain else [],
            "strays": stash.strays,
            "title": self.config["title"],
            "chdir": self.config["chdir"],
            "pythonpath": self.config["pythonpath"],
            "beside": own,
        }
        write(self.packages_path, facts)


def is_plain(config):
    """May packages be imported ahead of what this configuration does before them, or with them?"""
    return config.get("preload") == "never" and not (config["greenlets"] or config.get("extension") or config.get("paste"))


def write(path, facts):
    draft = "%s.%d" % (path, os.getpid())
    try:
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(facts, file)
        os.replace(draft, path)
    except OSError:
        pass      # the server is gone, and its folder with it


def imported_files():
    files = set(map(file_of, list(sys.modules.values())))
    own = (file for file in files if file is not None and file.endswith(".py") and not is_foreign(file))
    found = map(os.path.realpath, own)      # which asks the system for each part of a path
    return sorted(file for file in found if not is_foreign(file))


def is_foreign(file):
    """Whether a file is installed, or Python's own, or ours."""
    return file.startswith(FOREIGN) or is_installed(file)
