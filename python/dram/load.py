"""Finds the application that APP names, or explains why it can't be had."""
import importlib
import os
import sys
from importlib.machinery import SourceFileLoader
from keyword import iskeyword
from types import FunctionType, ModuleType

from .fault import Fault, describe, has_foreign_frames, report_of, traceback_of
from .standard import standard

DEFAULT_FILES = ("wsgi.py", "app.py", "main.py")
DEFAULT_ATTRIBUTES = ("application", "app")
DEFAULT_FACTORIES = ("create_app", "make_app")
SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"
FORMS = "APP is module, module:attribute, module:factory() or path/to/file.py[:attribute]"
VARIABLE_ARGUMENTS = 0x04      # inspect.CO_VARARGS
COROUTINE = 0x80 | 0x200      # inspect.CO_COROUTINE and CO_ASYNC_GENERATOR; inspect itself is slow to import


def arrange_path(folder, pythonpath, paths):
    """sys.path as `python` would set it for a program in `folder`, `pythonpath` next."""
    return [folder, *pythonpath, *paths]


def enter(config):
    """The folder and the variables that the application is to have. Raises Fault."""
    os.environ.update(config["env"])
    if config["chdir"]:
        try:
            os.chdir(config["chdir"])
        except OSError as error:
            says = "cannot change to the folder %s: %s" % (config["chdir"], error.strerror)
            raise Fault("CHDIR_FAILED", says) from None


def load(app, pythonpath, paths, arrange=arrange_path):
    """Imports the application that `app` names (None: looks for one in the working folder).

    `paths` is sys.path but for the application's own folder. Returns the callable and its resolved
    name, "module:attribute". Raises Fault.
    """
    folder = os.getcwd()
    if app is None:
        app = find_default(folder)
    target, colon, expression = app.partition(":")
    if not target or (colon and not expression):
        raise Fault("APP_SPEC_INVALID", "%r names no application" % app, FORMS)
    is_file = target.endswith(".py") or os.sep in target
    path = os.path.abspath(target)
    own = os.path.dirname(path) if is_file else folder
    sys.path[:] = arrange(own, [os.path.abspath(entry) for entry in pythonpath], paths)
    steps = parse(expression, app) if colon else None
    if is_file and steps is None and os.path.basename(path) == "manage.py":
        return load_django(path)
    if is_file:
        module = import_file(path)
    elif steps is None:
        module, steps, expression = import_dotted(target, folder)
    else:
        module = import_name(target, folder)
    if steps is None:
        application, attribute = find_application(module)
    else:
        application, attribute = evaluate(module, steps), expression
        if steps[1] is None and is_factory(application, steps[0][-1]):
            application, attribute = call_factory(application, attribute), attribute + "()"
    name = "%s:%s" % (module.__name__, attribute)
    check(application, name)
    return application, name


def find_default(folder):
    for name in (*DEFAULT_FILES, "manage.py"):
        if os.path.isfile(os.path.join(folder, name)):
            return name
    looked = ", ".join(DEFAULT_FILES)
    raise Fault("APP_NOT_NAMED", "no APP is given, and %s has no %s or manage.py" % (folder, looked), FORMS)


# Importing


def import_name(name, folder):
    if not all(name.split(".")):
        raise Fault("APP_SPEC_INVALID", "%r is not the name of a module" % name, FORMS)
    uncover(name.partition(".")[0], folder)
    try:
        return importlib.import_module(name)
    except BaseException as error:
        missing = getattr(error, "name", None)
        if isinstance(error, ModuleNotFoundError) and not has_foreign_frames(error) and missing:
            raise module_not_found(name, missing, folder) from None
        raise import_failed(name, error) from None


def import_dotted(target, folder):
    """`package.module`, or as pkgutil.resolve_name has it `module.attribute` or, to be called, `module.attribute()`.

    Returns the module, its attribute as parse() does (None: it has to be looked for), and that as text.
    """
    name = target[:-2] if target.endswith("()") else target
    call = None if name == target else ((), None)
    try:
        module = import_name(name, folder)
    except Fault as fault:
        module, attributes = inside_module(name) if fault.code == "APP_NOT_FOUND" else (None, [])
        if module is None:
            raise
        return module, (attributes, call), ".".join(attributes) + target[len(name) :]
    if call is not None:
        call_factory(module, name)      # raises: a module can't be called
    return module, None, ""


