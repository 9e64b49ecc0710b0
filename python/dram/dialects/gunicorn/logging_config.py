"""--log-config and its siblings: the loggers gunicorn.error and gunicorn.access, as Gunicorn sets them up."""
import json
import logging
import logging.config
import logging.handlers
import os
import socket
import sys
from importlib import import_module

from ...fault import Fault, describe, traceback_of
from ...records import FORMAT, TIME_FORMAT

OWN_CLASSES = ("gunicorn.glogging.Logger", "gunicorn.instrument.statsd.Statsd", "simple")
STREAMS = {"gunicorn.error": "stderr", "gunicorn.access": "stdout"}
# What dictConfig is given beneath the user's: a key of theirs replaces ours whole.
BENEATH = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {
            "level": "INFO",
            "handlers": ["error_console"],
            "propagate": True,
            "qualname": "gunicorn.error",
        },
        "gunicorn.access": {
            "level": "INFO",
            "handlers": ["console"],
            "propagate": True,
            "qualname": "gunicorn.access",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stdout"},
        "error_console": {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"},
    },
    "formatters": {"generic": {"format": FORMAT, "datefmt": TIME_FORMAT, "class": "logging.Formatter"}},
}


def apply(cfg, beneath=BENEATH):
    """Gives the user's configuration to Python's logging: that of the dictionary, else of JSON, else of the file."""
    what = "logconfig_dict"
    try:
        if cfg.own("logconfig_dict"):
            logging.config.dictConfig({**beneath, **cfg.logconfig_dict})
        elif cfg.own("logconfig_json"):
            what = cfg.logconfig_json
            with open(what, encoding="utf-8") as file:
                logging.config.dictConfig({**beneath, **json.load(file)})
        elif cfg.own("logconfig"):
            what = cfg.logconfig
            if not os.path.exists(what):
                raise FileNotFoundError("there is no such file")
            names = {"__file__": what, "here": os.path.dirname(what)}
            logging.config.fileConfig(what, defaults=names, disable_existing_loggers=False)
    except Exception as error:
        hint = "check --log-config or --log-config-json" if isinstance(error, FileNotFoundError) else ""
        fault = Fault("CONFIG_FAILED", "logging can't be configured by %s: %s" % (what, describe(error)), hint)
        fault.traceback = traceback_of(error)
        raise fault from None


def set_up(cfg, log):
    """In zygote and workers, over `log`, which is what hooks are given where no class of the user's is. Raises Fault."""
    maker = class_of(cfg)
    if maker is not None:
        return make(maker, cfg)
    apply(cfg)
    return log


def class_of(cfg):
    """The class that logger_class names, if it is one of the user's. Raises Fault."""
    named = cfg.own("logger_class")
    if not isinstance(named, str):
        return named
    if named in OWN_CLASSES:
        return None
    module, _, name = named.replace(":", ".").rpartition(".")
    try:
        return getattr(import_module(module), name)
    except Exception as error:
        hint = "install gunicorn beside the application: the class builds on it" if "gunicorn" in str(error) else ""
        fault = Fault("CONFIG_FAILED", "logger_class %s can't be had: %s" % (named, describe(error)), hint)
        fault.traceback = traceback_of(error)
        raise fault from None


def make(maker, cfg):
    try:
        return maker(cfg)
    except Exception as error:
        fault = Fault("CONFIG_FAILED", "logger_class %s can't be made: %s" % (maker.__name__, describe(error)))
        fault.traceback = traceback_of(error)
        raise fault from None


# The handlers of a server without such a configuration


def set_usual_handlers(cfg):
    """The files of errorlog and accesslog, and syslog, in the process that writes both logs."""
    error = replace_handlers("gunicorn.error", cfg.own("errorlog", "-"), logging.Formatter(FORMAT, TIME_FORMAT))
    error.setLevel(level_of(cfg))
    access = replace_handlers("gunicorn.access", cfg.own("accesslog"), logging.Formatter("%(message)s"))
    access.setLevel(logging.INFO)
    if cfg.own("syslog"):
        add_syslog(error, cfg, "error")
        if not cfg.own("disable_redirect_access_to_syslog"):
            add_syslog(access, cfg, "access")


def level_of(cfg):
    level = getattr(logging, str(cfg.own("loglevel", "info")).upper(), None)
    return level if level in (10, 20, 30, 40, 50) else logging.INFO


def replace_handlers(name, path, formatter):
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.handlers[:] = []
    if path is not None:
        stream = getattr(sys, STREAMS[name])
        handler = logging.StreamHandler(stream) if path == "-" else logging.FileHandler(path)
        handler.setFormatter(formatter)
        handler._gunicorn = True
        logger.addHandler(handler)
    return logger


def add_syslog(logger, cfg, which):
    program = cfg.own("syslog_prefix") or cfg.proc_name.replace(":", ".")
    kind, address = syslog_address(cfg.syslog_addr)
    facility = logging.handlers.SysLogHandler.facility_names.get(cfg.syslog_facility.lower(), 1)
    try:
        handler = logging.handlers.SysLogHandler(address=address, facility=facility, socktype=kind)
    except OSError as error:
        raise Fault("CONFIG_FAILED", "syslog at %s can't be reached: %s" % (cfg.syslog_addr, error)) from None
    handler.setFormatter(logging.Formatter("gunicorn.%s.%s: [%%(process)d] %%(message)s" % (program, which)))
    handler._gunicorn = True
    logger.addHandler(handler)


def syslog_address(text):
    """(kind of socket, address), as SysLogHandler takes them."""
    scheme, _, rest = text.partition("://")
    if scheme == "unix":
        path, _, kind = rest.partition("#")
        return (socket.SOCK_DGRAM if kind == "dgram" else None), path
    host, bracket, port = rest.rpartition("]")
    if bracket:
        host = host.lstrip("[")
    else:
        host, _, port = rest.partition(":")
    port = port.lstrip(":")
    return (socket.SOCK_STREAM if scheme == "tcp" else socket.SOCK_DGRAM), (host or "localhost", int(port or 514))


def reopen_files():
    """After a rotation: every handler that has a file, of whichever logger."""
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, logging.FileHandler):
            handler.acquire()
            try:
                if handler.stream:
                    handler.close()
                    handler.stream = handler._open()
            finally:
                handler.release()
