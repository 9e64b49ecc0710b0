"""An application that a file of PasteDeploy names, loaded by the PasteDeploy of its own Python."""
import configparser
import logging.config
import os
import sys

from ..fault import Fault, has_foreign_frames
from ..load import arrange_path, check, import_failed


def load(paste, pythonpath, paths):
    """The application and its name, as load.load() returns them. Raises Fault."""
    path, _, section = paste["file"].partition("#")
    sys.path[:] = arrange_path(os.getcwd(), [os.path.abspath(entry) for entry in pythonpath], paths)
    if not os.path.isfile(path):
        raise Fault("APP_NOT_FOUND", "there is no file %s" % path)
    deploy = import_deploy()
    name = os.path.basename(path) + ("#" + section if section else "")
    try:
        set_up_logging(path, paste["globals"])
        application = deploy.loadapp("config:" + path, name=section or None, global_conf=dict(paste["globals"]))
    except BaseException as error:
        raise import_failed(name, error) from None
    check(application, name)
    return application, name


def import_deploy():
    try:
        from paste import deploy
    except ImportError as error:
        if has_foreign_frames(error) and getattr(error, "name", None) not in ("paste", "paste.deploy"):
            raise import_failed("PasteDeploy", error) from None
        raise Fault("PASTE_MISSING", "%s has no PasteDeploy" % sys.executable, HINT % sys.executable) from None
    return deploy


HINT = "%s -m pip install PasteDeploy"


def set_up_logging(path, global_values):
    """As pserve does: by [loggers] and what belongs to it, if the file has that."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read([path], encoding="utf-8")
    if parser.has_section("loggers"):
        defaults = {"here": os.path.dirname(path), "__file__": path, **global_values}
        logging.config.fileConfig(path, defaults, disable_existing_loggers=False)
