"""Gunicorn's dialect in Python: its configuration file, its hooks, and the objects that they are given."""


def Companion(paths, say):
    """What lives in the keeper. `paths` is sys.path but for the application's own folder; `say` speaks to the front."""
    from .companion import Companion

    return Companion(paths, say)


def Extension(options, config, paths):
    """What lives in a generation's processes (extension.py)."""
    from .extension import Extension

    return Extension(options, config, paths)
