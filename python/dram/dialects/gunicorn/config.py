"""`cfg`: every setting by its name, with the types of value that Gunicorn's has."""
import os

from ...fault import Fault
from .hooks import HOOKS, hook_of

SSL = ("keyfile", "certfile", "ssl_version", "cert_reqs", "ca_certs", "suppress_ragged_eofs", "do_handshake_on_connect")
SSL += ("ciphers",)
UNIX_PREFIXES = ("unix://", "unix:")


class Setting:
    """One of `cfg.settings`."""

    def __init__(self, name, value, order):
        self.name = name
        self.value = value
        self.default = value
        self.order = order
        self.section = "SSL" if name in SSL else None

    def get(self):
        return self.value

    def set(self, value):
        self.value = value

    def __lt__(self, other):
        return self.order < other.order

    def __repr__(self):
        return "<%s=%r>" % (self.name, self.value)


class Config:
    """`values`: of all settings, as JSON; `conf`: where the objects are that JSON hasn't. Raises Fault."""

    def __init__(self, values, conf):
        names = [*values, *(name for name in HOOKS if name not in values)]
        found = {name: self.value_of(name, values.get(name), conf) for name in names}
        self.settings = {name: Setting(name, value, order) for order, (name, value) in enumerate(found.items())}
        self.env_orig = dict(os.environ)

    @staticmethod
    def value_of(name, value, conf):
        if holds_object(value):
            value = conf.names.get(name)
        if name in HOOKS:
            return nothing if value is None else hook_of(name, value)
        if name in IDS:
            return id_of(name, value)
        return value

    def has(self, name):
        """Whether a hook is set."""
        return self.settings[name].value is not nothing

    def __getattr__(self, name):
        if name == "settings" or name not in self.settings:
            raise AttributeError("No configuration setting for: %s" % name)
        return self.settings[name].get()

    def __setattr__(self, name, value):
        if name != "settings" and name in self.settings:
            raise AttributeError("Invalid access!")
        super().__setattr__(name, value)

    def set(self, name, value):
        """Counts for whoever reads `cfg` in this process; the server has read its settings already."""
        if name not in self.settings:
            raise AttributeError("No configuration setting for: %s" % name)
        self.settings[name].set(value)

    def __str__(self):
        width = max(map(len, self.settings))
        return "\n".join(
            "%-*s = %s" % (width, name, self.settings[name].value) for name in sorted(self.settings)
        )

    # What Gunicorn's makes of its settings

    def own(self, name, default=None):
        setting = self.settings.get(name)
        return default if setting is None or setting.value is None else setting.value

    @property
    def worker_class_str(self):
        named = self.own("worker_class", "sync")
        if not isinstance(named, str):
            return named.__name__
        return "gthread" if named in ("sync", "gunicorn.workers.sync.SyncWorker") and self.threads > 1 else named

    @property
    def worker_class(self):
        from .server import Worker

        named = self.own("worker_class")
        return named if isinstance(named, type) else Worker

    @property
    def logger_class(self):
        from .log import Log

        named = self.own("logger_class")
        return named if isinstance(named, type) else Log

    @property
    def address(self):
        return [address_of(bind) for bind in listed(self.own("bind", []))]

    @property
    def uid(self):
        return self.own("user", os.geteuid())

    @property
    def gid(self):
        return self.own("group", os.getegid())

    @property
    def proc_name(self):
        return self.own("proc_name") or self.own("default_proc_name", "gunicorn")

    @property
    def is_ssl(self):
        return self.own("certfile") or self.own("keyfile")

    @property
    def ssl_options(self):
        return {name: self.settings[name].value for name in SSL if name in self.settings}

    @property
    def env(self):
        return pairs(self.own("raw_env", []))

    @property
    def sendfile(self):
        if self.own("sendfile") is not None:
            return False
        return os.environ.get("SENDFILE", "yes").lower() in ("y", "1", "yes", "true")

    @property
    def paste_global_conf(self):
        return pairs(self.own("raw_paste_global_conf", []))


def holds_object(value):
    """Is there something in it that JSON hasn't?"""
    if isinstance(value, dict):
        return "$" in value or any(map(holds_object, value.values()))
    return isinstance(value, list) and any(map(holds_object, value))


def nothing(*_):
    """A hook that isn't set."""


def id_of(name, value):
    """`user` and `group` are numbers."""
    if value is None:
        return os.geteuid() if name == "user" else os.getegid()
    if isinstance(value, int) or value.isdigit():
        return int(value)
    import grp
    import pwd

    try:
        return pwd.getpwnam(value).pw_uid if name == "user" else grp.getgrnam(value).gr_gid
    except KeyError:
        raise Fault("CONFIG_FAILED", "there is no %s %s" % (name, value)) from None


IDS = ("user", "group")


def listed(value):
    return [item.strip() for item in value.split(",")] if isinstance(value, str) else value


def pairs(items):
    return dict(item.split("=", 1) for item in items if "=" in item)


def address_of(bind):
    """A path, a descriptor, or (host, port)."""
    for prefix in UNIX_PREFIXES:
        if bind.startswith(prefix):
            return bind[len(prefix) :]
    if bind.startswith("fd://"):
        return int(bind[len("fd://") :])
    if bind.startswith("tcp://"):
        bind = bind[len("tcp://") :]
    host, bracket, rest = bind.rpartition("]")
    if bracket:
        return host.lstrip("[").lower(), port_of(rest.lstrip(":"))
    host, colon, port = bind.partition(":")
    return host.lower() if host or colon else "0.0.0.0", port_of(port)


def port_of(text):
    return int(text) if text.isdigit() else 8000
