"""What `flask run` and `manage.py runserver` do beside serving, for who comes from them to `dram dev`.

It lives in the worker around the extension that is there, or Quiet: what it has nothing to do with is passed on.
"""
import os

from .. import load

# "A process that serves", for code that runs once of the two that a reloader has: Django's, Werkzeug's.
SERVES = {"RUN_MAIN": "true", "WERKZEUG_RUN_MAIN": "true"}


class Frameworks:
    def __init__(self, folder, inner):
        self.folder = folder
        self.inner = inner
        self.django = None

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def find_application(self, app, pythonpath, paths, arrange):
        """As load.load()."""
        os.environ.update(SERVES)
        if is_django(app):
            return load.load(app, pythonpath, paths, arrange)
        from . import flask_habits

        return flask_habits.load_application(app, pythonpath, paths, arrange)

    def wrap(self, application):
        from . import django_habits

        if django_habits.is_django(application):
            self.django = django_habits
            application = django_habits.with_static_files(application)
        return self.inner.wrap(application)

    def attach(self, worker):
        self.inner.attach(worker)
        if self.django is not None:
            self.django.tell_of_project(self.folder)


def is_django(app):
    """Before anything is loaded: is it a project that manage.py would run? Others have a file of that name, too."""
    try:
        path = app or load.find_default(os.getcwd())
        return os.path.basename(path) == "manage.py" and load.find_settings(path) is not None
    except load.Fault:
        return False
