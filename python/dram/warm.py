"""The warm zygote of `dram dev`: it forks the zygotes of generations, with installed packages imported already.

Which those are is learned from a real start, and each is tried first (trial.py). What was imported is taken out of
sys.modules again: a worker finds it there once its application imports it (stash.py).
"""
import os
import sys

from . import lifeline, load, output, place, process, title, trial
from .fault import describe
from .stash import Unit, file_of, hooks, is_disabled, is_standard, loggers, names_in, words_in
from .stash import current as stash
from .zygote import Zygote, fork

ACCEPT_SECONDS = 5


class Warm(Zygote):
    """Obeys lifeline, fork (the new zygote's connection has been made before), kill, and stop: then it ends with the last."""

    def __init__(self, supervisor, command, paths, handlers, live):
        super().__init__(supervisor, live, {"extension": None}, paths=paths)
        self.handlers = handlers
        self.command = command
        self.lifeline_path = command["lifeline"]
        self.listener = place.listen(command["socket"])
        self.listener.settimeout(ACCEPT_SECONDS)
        self.files = {}            # of what was imported → its stamp
        self.is_leaving = False
        title.set_title(command["title"], "warming")
        lifeline.create(self.lifeline_path)
        self.say("begun")

    # Importing

    def warm_up(self):
        """Imports what may be. The process's own folder, variables and sys.path are afterwards as they were."""
        folder, environ, path = os.getcwd(), dict(os.environ), list(sys.path)
        output.renew_streams()
        load.enter(self.command)
        # Without the application's own folder: who imports from it fails, and is never warm.
        sys.path[:] = [*map(os.path.abspath, self.command["pythonpath"]), *self.paths]
        stash.folder, stash.path = os.getcwd(), list(sys.path)
        refused = self.import_packages()
        stash.hooks = hooks()
        stash.environ = dict(os.environ)
        stash.words = words_in({path for unit in stash.units for path in unit.natives})
        self.remember_files()
        os.chdir(folder)
        sys.path[:] = path
        if environ != stash.environ:
            os.environ.clear()
            os.environ.update(environ)
        title.set_title(self.command["title"], "warm zygote")
        self.say("warm", packages=[unit.name for unit in stash.units], refused=refused)

    def import_packages(self):
        """Name of each package that must not be warm → why."""
        outside = set().union(*map(names_in, self.command["beside"]))
        refused = {}
        sys.meta_path.insert(0, stash)
        for name in self.command["packages"]:
            why = self.import_package(name, outside)
            if why is not None:
                refused[name] = why
        sys.meta_path.remove(stash)
        return refused

    def import_package(self, name, outside):
        """Imports one package if its trial allows it; else why it doesn't."""
        if name in sys.modules or name in stash.holders:
            return None      # Python's own start or another package has brought it along
        found = trial.run(name, fork, self.lifeline_path, self.lifeline, outside)
        if found["why"] is not None:
            return found["why"]
        old, old_loggers = set(sys.modules), loggers()
        try:
            __import__(name)
        except BaseException as error:      # other than in its trial; what is left of it belongs to nobody
            for one in set(sys.modules) - old:
                if not is_standard(one, sys.modules[one]):
                    del sys.modules[one]
            stash.hide()
            return describe(error)
        needs = stash.hide()
        new = {one: module for one, module in sys.modules.items() if one not in old and one not in stash.holders}
        reads = found["reads"] if found["reads"] is None else frozenset(found["reads"])
        own = {one: module for one, module in new.items() if not is_standard(one, module)}
        unit = Unit(name, own, {one.partition(".")[0] for one in new}, reads, found["natives"])
        unit.needs = needs
        made = (one for name, one in loggers().items() if old_loggers.get(name) is not one)
        unit.loggers = [one for one in made if not is_disabled(one)]
        stash.add(unit)
        stash.hide()
        process.freeze()      # the next trial's audit needn't look at it again
        return None

    # What it was imported from

    def remember_files(self):
        for unit in stash.units:
            for module in unit.modules.values():
                file = file_of(module)
                if file is not None:
                    self.files[file] = stamp(file)
        for folder in stash.path:      # where packages come and go
            self.files[folder] = stamp(folder)

    def changed_file(self):
        return next((file for file, then in self.files.items() if stamp(file) != then), None)

    # Obeying

    def obey(self, command):
        name = command.get("cmd")
        if name == "lifeline" and self.lifeline is None:
            self.lifeline = lifeline.arm(self.lifeline_path)
            self.warm_up()
        elif name == "fork":
            self.fork_zygote(command["worker"])
            self.say("checked", worker=command["worker"], changed=self.changed_file())
        elif name == "kill":
            self.kill(command["pid"], command["signal"])
        elif name == "stop":
            self.is_leaving = True
        return not (self.is_leaving and not self.workers)

    def fork_zygote(self, number):
        try:
            connection, _ = self.listener.accept()
            connection.settimeout(None)
            pid = fork()
        except OSError:
            self.say("exited", worker=number, code=1, signal=None)
            return
        if pid == 0:
            self.become_zygote(connection)
        connection.close()
        self.workers[pid] = (number, [])
        self.say("forked", worker=number, pid=pid)

    def become_zygote(self, connection):
        def live():
            self.listener.close()
            if self.lifeline is not None:
                os.close(self.lifeline)      # its own comes with its configuration
            Zygote(connection, self.live, paths=self.paths).run()

        self.become(live, 0)      # handlers that a package has left for the end are its workers' to run

    def report(self):
        super().report()
        if self.is_leaving and not self.workers:
            os._exit(0)

    def end_workers(self):
        """They have lifelines of their own."""


def live(zygote, command):
    """A warm zygote's life, in place of a zygote that was to be none; does not return."""
    zygote.wake.close()
    zygote.waker.close()
    warm = Warm(zygote.supervisor, command, zygote.paths, zygote.handlers, zygote.live)
    try:
        warm.run()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        output.flush()
        os._exit(0)


def stamp(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
