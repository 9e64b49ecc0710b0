"""Packages that a warm zygote has imported (warm.py), and that nobody sees until somebody imports them.

A worker that was forked from it gets them back from a finder, in the order in which its application asks: a package
that it asks for no more, or comes by otherwise than a cold start would, is told, and the start is made again, cold.
"""
import builtins
import importlib.machinery
import os
import re
import sys
import sysconfig
from _thread import RLock
from itertools import takewhile

from .process import reseed_numpy

OURS = __name__.partition(".")[0] + "."
STANDARD = frozenset(getattr(sys, "stdlib_module_names", ()))      # from Python 3.10 on
STANDARD_FOLDERS = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))
INSTALLED = ("site-packages", "dist-packages")      # the latter is Debian's name
# They change what is imported after them: with one of them around, nothing is warm.
PATCHING = ("gevent", "eventlet")
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\0")


def is_installed(file):
    return any(os.sep + folder + os.sep in file for folder in INSTALLED)


def is_standard(name, module):
    """Of the standard library, or of ours: seen by all, as in any process that has run a while."""
    top = name.partition(".")[0]
    if top in STANDARD or top in ("_dram", "dram", "__main__"):
        return True
    file = file_of(module)
    if file is None:
        return getattr(getattr(module, "__spec__", None), "origin", None) in ("built-in", "frozen")
    return file.startswith(STANDARD_FOLDERS) and not is_installed(file)


def file_of(module):
    """Where a module comes from; None if it can't be told. It isn't asked itself: a lazy one would be loaded then."""
    try:
        file = object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:      # something else than a module, put in the place of one
        file = None
    return file if isinstance(file, str) else None


def hooks():
    """Who has a say in all imports: what is given here, they would never hear of."""
    finders = takewhile(lambda one: one is not importlib.machinery.PathFinder, sys.meta_path)
    others = [one for one in finders if not type(one).__module__.startswith(OURS)]
    return builtins.__import__, others, list(sys.path_hooks)


def loggers():
    """Name of each logger → it."""
    logging = sys.modules.get("logging")
    return {} if logging is None else dict(logging.Logger.manager.loggerDict)


def is_disabled(logger):
    return getattr(logger, "disabled", False)      # what only stands for others in the tree of names has no such thing


def installed_packages(old):
    """Names of the installed top-level modules but `old` that are imported, in the order in which that was done."""
    found = []
    for name, module in list(sys.modules.items()):
        file = file_of(module)
        if "." not in name and name not in old and file is not None and is_installed(file) and not is_standard(name, module):
            found.append(name)
    return [] if sys.modules.keys() & set(PATCHING) else found


class Unit:
    """One top-level package, with all that its import has brought along and nothing before it had."""

    def __init__(self, name, modules, tops, reads, natives):
        self.name = name
        self.modules = modules      # name → module, in order, of what isn't the standard library's
        self.tops = tops            # the first parts of all names that it has imported, the standard library's too
        self.reads = reads          # names of the variables that were read meanwhile; None: perhaps all
        self.natives = natives      # files of its native code and before, which may read more of them
        self.needs = []             # (unit, whether it itself was asked for)
        self.loggers = []           # those that its import has made, and not disabled
        self.is_here = False        # its modules are in sys.modules, …
        self.is_asked = False       # … itself as well


