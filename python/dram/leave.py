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
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    output.flush()
    os._exit(code)
