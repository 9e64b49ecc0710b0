"""The hooks: what each is called with, and whether what the file gives for one can be."""
from importlib import import_module
from inspect import signature

from ...fault import Fault, describe, traceback_of

HOOKS = {
    "on_starting": ("server",),
    "on_reload": ("server",),
    "when_ready": ("server",),
    "pre_fork": ("server", "worker"),
    "post_fork": ("server", "worker"),
    "post_worker_init": ("worker",),
    "worker_int": ("worker",),
    "worker_abort": ("worker",),
    "pre_exec": ("server",),
    "pre_request": ("worker", "req"),
    "post_request": ("worker", "req", "environ", "resp"),
    "child_exit": ("server", "worker"),
    "worker_exit": ("server", "worker"),
    "nworkers_changed": ("server", "new_value", "old_value"),
    "on_exit": ("server",),
    "ssl_context": ("config", "default_ssl_context_factory"),
    # Those of dirty arbiters, which there are none of.
    "on_dirty_starting": ("arbiter",),
    "dirty_post_fork": ("arbiter", "worker"),
    "dirty_worker_init": ("worker",),
    "dirty_worker_exit": ("arbiter", "worker"),
}
# Older files have one with fewer parameters.
LEAST = {"post_request": 2}


def hook_of(name, value):
    """The function for a hook, from what stands in the file: a callable or its dotted name. Raises Fault."""
    function = import_hook(name, value) if isinstance(value, str) else value
    if not callable(function):
        raise Fault("HOOK_INVALID", "the hook %s is %s, which can't be called" % (name, type(function).__name__))
    arguments_of(name, function)
    return function


def import_hook(name, path):
    module, _, attribute = path.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:
        fault = Fault("HOOK_INVALID", "the hook %s can't be imported from %r: %s" % (name, path, describe(error)))
        fault.traceback = traceback_of(error)
        raise fault from None


def arguments_of(name, function):
    """With how many arguments it is to be called. Raises Fault if with none that the hook has."""
    most = len(HOOKS[name])
    try:
        parameters = signature(function)
    except (TypeError, ValueError):      # C's own, as a rule
        return most
    for count in range(most, LEAST.get(name, most) - 1, -1):
        try:
            parameters.bind(*range(count))
            return count
        except TypeError:
            pass
    says = "the hook %s is called with (%s), which %s%s does not take"
    who = getattr(function, "__qualname__", type(function).__name__)
    raise Fault("HOOK_INVALID", says % (name, ", ".join(HOOKS[name]), who, parameters))
