"""--log-config of dram itself: loggers dram.error and dram.access, as the user's file sets them up."""
import logging
import os
import sys

from ..extension import Quiet
from ..records import RecordHandler
from .gunicorn import logging_config
from .gunicorn.scribe import Plain, Scribe

BENEATH = {"version": 1, "disable_existing_loggers": False}
ERROR, ACCESS = "dram.error", "dram.access"


FORMATS = {
    "common": '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s',
    "combined": '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
}


class Settings:
    """What logging_config asks of its cfg."""

    def __init__(self, options):
        path = os.path.join(options["chdir"], options["path"])
        self.logconfig_dict = None
        self.logconfig_json = path if path.endswith(".json") else None
        self.logconfig = None if path.endswith(".json") else path
        form = options["accessLogFormat"]
        # Those for people and machines are the front's own; here a formatter makes them.
        self.access_log_format = FORMATS.get("combined" if form in ("json", "brief") else form, form)

    def own(self, name, default=None):
        return getattr(self, name, None) or default


def reset(error_handler, access_handler):
    """What stands where the file says nothing of the two."""
    for name, handler in ((ERROR, error_handler), (ACCESS, access_handler)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)


class OwnScribe(Scribe):
    def make_logger(self, cfg):
        console = logging.StreamHandler(sys.stderr)
        console.setFormatter(logging.Formatter(logging_config.FORMAT, logging_config.TIME_FORMAT))
        reset(console, logging.StreamHandler(sys.stdout))
        logging_config.apply(cfg, BENEATH)
        return Plain(cfg, ERROR, ACCESS)


class Companion:
    def __init__(self, paths, say):
        self.paths = paths
        self.scribe = None

    def ask(self, name, facts):
        if name == "logs":
            self.scribe = self.scribe or OwnScribe()
            options = facts["options"]
            wanted = [options["chdir"], *options["pythonpath"], *self.paths]
            sys.path[:0] = [path for path in wanted if path not in sys.path]
            self.scribe.set_up(Settings(options), options["chdir"])
        elif name == "reopen":
            self.scribe.logger.reopen_files()

    def close(self):
        if self.scribe is not None:
            self.scribe.close()


class Extension(Quiet):
    """In zygote and workers, before the application is loaded."""

    def __init__(self, options, config, paths):
        super().__init__(options, config, paths)
        before = os.getcwd(), list(sys.path)
        sys.path[:0] = [options["chdir"], *options["pythonpath"], *paths]
        os.chdir(options["chdir"])
        try:
            handler = RecordHandler()
            reset(handler, handler)
            logging_config.apply(Settings(options), BENEATH)
        finally:
            os.chdir(before[0])
            sys.path[:] = before[1]
