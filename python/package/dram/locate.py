"""How an application that a program has in its hands can be imported elsewhere."""
import ast
import os
import sys


def locate(app):
    """APP for the server: `module:attribute`, or `/path/to/program.py:attribute`. Raises RuntimeError."""
    owner = getattr(app, "__self__", None)
    if owner is not None and hasattr(app, "__func__"):      # a bound method: flask_app.wsgi_app
        return "%s.%s" % (locate(owner), app.__func__.__name__)
    for name, module in list(sys.modules.items()):
        if name != "__main__" and getattr(module, "__spec__", None) is not None and name.partition(".")[0] != "dram":
            attribute = attribute_of(module, app)
            if attribute is not None:
                return "%s:%s" % (name, attribute)
    return locate_in_program(app, sys.modules["__main__"])


def attribute_of(module, app):
    for name, value in list(getattr(module, "__dict__", {}).items()):
        if value is app:
            return name
    return None


def locate_in_program(app, program):
    path = getattr(program, "__file__", None)
    names = [name for name, value in vars(program).items() if value is app]
    if not names:
        raise not_importable("it is no global of any module")
    if path is None:
        raise not_importable("%r was made in a program that has no file" % names[0])
    outside = names_outside_of_main(path)
    for name in names:
        if name in outside:
            spec = program.__spec__
            return "%s:%s" % (os.path.abspath(path) if spec is None else spec.name, name)
    raise not_importable("%r is made only where %s is the program itself (__name__ == '__main__')" % (names[0], path))


def not_importable(why):
    return RuntimeError(
        "APP_NOT_IMPORTABLE: the workers can't import the application again: %s; make it a global of a module, or name "
        "the function that makes it: dram waitress-serve --call MODULE:FUNCTION" % why
    )


def names_outside_of_main(path):
    """The globals that a file sets when it is imported."""
    with open(path, "rb") as file:
        tree = ast.parse(file.read(), path)
    names = set()
    for statement in tree.body:
        if not (isinstance(statement, ast.If) and mentions_name(statement.test)):
            collect(statement, names)
    return names


def mentions_name(test):
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def collect(node, names):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        names.add(node.name)
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        names.add(node.id)
    elif isinstance(node, ast.alias):
        names.add(node.asname or node.name.partition(".")[0])
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Lambda):
            collect(child, names)
