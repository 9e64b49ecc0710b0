"""dram from outside: for programs that start the server themselves.

In a worker `import dram` is another module (public.py of the runtime), in which serve() starts nothing.
"""
from .serving import serve


class RequestTimeout(BaseException):
    """Raised in a worker, in the midst of a request that is over its deadline."""


def postfork(function):
    """Decorator: run `function()` in every worker process. Nothing is run here, for this process is none."""
    return function


__all__ = ["RequestTimeout", "postfork", "serve"]
