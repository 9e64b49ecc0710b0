"""What lives in the keeper: the file as it was read last, and what it wants done once per server."""
import os
import sys

from ...fault import Fault, describe, traceback_of
from . import conf
from .config import Config
from .hooks import HOOKS, hook_of
from .log import Log
from .server import Server


class Companion:
    def __init__(self, paths, say):
        self.paths = paths
        self.say = say
        self.no_file = conf.Conf(None, {}), [os.getcwd(), *paths]
        self.readings = {}        # number → (Conf, sys.path as it has left that); only those that may yet count
        self.last = 0
        self.server = None
        self.log = None
        self.counted = None       # workers that nworkers_changed was told of
        self.scribe = None        # where this process writes the logs

    def ask(self, name, facts):
        return getattr(self, "ask_" + name)(**facts)

    # Writing the logs

    def ask_logs(self, options):
        """From now on this process writes the logs, by the loggers that are configured (scribe.py)."""
        from .scribe import Scribe

        self.scribe = self.scribe or Scribe()
        cfg, folder = self.configured(options), options["chdir"]
        wanted = [folder, *(os.path.abspath(path) for path in (cfg.own("pythonpath") or "").split(",") if path)]
        sys.path[:0] = [path for path in wanted if path not in sys.path]
        self.scribe.set_up(cfg, folder)

    def ask_reopen(self):
        if self.scribe is not None:
            self.scribe.logger.reopen_files()

    def close(self):
        if self.scribe is not None:
            self.scribe.close()

    # Reading the file

    def ask_read(self, location, folder, names):
        """house/configuration.ts says what is answered. `names`: of all settings."""
        found, path = self.read(location, folder)
        values = found.values(names)
        hooks = [name for name, value in values.items() if name in HOOKS and value is not None]
        for name in hooks:
            hook_of(name, values[name])
        self.last += 1
        self.readings[self.last] = found, path
        return {
            "path": found.path,
            "values": {name: conf.as_json(value) for name, value in values.items()},
            "hooks": hooks,
            "unknown": found.unknown(names),
            "warnings": found.warnings,
            "reading": self.last,
        }

    def read(self, location, folder):
        """In the folder, and with the path, that it is read with at the start."""
        before = os.getcwd(), list(sys.path)
        os.chdir(folder)
        sys.path[:] = [folder, *self.paths]
        try:
            return conf.read(location, folder), list(sys.path)
        finally:
            if self.server is not None:
                os.chdir(before[0])
                sys.path[:] = before[1]

    def ask_tls(self, reading, values):
        """What the hook ssl_context of that reading makes of TLS (tls.py)."""
        from .tls import run_hook

        config = Config(values, self.readings[reading][0])
        return run_hook(config.ssl_context, config)

    # What comes to pass with the server

    def ask_moment(self, moment, options, server):
        """house/companion.ts says which there are, and when."""
        # A keeper that was started at a reload which failed has no server yet.
        if self.server is not None or moment in ("starting", "reloaded"):
            getattr(self, "at_" + moment)(options, server)

    def at_starting(self, options, facts):
        self.begin(options, facts)
        self.run("on_starting", self.server)

    def begin(self, options, facts):
        cfg = self.configured(options)
        # Where this keeper takes the place of one that has died, it may write the logs already.
        self.log = Log(cfg, is_set_up=self.scribe is not None)
        self.log.speak(lambda level, text: self.say(log=level, text=text))
        self.server = Server(cfg, self.log, facts["pid"], cfg.own("wsgi_app"))
        self.enter(cfg, options)
        self.look(facts)

    def at_ready(self, options, facts):
        self.look(facts)
        self.run("when_ready", self.server)

    def at_reloading(self, options, facts):
        """The new file's hook; if the reload fails, the old one's count again."""
        before = self.server.cfg
        self.server.setup(self.configured(options))
        try:
            self.look(facts)
            self.run("on_reload", self.server)
        finally:
            self.server.setup(before)

    def at_reloaded(self, options, facts):
        if self.server is None:      # there was no file when it started
            self.counted = facts["wanted"]
            return self.begin(options, facts)
        cfg = self.configured(options)
        self.server.setup(cfg)
        self.log.setup(cfg)
        self.enter(cfg, options)
        self.readings = {number: one for number, one in self.readings.items() if number >= options["reading"]}
        self.look(facts)

    def at_scaled(self, options, facts):
        self.look(facts)

    def at_upgrading(self, options, facts):
        self.look(facts)
        self.run("pre_exec", self.server)

    def at_ending(self, options, facts):
        self.server.num_workers = facts["wanted"]
        self.server.WORKERS = {}
        self.run("on_exit", self.server)

    def configured(self, options):
        return Config(options["values"], self.reading(options)[0])

    def reading(self, options):
        """(Conf, sys.path as it has left that); number 0 is for a server without a file."""
        return self.readings[options["reading"]] if options["reading"] else self.no_file

    def enter(self, cfg, options):
        """The folder, path and variables of a server by this file."""
        os.environ.update(cfg.env)
        sys.path[:] = self.reading(options)[1]
        chdir = options.get("chdir")
        if chdir:
            os.chdir(chdir)
            if chdir not in sys.path:
                sys.path.insert(0, chdir)

    def look(self, facts):
        """Takes in what is told of the server."""
        known = self.server.WORKERS
        self.server.WORKERS = {
            pid: known.get(pid) or self.worker(number, pid)
            for number, pid in ((worker["number"], worker["pid"]) for worker in facts["workers"])
        }
        self.server.num_workers = facts["wanted"]
        before, self.counted = self.counted, facts["wanted"]
        if before != self.counted:
            try:
                self.server.cfg.nworkers_changed(self.server, self.counted, before)
            except BaseException:
                self.log.failed("nworkers_changed")

    def worker(self, number, pid):
        worker = self.server.worker(number)
        worker.pid = pid
        worker.booted = True
        return worker

    def run(self, name, *arguments):
        try:
            getattr(self.server.cfg, name)(*arguments)
        except BaseException as error:
            fault = Fault("HOOK_FAILED", "the hook %s failed: %s" % (name, describe(error)))
            fault.traceback = traceback_of(error)
            raise fault from None
