"""What an application may import from its server: `import dram`."""

after_fork = []


def postfork(function):
    """Decorator: run `function()` in every worker process, once it is forked and the application is loaded.

    The place for connections and threads, which don't survive a fork.
    """
    after_fork.append(function)
    return function


__all__ = ["postfork"]
