"""As `flask run --debug`: FLASK_APP names the application, .flaskenv and .env have variables, debug mode is on.

What applies to every application here does nothing to one that doesn't import Flask.
"""
import os
import sys
from importlib.util import find_spec

from .. import load

FALSE = ("0", "false", "no")        # flask.helpers.get_debug_flag, get_load_dotenv


def load_application(app, pythonpath, paths, arrange):
    """As load.load()."""
    sys.path[:] = arrange(os.getcwd(), [os.path.abspath(entry) for entry in pythonpath], paths)
    is_named = app is None and (os.environ.get("FLASK_APP") or os.path.isfile(".flaskenv"))
    if "flask" in sys.modules or (is_named and find_spec("flask")):
        prepare()
    else:
        sys.meta_path.insert(0, FirstImport())
    if is_named and os.environ.get("FLASK_APP"):
        return load_named(os.environ["FLASK_APP"])
    application, name = load.load(app, pythonpath, paths, arrange)
    set_debug(application)
    return application, name


def prepare():
    read_variables()
    os.environ.setdefault("FLASK_DEBUG", "1")
    os.environ["FLASK_RUN_FROM_CLI"] = "true"      # app.run() does nothing then


def read_variables():
    """flask.cli.load_dotenv: a variable that is there already counts most, then .env, then .flaskenv, in this folder or above."""
    if os.environ.get("FLASK_SKIP_DOTENV", "").lower() not in ("", *FALSE):
        return
    try:
        from dotenv import dotenv_values, find_dotenv
    except ImportError:
        return
    found = {}
    for name in (".flaskenv", ".env"):
        path = find_dotenv(name, usecwd=True)
        if path:
            found.update(dotenv_values(path, encoding="utf-8"))
    for name, value in found.items():
        if value is not None:
            os.environ.setdefault(name, value)


def load_named(name):
    """What FLASK_APP means to Flask. Raises Fault."""
    try:
        from flask.cli import ScriptInfo

        return ScriptInfo(app_import_path=name).load_app(), name
    except BaseException as error:
        raise load.import_failed(name, error) from None


def set_debug(application):
    """Also where the application's own configuration says otherwise: `flask run` has the last word, too."""
    flask = sys.modules.get("flask")
    if isinstance(application, getattr(flask, "Flask", ())):
        application.debug = os.environ.get("FLASK_DEBUG", "").lower() not in ("", *FALSE)


class FirstImport:
    """A finder that finds what the others do: it sees that the application begins to import Flask, which reads the variables."""

    def find_spec(self, name, path=None, target=None):
        if name != "flask":
            return None
        sys.meta_path.remove(self)
        prepare()
        return find_spec(name)      # not None: who goes through the list would pass over the one after us
