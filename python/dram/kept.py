"""Keeps all our modules compiled in one file, from which bootstrap.py imports them at the next start.

It lies among what was built and not beside the sources, so PYTHONDONTWRITEBYTECODE is not asked. Only who owns the
sources writes it; where it can't be written, each start compiles or reads them one by one, as Python does.
"""
import _imp
import marshal
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def keep(path, state, hash_key):
    """`state` is that of the sources, from before they were read."""
    made = "%s.%d" % (path, os.getpid())
    try:
        if os.stat(HERE).st_uid != os.geteuid():
            return
        content = marshal.dumps((state, compiled()))
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as file:
            file.write(_imp.source_hash(hash_key, content) + content)
        os.replace(made, path)
    except Exception:      # no such folder, no right to write, no room
        try:
            os.unlink(made)
        except OSError:
            pass


def compiled():
    """Name of a module → its code, marshalled."""
    codes = {}
    for name in os.listdir(HERE):
        if name.endswith(".py") and name not in ("bootstrap.py", "keeper.py"):
            path = os.path.join(HERE, name)
            with open(path, "rb") as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
            codes[module_name(name[:-3])] = marshal.dumps(code)
    return codes


def module_name(stem):
    return {"__init__": "_dram", "public": "dram"}.get(stem, "_dram." + stem)
