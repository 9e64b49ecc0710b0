"""`use = egg:dram#main` in the [server:main] of a PasteDeploy file, for pserve and its like."""
import sys

from .program import become

OUR_OWN = ("here", "__file__")


def run(app, global_conf, **settings):
    """Becomes dram, which loads the application from the same file in its workers; `settings` are dram's."""
    path = global_conf.get("__file__")
    if not path:
        raise RuntimeError("PASTE_FILE: egg:dram#main loads the application from its file again, and there is none")
    name = app_name(sys.argv)
    options = ["--paste=" + (path if name is None else "%s#%s" % (path, name))]
    for key, value in global_conf.items():
        if key not in OUR_OWN:
            options.append("--paste-global=%s=%s" % (key, value))
    become(["serve", *options], {variable_of(key): value_of(value) for key, value in settings.items()})


def variable_of(key):
    return "DRAM_" + key.upper().replace("-", "_")


def value_of(value):
    """Lists may be written a line each."""
    return ",".join(line.strip() for line in str(value).splitlines() if line.strip())


def app_name(argv):
    """What pserve's --app-name says; it doesn't tell."""
    for at, argument in enumerate(argv):
        if argument in ("-n", "--app-name") and at + 1 < len(argv):
            return argv[at + 1]
        if argument.startswith("--app-name="):
            return argument.partition("=")[2]
    for argument in argv[1:]:
        path, mark, name = argument.partition("#")
        if mark and path.endswith(".ini"):
            return name
    return None