def inside_module(name):
    """The innermost imported module of a dotted name that has an attribute named like the next part, and the rest."""
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:count]))
        if module is not None:
            return (module, parts[count:]) if hasattr(module, parts[count]) else (None, [])
    return None, []


def uncover(top, folder):
    """The application may be named like a standard module that is imported already; its own file counts then."""
    if sys.path[0] != folder:
        return
    own = [os.path.join(folder, top + ".py"), os.path.join(folder, top, "__init__.py")]
    if top in sys.modules and any(map(os.path.isfile, own)):
        for name in list(sys.modules):
            if name == top or name.startswith(top + "."):
                del sys.modules[name]


def import_file(path):
    if not os.path.isfile(path):
        folder, name = os.path.split(path)
        if os.path.isdir(path):
            hint = "a package is named as a module: %s --pythonpath %s" % (name, os.path.relpath(folder))
            raise Fault("APP_NOT_FOUND", "%s is a folder" % path, hint)
        if os.path.isdir(folder):
            raise not_found("there is no file %s" % path, name, os.listdir(folder))
        raise Fault("APP_NOT_FOUND", "there is no file %s: its folder doesn't exist" % path)
    name = os.path.splitext(os.path.basename(path))[0]
    loader = SourceFileLoader(name, path)
    util = standard("importlib.util")
    module = util.module_from_spec(util.spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException as error:
        raise import_failed(os.path.basename(path), error) from None
    return sys.modules.get(name, module)


def module_not_found(name, missing, folder):
    parent, _, last = missing.rpartition(".")
    package = sys.modules.get(parent)
    folders = getattr(package, "__path__", ()) if parent else [folder]
    says = "there is no module %r" % missing
    if parent:
        says += " in the package %r" % parent if folders else ": %r is not a package" % parent
    else:
        says += " in %s or among the installed ones" % folder
        if missing in module_names_below(os.path.join(folder, "src")):
            return Fault("APP_NOT_FOUND", says, "it lies in src: add --pythonpath src")
    near = [entry for place in folders for entry in module_names_below(place)]
    return not_found(says, last, near, prefix=parent and parent + ".")


def module_names(folder):
    for entry in os.listdir(folder):
        stem, extension = os.path.splitext(entry)
        if extension == ".py" or (stem.isidentifier() and os.path.isdir(os.path.join(folder, entry))):
            yield stem


def module_names_below(folder):
    return list(module_names(folder)) if os.path.isdir(folder) else []


def not_found(says, name, names, prefix=""):
    return Fault("APP_NOT_FOUND", says, did_you_mean(name, names, prefix) or FORMS)


def did_you_mean(name, names, prefix=""):
    near = standard("difflib").get_close_matches(name, sorted(set(names)), 3)
    return "did you mean %s?" % " or ".join(repr(prefix + one) for one in near) if near else ""


def import_failed(what, error):
    """The Fault for an exception that left the application's own code, `what`, while it was loaded."""
    hint = ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        says = "%s needs the module %r, which is not installed" % (what, error.name)
        hint = "install it for %s, or choose another interpreter with --python" % sys.executable
    elif isinstance(error, SystemExit):
        says = "%s called sys.exit(%r) while it was loaded" % (what, error.code)
    else:
        says = "%s failed while it was loaded: %s" % (what, describe(error))
    fault = Fault("APP_IMPORT_FAILED", says, hint)
    fault.traceback = traceback_of(error)
    fault.report = report_of(error)
    return fault


# The attribute


def parse(expression, app):
    """`a.b`, or `a.b(literals)`, as (names, None) or (names, (arguments, keywords))."""
    names = expression.split(".")
    if expression.isascii() and all(name.isidentifier() and not iskeyword(name) for name in names):
        return names, None      # nearly all, and ast takes long to import
    ast = standard("ast")
    try:
        node = ast.parse(expression, mode="eval").body
        call = None
        if isinstance(node, ast.Call):
            arguments = [ast.literal_eval(argument) for argument in node.args]
            keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
            if None in keywords:
                raise ValueError
            call = arguments, keywords
            node = node.func
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            raise ValueError
        return [node.id, *reversed(names)], call
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        says = "%r in %r is neither an attribute nor a factory called with literals" % (expression, app)
        raise Fault("APP_SPEC_INVALID", says, FORMS) from None


def evaluate(module, steps):
    names, call = steps
    found = module
    for name in names:
        if not hasattr(found, name):
            owner = "module %r" % found.__name__ if isinstance(found, ModuleType) else repr(type(found).__name__)
            raise missing_attribute("%s has no attribute %r" % (owner, name), name, found)
        found = getattr(found, name)
    return found if call is None else call_factory(found, ".".join(names), *call)


def call_factory(factory, name, arguments=(), keywords=None):
    if not callable(factory):
        raise Fault("APP_NOT_CALLABLE", "%s is %s, which can't be called as a factory" % (name, type(factory).__name__))
    try:
        return factory(*arguments, **(keywords or {}))
    except BaseException as error:
        raise import_failed(name + "()", error) from None


def is_factory(found, name):
    """Whether a function can't be meant to be called with (environ, start_response), as `flask --app` sees it."""
    if not isinstance(found, FunctionType) or is_asgi(found):
        return False
    code = found.__code__
    needed = code.co_argcount - len(found.__defaults__ or ())
    takes_two = code.co_argcount >= 2 or code.co_flags & VARIABLE_ARGUMENTS
    return needed == 0 and (not takes_two or name in DEFAULT_FACTORIES)


def missing_attribute(says, name, owner):
    names = [one for one in dir(owner) if not one.startswith("__")]
    return Fault("APP_ATTRIBUTE_MISSING", says, did_you_mean(name, names))


def find_application(module):
    for name in DEFAULT_ATTRIBUTES:
        found = getattr(module, name, None)
        if found is not None and not isinstance(found, ModuleType):
            return found, name
    for name in DEFAULT_FACTORIES:
        factory = getattr(module, name, None)
        if callable(factory):
            return call_factory(factory, name), name + "()"
    says = "module %r has neither application nor app, create_app() or make_app()" % module.__name__
    fault = missing_attribute(says, "application", module)
    fault.hint = fault.hint or "name the attribute: %s:NAME" % module.__name__
    raise fault


def check(application, name):
    if is_asgi(application):
        says = "%s is an ASGI application; this server runs WSGI ones" % name
        raise Fault("APP_IS_ASGI", says, "wrap it (a2wsgi does), or use an ASGI server")
    if not callable(application):
        says = "%s is %s, which can't be called" % (name, type(application).__name__)
        raise Fault("APP_NOT_CALLABLE", says, "a WSGI application is a callable of (environ, start_response)")


def is_asgi(application):
    while hasattr(application, "func") and callable(application.func):        # functools.partial
        application = application.func
    if not callable(application):
        return False
    owner = application if isinstance(application, type) else type(application)
    for function in (application, getattr(owner, "__call__", None)):
        code = getattr(function, "__code__", None)
        if code is not None:
            if code.co_flags & COROUTINE:
                return True
            names = code.co_varnames[: code.co_argcount]
            if "scope" in names and ("receive" in names or "send" in names):
                return True
    return False


# Django


def load_django(path):
    """The application of the project whose manage.py this is: its settings' WSGI_APPLICATION."""
    settings_module = os.environ.get(SETTINGS_VARIABLE) or find_settings(path)
    if settings_module is None:
        says = "%s doesn't set %s" % (path, SETTINGS_VARIABLE)
        raise Fault("APP_ATTRIBUTE_MISSING", says, "name the application: project.wsgi")
    os.environ[SETTINGS_VARIABLE] = settings_module
    try:
        from django.conf import settings

        name = settings.WSGI_APPLICATION
        if name is None:
            from django.core.wsgi import get_wsgi_application

            return get_wsgi_application(), "django.core.wsgi:get_wsgi_application()"
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute), "%s:%s" % (module, attribute)
    except BaseException as error:
        raise import_failed(settings_module, error) from None


def find_settings(path):
    """The settings module that a manage.py names, read without running it."""
    ast = standard("ast")
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (SyntaxError, ValueError) as error:
        raise import_failed(os.path.basename(path), error) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(texts) == 2 and texts[0] == SETTINGS_VARIABLE:
                return texts[1]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            keys = [target.slice for target in node.targets if isinstance(target, ast.Subscript)]
            if any(isinstance(key, ast.Constant) and key.value == SETTINGS_VARIABLE for key in keys):
                return node.value.value
    return None
