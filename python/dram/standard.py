"""Modules of the standard library that few starts need: imported when they are, and whatever the application's folder holds."""
import importlib
import sys
from importlib.machinery import PathFinder

PATHS = list(sys.path)      # bootstrap.py has set aside the application's


class Finder:
    """Python's own, but for sys.path."""

    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, PATHS if path is None else path, target)


FINDER = Finder()


def standard(name):
    """The module of that name."""
    if name not in sys.modules:
        # First of all, and only meanwhile: what it imports in turn must not be the application's either.
        sys.meta_path.insert(0, FINDER)
        try:
            importlib.import_module(name)
        finally:
            sys.meta_path.remove(FINDER)
    return sys.modules[name]
