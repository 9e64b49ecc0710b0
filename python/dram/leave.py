"""The end of a process of the application's."""
import atexit
import os
import sys
import threading

from . import output


def leave(error=None):
    """Ends the process as Python itself would: non-daemon threads, atexit handlers, flushed streams."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    attempt(threading._shutdown)
    leave_at_once(code)


def leave_at_once(code):
    """The same without waiting for other threads: from a signal's handler, whatever that stands above."""
    attempt(atexit._run_exitfuncs)
    output.flush()
    os._exit(code)


def attempt(function):
    try:
        function()
    except BaseException:
        sys.excepthook(*sys.exc_info())
