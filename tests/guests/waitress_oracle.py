"""What the installed Waitress says: its list of adjustments, or what becomes of the command lines on standard input."""
import contextlib
import io
import json
import sys
import warnings

from waitress import adjustments, runner

KINDS = {
    str: "text",
    int: "int",
    adjustments.asbool: "bool",
    adjustments.aslist: "words",
    adjustments.asset: "words",
    adjustments.asoctal: "octal",
    adjustments.as_socket_list: "sockets",
    adjustments.slash_fixed_str: "text",
    adjustments.str_iftruthy: "text",
}


def standard(name, kind):
    value = getattr(adjustments.Adjustments, name)
    if kind == "octal":
        return oct(value)[2:]
    if kind in ("words", "sockets"):
        return sorted(value)
    if value is None or isinstance(value, bool):
        return value
    return int(value) if kind == "int" else str(value)


def listed():
    return {
        name: {"kind": KINDS[cast], "default": standard(name, KINDS[cast])}
        for name, cast in adjustments.Adjustments._params
    }


def outcome(argv):
    """What a command line gives: the adjustments as words, and where it listens. None: it is refused."""
    given = {}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = runner.run(["waitress-serve", *argv], _serve=lambda app, **words: given.update(words, app=app.__name__))
        if code or not given:
            return "help" if code == 0 else None
        app = given.pop("app")
        try:
            made = adjustments.Adjustments(**given)
        except (ValueError, TypeError):
            return None
    return {"given": given, "app": app, "listen": [[place[3][0], place[3][1]] for place in made.listen]}


warnings.simplefilter("ignore")
print(json.dumps(listed() if sys.argv[1] == "list" else [outcome(argv) for argv in json.load(sys.stdin)]))
