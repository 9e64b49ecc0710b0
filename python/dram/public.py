"""What an application may import from its server: `import dram`."""

after_fork = []


class RequestTimeout(BaseException):
    """Raised in the midst of a request that is over its deadline (--timeout, --stream-timeout).

    Its client has been answered with 504, and its worker ends soon: what this leaves by is for releasing what the
    request holds. Like KeyboardInterrupt it is no Exception, so that `except Exception` doesn't keep it.
    """

    def __str__(self):
        return super().__str__() or "the request is over its deadline"


def postfork(function):
    """Decorator: run `function()` in every worker process, once it is forked and the application is loaded.

    The place for connections and threads, which don't survive a fork.
    """
    after_fork.append(function)
    return function


def serve(app, **adjustments):
    """Nothing, here: the program that calls it is being imported by a worker of the server that it has started."""


__all__ = ["RequestTimeout", "postfork", "serve"]
