"""Gunicorn's dialect in Python: its configuration file, its hooks, and the objects that they are given."""


def Companion(paths, say):
    """What lives in the keeper. `paths` is sys.path but for the application's own folder; `say` speaks to the front."""
    from . import companion

    return companion.Companion(paths, say)
