"""`log`: what hooks say goes to the server's log, whichever process they run in."""
import logging
import sys

from ...fault import describe, traceback_of
from ...records import RecordHandler
from .logging_config import reopen_files

LEVELS = {
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}


class Outlet(RecordHandler):
    """`say(level, text)` is the way to the front; None: our own standard error, which the front reads.

    Written past Python's streams and our own locks: the main thread may be in either, with the hook of a signal above it.
    """

    say = None
    _gunicorn = True      # what a subclass of Gunicorn's own class takes away before it sets up its handlers

    def write(self, level, text):
        if self.say is None:
            super().write(level, text)
        else:
            self.say(level, text)


class Log:
    """As Gunicorn's Logger: methods for each level, and `error_log` and `access_log` of the module logging."""

    loglevel = logging.INFO

    def __init__(self, cfg, is_set_up=False):
        """`is_set_up`: the loggers are as the user wants them, and stay so."""
        self.cfg = cfg
        self.outlet = Outlet()
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")
        if not is_set_up:
            for logger in (self.error_log, self.access_log):
                self.take(logger)
            self.setup(cfg)

    def take(self, logger):
        logger.propagate = False
        logger.handlers[:] = [self.outlet]
        logger.setLevel(logging.INFO)

    def setup(self, cfg):
        self.cfg = cfg
        self.loglevel = LEVELS.get(str(cfg.own("loglevel", "info")).lower(), logging.INFO)
        self.error_log.setLevel(self.loglevel)

    def speak(self, say):
        self.outlet.say = say

    def critical(self, message, *args, **facts):
        self.error_log.critical(message, *args, **facts)

    def error(self, message, *args, **facts):
        self.error_log.error(message, *args, **facts)

    def warning(self, message, *args, **facts):
        self.error_log.warning(message, *args, **facts)

    def info(self, message, *args, **facts):
        self.error_log.info(message, *args, **facts)

    def debug(self, message, *args, **facts):
        self.error_log.debug(message, *args, **facts)

    def exception(self, message, *args, **facts):
        self.error_log.exception(message, *args, **facts)

    def log(self, level, message, *args, **facts):
        if isinstance(level, str):
            level = LEVELS.get(level.lower(), logging.INFO)
        self.error_log.log(level, message, *args, **facts)

    def failed(self, hook):
        """The hook has raised what is handled just now."""
        error = sys.exc_info()[1]
        self.error_log.error("the hook %s failed: %s\n%s", hook, describe(error), traceback_of(error).rstrip("\n"))

    # The server's own care

    def access(self, resp, req, environ, request_time):
        pass

    def reopen_files(self):
        reopen_files()

    def close_on_exec(self):
        pass
