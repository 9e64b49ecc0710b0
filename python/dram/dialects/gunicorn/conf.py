"""gunicorn.conf.py: executing it, and telling what it sets.

It is executed in each process that needs its objects: in the keeper, and in the zygote of each generation. Never from
a compiled file: those are told apart by their second and size, which a reload may find unchanged.
"""
import os
import sys
from importlib import import_module
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import FunctionType, ModuleType

from ...fault import Fault, describe, shown, traceback_of

NAME = "__config__"
DEFAULT = "gunicorn.conf.py"
MODULE_PREFIX, FILE_PREFIX = "python:", "file:"


class Conf:
    """One reading of the file, or of none."""

    def __init__(self, path, names):
        self.path = path          # absolute; `python:module`; None: there is no file
        self.names = names        # name → what it stands for there
        self.warnings = []

    def values(self, known):
        """The settings among its names."""
        return {name: value for name, value in self.names.items() if name in known}

    def unknown(self, known):
        """Names that may be settings which were written wrongly: what isn't imported and isn't private."""
        return [name for name, value in self.names.items() if name not in known and is_own(name, value)]


def is_own(name, value):
    if name.startswith("_") or isinstance(value, ModuleType):
        return False
    if isinstance(value, (FunctionType, type)):
        return value.__module__ == NAME
    return True


def read(location, folder):
    """Executes what `location` names, from `folder`; None: the default file, if it is there. Raises Fault."""
    if location is None:
        path = os.path.join(folder, DEFAULT)
        return read_file(path) if os.path.exists(path) else Conf(None, {})
    if location.startswith(MODULE_PREFIX):
        return read_module(location[len(MODULE_PREFIX) :])
    if location.startswith(FILE_PREFIX):
        location = location[len(FILE_PREFIX) :]
    return read_file(os.path.abspath(os.path.join(folder, location)))


def read_module(name):
    forget(name)
    try:
        names = dict(vars(import_module(name)))
    except BaseException as error:
        raise failed(MODULE_PREFIX + name, error) from None
    return Conf(MODULE_PREFIX + name, names)


def forget(name):
    """It is executed again at each reading, as a file is."""
    sys.modules.pop(name, None)


def read_file(path):
    if not os.path.isfile(path):
        raise Fault("CONFIG_FAILED", "there is no configuration file %s" % path, "check --config")
    extension = os.path.splitext(path)[1]
    loader = (SourcelessFileLoader if extension == ".pyc" else SourceFileLoader)(NAME, path)
    module = module_from_spec(spec_from_file_location(NAME, path, loader=loader))
    sys.modules[NAME] = module
    try:
        exec(code_of(loader, path), module.__dict__)
    except BaseException as error:
        raise failed(path, error) from None
    conf = Conf(path, dict(vars(module)))
    if extension not in (".py", ".pyc"):
        conf.warnings.append("%s is read as Python, though its name doesn't end in .py" % path)
    return conf


def code_of(loader, path):
    if isinstance(loader, SourcelessFileLoader):
        return loader.get_code(NAME)
    return compile(loader.get_data(path), path, "exec", dont_inherit=True)


def failed(path, error):
    if isinstance(error, SystemExit):
        says = "%s called sys.exit(%r)" % (path, error.code)
    else:
        says = "%s failed: %s" % (path, describe(error))
    fault = Fault("CONFIG_FAILED", says)
    fault.traceback = traceback_of(error)
    return fault


def as_json(value):
    """What the front can be told of a value; it knows what to make of the dicts with a "$"."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if value - value == 0 else {"$": "object", "repr": repr(value)}
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, os.PathLike):
        return os.fsdecode(os.fspath(value))
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((as_json(item) for item in value), key=str)
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: as_json(item) for key, item in value.items()}
    if callable(value):
        return {"$": "class" if isinstance(value, type) else "function", "name": full_name(value)}
    return {"$": "object", "repr": shown(value)}


def full_name(value):
    owner = value if hasattr(value, "__qualname__") else type(value)
    return "%s.%s" % (getattr(owner, "__module__", NAME), owner.__qualname__)
