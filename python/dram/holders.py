"""Who holds an object: the module-level name from which it is reached by the fewest steps."""
import collections
import gc
import sys
from types import CodeType, MethodDescriptorType, ModuleType

# A search that comes so far names nobody for what it has not reached.
MOST_OBJECTS = 500_000
ATOMS = frozenset((str, bytes, int, float, bool, complex, type(None), CodeType))


def is_kind(found, kinds):
    """isinstance, without asking the object itself: a lazy proxy would wake up, or pretend."""
    return not kinds.isdisjoint(type(found).__mro__)


class Holders:
    """One search through all that modules hold, first through what wasn't loaded yet when `old_modules` were."""

    def __init__(self, old_modules):
        self.labels = {}             # id of an object → "module:name"
        self.by_descriptor = {}      # descriptor → the same
        self.databases = set()       # labels of the SQLite connections
        self.search(sorted(modules(), key=lambda module: module.__name__ in old_modules))

    def search(self, found_modules):
        seen = {id(module.__dict__) for module in found_modules}      # what they hold is theirs alone
        queue = collections.deque()
        for module in found_modules:
            for name, value in list(module.__dict__.items()):
                self.meet(value, "%s:%s" % (module.__name__, name), seen, queue)
        while queue and len(seen) < MOST_OBJECTS:
            value, label = queue.popleft()
            self.note(value, label)
            for part in gc.get_referents(value):
                self.meet(part, label, seen, queue)

    def meet(self, value, label, seen, queue):
        if type(value) not in ATOMS and type(value) is not ModuleType and id(value) not in seen:
            seen.add(id(value))
            queue.append((value, label))

    def note(self, value, label):
        self.labels[id(value)] = label
        for kind in type(value).__mro__:
            if kind.__name__ == "Connection" and kind.__module__ == "sqlite3":
                self.databases.add(label)
            fileno = kind.__dict__.get("fileno")
            # Only C's own: it runs no code of the application's. (Those of buffers ask what they wrap.)
            if type(fileno) is MethodDescriptorType and (kind.__module__ != "_io" or kind.__name__ == "FileIO"):
                try:
                    self.by_descriptor.setdefault(fileno(value), label)
                except Exception:      # it is closed
                    pass

    def of_object(self, found):
        """` (myapp:pool)`; empty if nothing was found."""
        return parenthesis(self.labels.get(id(found)))

    def of_descriptor(self, number, is_database):
        label = self.by_descriptor.get(number)
        if label is None and is_database and len(self.databases) == 1:
            (label,) = self.databases
        return parenthesis(label)


def parenthesis(label):
    return " (%s)" % label if label else ""


def modules():
    """All modules but ours."""
    found = [module for module in list(sys.modules.values()) if is_kind(module, {ModuleType})]
    return [module for module in found if not module.__name__.startswith("_dram")]
