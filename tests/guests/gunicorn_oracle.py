"""Asks the installed Gunicorn: what its settings are, and what its parser makes of command lines."""
import contextlib
import io
import json
import sys

from gunicorn.config import KNOWN_SETTINGS, Config

# Not text and the like in the class, but what is there only here.
HERE = {"chdir", "user", "group", "control_socket"}


def plain(value):
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def default_of(setting):
    value = setting.get()
    return None if callable(value) or setting.name in HERE else plain(value)


def listed(_):
    settings = [cls() for cls in KNOWN_SETTINGS]
    return [
        {
            "name": setting.name,
            "section": setting.section,
            "flags": list(setting.cli or []),
            "takes": takes(setting),
            "fixed": setting.const if setting.action in (None, "store_const") else None,
            "metavar": setting.meta or "",
            "default": default_of(setting),
        }
        for setting in settings
    ]


def takes(setting):
    if not setting.cli:
        return None
    if setting.action in ("store_true", "store_const"):
        return "none"
    return "append" if setting.action == "append" else "perhaps" if setting.nargs == "?" else "one"


def parsed(lines):
    parser = Config("", prog="gunicorn").parser()
    return [outcome(parser, line) for line in lines]


def outcome(parser, line):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            namespace = parser.parse_args(line)
    except SystemExit as end:
        return {"exit": end.code}
    values = {name: value for name, value in vars(namespace).items() if value is not None and name != "args"}
    return {"words": namespace.args, "values": values}


def checked(pairs):
    """What becomes of a value once it is set: [name, value] → {"value"} or {"error"}."""
    return [check(*pair) for pair in pairs]


def check(name, value):
    config = Config("", prog="gunicorn")
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            config.set(name, value)
    except Exception as error:
        return {"error": type(error).__name__}
    return {"value": plain(config.settings[name].get())}


WHAT = {"list": listed, "parse": parsed, "check": checked}
print(json.dumps(WHAT[sys.argv[1]](json.load(sys.stdin))))
