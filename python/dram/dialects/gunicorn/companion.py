"""What lives in the keeper: the file as it was read last, and what it wants done once per server."""
import sys

from . import conf
from .hooks import HOOKS, hook_of


class Companion:
    def __init__(self, paths, say):
        self.paths = paths
        self.say = say
        self.readings = {}        # number → Conf; only those that may yet be asked for

    def ask(self, name, facts):
        return getattr(self, "ask_" + name)(**facts)

    def ask_read(self, location, folder, names):
        """house/configuration.ts says what is answered. `names`: of all settings."""
        sys.path[:] = [folder, *self.paths]
        found = conf.read(location, folder)
        values = found.values(names)
        hooks = [name for name, value in values.items() if name in HOOKS and value is not None]
        for name in hooks:
            hook_of(name, values[name])
        number = max(self.readings, default=0) + 1
        self.readings[number] = found
        return {
            "path": found.path,
            "values": {name: conf.as_json(value) for name, value in values.items()},
            "hooks": hooks,
            "unknown": found.unknown(names),
            "warnings": found.warnings,
            "reading": number,
        }