class Stash:
    def __init__(self):
        self.units = []
        self.holders = {}           # name of a module → its unit
        self.environ = None         # what it was when they were imported, the folder, and sys.path
        self.folder = None
        self.path = None
        self.hooks = None
        self.is_open = False
        self.giving = RLock()       # threads that the application has started may import, too
        self.strays = {}            # name of a package → why a cold start might have gone another way
        self.shadows = {}           # folder → the names that it would give to an import
        self.words = b""            # those in all native code, each followed by a NUL, as a name for getenv() is
        self.found = {}             # variable → whether it is one of them

    def add(self, unit):
        self.units.append(unit)
        self.holders.update(dict.fromkeys(unit.modules, unit))

    def hide(self):
        """Nobody has asked for anything. Returns the units that had been, with whether by name."""
        asked = [(unit, unit.is_asked) for unit in self.units if unit.is_here]
        for unit in self.units:
            unit.is_here = unit.is_asked = False
            for name, module in unit.modules.items():
                if sys.modules.get(name) is module:
                    del sys.modules[name]
        return asked

    # In a worker

    def open(self):
        """The application is about to be loaded."""
        if self.units:
            sys.meta_path.insert(0, self)
            self.is_open = True

    def close(self):
        """It is loaded: what it has not asked for by now would be too much."""
        if self.is_open:
            sys.meta_path.remove(self)
            self.is_open = False
        for unit in self.units:
            if not unit.is_asked:
                self.strays.setdefault(unit.name, "it is not imported any more")

    # As a finder and loader of modules

    def find_spec(self, name, path=None, target=None):
        unit = self.holders.get(name)
        if unit is None or target is not None:      # it is to be reloaded
            return None
        with self.giving:
            is_given = unit.is_asked if name == unit.name else unit.is_here
            if is_given and name not in sys.modules:      # somebody has deleted it, and wants a new one
                return None
        own = getattr(unit.modules[name], "__spec__", None)
        spec = importlib.machinery.ModuleSpec(name, self, loader_state=own)
        for attribute in ("origin", "submodule_search_locations", "cached", "has_location"):
            if own is not None:
                setattr(spec, attribute, getattr(own, attribute))
        return spec

    def create_module(self, spec):
        return self.holders[spec.name].modules[spec.name]

    def exec_module(self, module):
        spec = module.__spec__
        module.__spec__ = spec.loader_state
        unit = self.holders[spec.name]
        self.give(unit, spec.name == unit.name)

    def give(self, unit, is_asked):
        """Puts a unit where it would be; `is_asked`: by its own name, and not by one that came along with it."""
        with self.giving:
            if not unit.is_here or (is_asked and not unit.is_asked):
                self.place(unit, is_asked)

    def place(self, unit, is_asked):
        is_new = not unit.is_here
        unit.is_here = True
        unit.is_asked = unit.is_asked or is_asked
        if is_new:
            self.examine(unit)
            for needed, by_name in unit.needs:
                self.give(needed, by_name)
        for name, module in unit.modules.items():
            if is_asked or name != unit.name:
                sys.modules.setdefault(name, module)
        if is_new and "numpy.random" in unit.modules:
            reseed_numpy()      # as its import would: all processes have the same state of it here

    def examine(self, unit):
        """Would it be imported now as it was? If it can't be said, it wouldn't."""
        if self.environ is None:
            return
        why = self.shadowed(unit.tops) or self.changed_variable(unit)
        if why is None and os.getcwd() != self.folder:
            why = "the working folder is another"
        if why is None and hooks() != self.hooks:
            why = "somebody hooks into imports before it is imported"
        if why is None and any(map(is_disabled, unit.loggers)):
            why = "logging's configuration disables its loggers before it is imported"
        if why is not None:
            self.strays.setdefault(unit.name, why)

    def shadowed(self, tops):
        """Why one of these names may be found elsewhere by now."""
        if not set(self.path).issubset(sys.path):
            return "sys.path is another"
        for folder in set(sys.path).difference(self.path):
            if folder not in self.shadows:
                self.shadows[folder] = names_in(folder)
            covered = tops & self.shadows[folder]
            if covered:
                return "%s has a module of the name %s" % (folder, min(covered))
        return None

    def changed_variable(self, unit):
        now = dict(os.environ)
        if now == self.environ:
            return None
        for name in sorted(now.keys() | self.environ.keys()):
            if now.get(name) != self.environ.get(name):
                if unit.reads is None or name in unit.reads or (unit.natives and self.is_word(name)):
                    return "the variable %s is set before it is imported" % name
        return None

    def is_word(self, name):
        if name not in self.found:
            self.found[name] = not name.isidentifier() or os.fsencode(name) + b"\0" in self.words
        return self.found[name]


def names_in(folder):
    """What an import would find in a folder."""
    try:
        entries = os.listdir(folder or ".")
    except OSError:
        return set()
    suffixes = tuple(importlib.machinery.all_suffixes())
    modules = {entry.partition(".")[0] for entry in entries if entry.endswith(suffixes)}
    return modules | {entry for entry in entries if os.path.isfile(os.path.join(folder, entry, "__init__.py"))}


def words_in(paths):
    """What may be a variable's name in native code. One may be the end of another: linkers let strings share that."""
    words = set()
    for path in paths:
        try:
            with open(path, "rb") as file:
                words.update(WORD.findall(file.read()))
        except OSError:
            pass      # replaced since: what was imported is outdated, and the next start cold
    return b"".join(sorted(words))


current = Stash()      # this process's; empty but in what a warm zygote has forked
