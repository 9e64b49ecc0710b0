"""dram.serve(app, …), in place of waitress.serve(app, …)."""
import os
import sys
import threading

from .locate import locate
from .program import become


def serve(app, **adjustments):
    """Becomes the server: dram takes the place of this program, with its pid, and doesn't return.

    `adjustments` are Waitress's. `app` is imported again in the workers, so it has to be importable: a global of a
    module or of the program's own file. There, serve() does nothing.
    """
    for shim in ("_quiet", "_server", "_profile"):
        adjustments.pop(shim, None)
    options = [option for name, value in adjustments.items() for option in option_of(name, value)]
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "SERVE_IN_THREAD: dram.serve() takes the place of the whole program, so it can't be called in a thread; "
            "start the server as a process of its own: dram waitress-serve MODULE:OBJECT"
        )
    become(["waitress-serve", *options, locate(app)], {"DRAM_PYTHONPATH": os.pathsep.join(own_paths())})


def own_paths():
    """What this program finds its modules by, beyond what every program of this Python does."""
    installed = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
    before = [os.path.abspath(entry) for entry in sys.path]
    return [entry for entry in before if not entry.startswith(installed) and entry != HERE]


HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


# Adjustments as options


def option_of(name, value):
    """The option that says it; none for what says nothing. Raises ValueError and TypeError, as Waitress does."""
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError("Unknown adjustment %r" % name)
    option = "--" + name.replace("_", "-")
    if kind is bool:
        return [option if as_bool(value) else "--no-" + option[2:]]
    if name == "ident" and not value:
        return [option + "="]
    if value is None or (kind is list and not value):
        return []
    return ["%s=%s" % (option, kind_text(name, kind, value))]


def kind_text(name, kind, value):
    if kind is int:
        return str(int(value))
    if name == "unix_socket_perms":
        int(value, 8)      # as there: text, of octal digits
    if name == "sockets":
        return " ".join(map(pass_on, value))
    if kind is list and not isinstance(value, str):
        return " ".join(map(str, value))
    return str(value)


def pass_on(socket):
    """The descriptor stays open when this program becomes the server."""
    socket.set_inheritable(True)
    return "fd://%d" % socket.fileno()


def as_bool(value):
    return value if isinstance(value, bool) else str(value).strip().lower() in ("t", "true", "y", "yes", "on", "1")


KINDS = {
    "host": str,
    "port": int,
    "ipv4": bool,
    "ipv6": bool,
    "listen": list,
    "threads": int,
    "trusted_proxy": str,
    "trusted_proxy_count": int,
    "trusted_proxy_headers": list,
    "log_untrusted_proxy_headers": bool,
    "clear_untrusted_proxy_headers": bool,
    "url_scheme": str,
    "url_prefix": str,
    "backlog": int,
    "recv_bytes": int,
    "send_bytes": int,
    "outbuf_overflow": int,
    "outbuf_high_watermark": int,
    "inbuf_overflow": int,
    "connection_limit": int,
    "cleanup_interval": int,
    "channel_timeout": int,
    "log_socket_errors": bool,
    "max_request_header_size": int,
    "max_request_body_size": int,
    "expose_tracebacks": bool,
    "ident": str,
    "asyncore_loop_timeout": int,
    "asyncore_use_poll": bool,
    "unix_socket": str,
    "unix_socket_perms": str,
    "sockets": list,
    "channel_request_lookahead": int,
    "server_name": str,
}
