"""What lives in a generation's processes beside the application where a dialect asks for it: config["extension"].

A module of dialects/ has a function Extension(options, config, paths), whose result is called
in the zygote or template:
- speak(say): from now on it tells the front of itself by this; None: it can't (a worker's own output is there)
- before_fork(number), forked(number, pid), worker_ended(number, pid, status)
in a worker:
- begin_worker(number): right after the fork, before the application is loaded
- wrap(application): once that is loaded; what is served instead
- attach(worker): it is about to serve
- interrupted(): a request is over its deadline; its thread goes on for a moment
- let_go_in_child(): in a process that the application has forked
- end_worker(): the last step before the process leaves as Python does
and `paths`: sys.path as load.load() wants it; perhaps arrange_path(folder, pythonpath, paths), as load.py has it, and find_application, as its load() is. What it raises as Fault says what is wrong.
"""


def load(config, paths):
    """The extension that the configuration names, None without one. Raises Fault."""
    wanted = config.get("extension")
    found = None
    if wanted is not None:
        from importlib import import_module

        found = import_module("_dram.dialects." + wanted["module"]).Extension(wanted["options"], config, paths)
    if config.get("tellsCalls"):
        from .witness import Witness

        found = Witness(found or Quiet(None, config, paths), watches_prints=not config.get("greenlets"))
    if config.get("tellsImports"):
        from .imports import Imports

        found = Imports(config, found or Quiet(None, config, paths))
    if config.get("lendsTerminal"):
        from .dev.debugger import Debugger

        found = Debugger(config["folder"], found or Quiet(None, config, paths))
    if config.get("knowsFrameworks"):
        # The last, so that it sees the application itself; the others wrap what comes of it.
        from .dev.frameworks import Frameworks

        found = Frameworks(config["folder"], found or Quiet(None, config, paths))
    return found


class Quiet:
    """An extension that does nothing, for those that do little."""

    def __init__(self, options, config, paths):
        self.paths = paths

    def speak(self, say):
        pass

    def before_fork(self, number):
        pass

    def forked(self, number, pid):
        pass

    def worker_ended(self, number, pid, status):
        pass

    def begin_worker(self, number):
        pass

    def wrap(self, application):
        return application

    def attach(self, worker):
        pass

    def interrupted(self):
        pass

    def let_go_in_child(self):
        pass

    def end_worker(self):
        pass
