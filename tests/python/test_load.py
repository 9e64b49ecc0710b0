"""APP in all its forms, and what is said when it can't be had."""
import os
import sys
import tempfile
import textwrap
import unittest

import support  # noqa: F401 (loads the runtime)
from _dram.fault import Fault
from _dram.load import find_settings, load

HELLO = """
    def hello(environ, start_response):
        start_response("200 OK", [])
        return [b"hello"]
"""


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = os.path.realpath(temporary.name)
        before = os.getcwd(), list(sys.path), dict(sys.modules), dict(os.environ)
        os.chdir(self.folder)
        self.addCleanup(self.restore, *before)

    def restore(self, folder, path, modules, environ):
        os.chdir(folder)
        sys.path[:] = path
        sys.modules.clear()
        sys.modules.update(modules)
        os.environ.clear()
        os.environ.update(environ)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def load(self, app, pythonpath=()):
        return load(app, list(pythonpath), [entry for entry in sys.path if entry != self.folder])

    def named(self, app, name, **more):
        application, resolved = self.load(app, **more)
        self.assertEqual(resolved, name)
        self.assertTrue(callable(application))
        return application

    def refused(self, app, code, *words, **more):
        with self.assertRaises(Fault) as caught:
            self.load(app, **more)
        fault = caught.exception
        self.assertEqual(fault.code, code, fault.says)
        for word in words:
            self.assertIn(word, fault.says + " / " + fault.hint)
        return fault


class Forms(Case):
    def setUp(self):
        super().setUp()
        self.write("site_one.py", HELLO + "    app = hello\n    class api: v1 = staticmethod(hello)\n")
        self.write("package/__init__.py", "")
        self.write("package/web.py", HELLO + "    application = hello\n")
        self.write(
            "factories.py",
            HELLO
            + """
    def create_app(name="default", *, debug=False):
        def app(environ, start_response): return []
        app.told = name, debug
        return app
    """,
        )

    def test_module(self):
        self.named("site_one", "site_one:app")
        self.named("package.web", "package.web:application")

    def test_attribute(self):
        self.named("site_one:hello", "site_one:hello")
        self.named("site_one:api.v1", "site_one:api.v1")

    def test_dotted_names_lead_into_modules(self):
        self.named("site_one.hello", "site_one:hello")
        self.named("site_one.api.v1", "site_one:api.v1")
        self.named("package.web.hello", "package.web:hello")
        self.named("factories.create_app()", "factories:create_app()")
        self.refused("site_one.nothing", "APP_NOT_FOUND")
        self.refused("site_one()", "APP_NOT_CALLABLE")
        self.write("package/broken.py", "import json; json.nothing")
        self.refused("package.broken", "APP_IMPORT_FAILED")

    def test_the_order_of_the_path_may_be_another(self):
        self.write("json.py", HELLO)
        own = [entry for entry in sys.path if entry != self.folder]
        load("wsgiref.simple_server:demo_app", [], own, lambda folder, pythonpath, paths: [*paths, folder])
        self.assertEqual(sys.path[-1], self.folder)
        with self.assertRaises(Fault):
            load("json:hello", [], own, lambda folder, pythonpath, paths: [*paths, folder])

    def test_factories(self):
        self.assertEqual(self.named("factories", "factories:create_app()").told, ("default", False))
        self.assertEqual(self.named("factories:create_app()", "factories:create_app()").told, ("default", False))
        given = self.named('factories:create_app("x", debug=True)', 'factories:create_app("x", debug=True)')
        self.assertEqual(given.told, ("x", True))

    def test_files(self):
        self.named("site_one.py", "site_one:app")
        self.named("./site_one.py:hello", "site_one:hello")
        self.named(os.path.join(self.folder, "site_one.py"), "site_one:app")
        self.named("package/web.py", "web:application")
        self.assertEqual(sys.path[0], os.path.join(self.folder, "package"))

    def test_file_whose_name_is_no_identifier(self):
        self.write("my-app.py", HELLO + "    app = hello\n")
        self.named("my-app.py", "my-app:app")

    def test_file_named_like_a_standard_module(self):
        self.write("difflib.py", HELLO + "    app = hello\n")
        self.named("difflib", "difflib:app")

    def test_submodules_are_not_taken_for_the_application(self):
        self.write("web/__init__.py", HELLO + "    from . import app\n    make_app = lambda: hello\n")
        self.write("web/app.py", "")
        self.named("web", "web:make_app()")

    def test_pythonpath(self):
        self.write("lib/elsewhere.py", HELLO + "    app = hello\n")
        self.named("elsewhere", "elsewhere:app", pythonpath=["lib"])
        self.assertEqual(sys.path[:2], [self.folder, os.path.join(self.folder, "lib")])

    def test_callables_of_all_kinds(self):
        self.write(
            "kinds.py",
            """
            import functools
            class App:
                def __init__(self, environ, start_response): pass
                def __iter__(self): return iter([])
            class Callable:
                def __call__(self, environ, start_response): return []
                def method(self, environ, start_response): return []
            instance = Callable()
            method = instance.method
            partial = functools.partial(method)
            """,
        )
        for name in ("App", "instance", "method", "partial"):
            self.named("kinds:" + name, "kinds:" + name)


class NoApp(Case):
    def test_order(self):
        self.refused(None, "APP_NOT_NAMED", "wsgi.py", "manage.py")
        for name in ("main.py", "app.py", "wsgi.py"):
            self.write(name, HELLO + "    app = hello\n")
            self.named(None, name[:-3] + ":app")

    def fake_django(self, application):
        self.write("django/__init__.py", "")
        self.write(
            "django/conf.py",
            """
            import importlib, os
            settings = importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
            """,
        )
        self.write("django/core/__init__.py", "")
        self.write("django/core/wsgi.py", HELLO + "    get_wsgi_application = lambda: hello\n")
        self.write("shop/__init__.py", "")
        self.write("shop/settings.py", "WSGI_APPLICATION = %r" % application)
        self.write("shop/wsgi.py", HELLO + "    application = hello\n")
        self.write(
            "manage.py",
            """
            import os, sys
            def main():
                os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
            if __name__ == "__main__":
                main()
            """,
        )

    def test_django(self):
        self.fake_django("shop.wsgi.application")
        self.named(None, "shop.wsgi:application")

    def test_django_without_an_application_of_its_own(self):
        self.fake_django(None)
        self.named("manage.py", "django.core.wsgi:get_wsgi_application()")

    def test_settings_are_found(self):
        for text in (
            'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "x.y")',
            'def f():\n os.environ["DJANGO_SETTINGS_MODULE"] = "x.y"',
        ):
            self.assertEqual(find_settings(self.write("manage.py", text)), "x.y")
        self.assertIsNone(find_settings(self.write("manage.py", "import os")))

    def test_manage_py_of_something_else(self):
        self.write("manage.py", "print('no')")
        self.refused(None, "APP_ATTRIBUTE_MISSING", "DJANGO_SETTINGS_MODULE")


class Refusals(Case):
    def test_specs(self):
        for app in ("", ":app", "m:", "m:a-b", "m:f(x)", "m:f(*[1])", "m:f(**{})", "m:f().g", "m:a[0]", "m:1", "m:a b", "m:None", "m:a.if"):
            self.refused(app, "APP_SPEC_INVALID")
        for app in (".relative", "a..b", "a."):
            self.refused(app, "APP_SPEC_INVALID")

    def test_module_not_found(self):
        self.write("myapp.py", "")
        self.refused("mapp", "APP_NOT_FOUND", "'mapp'", "did you mean 'myapp'?")
        self.refused("entirely_else", "APP_NOT_FOUND", self.folder)

    def test_a_package_in_src(self):
        self.write("src/shop/__init__.py", "")
        self.refused("shop", "APP_NOT_FOUND", "'shop'", "it lies in src: add --pythonpath src")
        self.refused("src/shop", "APP_NOT_FOUND", "is a folder", "shop --pythonpath src")

    def test_submodule_not_found(self):
        self.write("package/__init__.py", "")
        self.write("package/website.py", "")
        self.refused("package.webste", "APP_NOT_FOUND", "'package.webste'", "did you mean 'package.website'?")
        self.write("single.py", "")
        self.refused("single.sub", "APP_NOT_FOUND", "'single' is not a package")

    def test_file_not_found(self):
        self.write("server.py", "")
        self.refused("sever.py", "APP_NOT_FOUND", "sever.py", "did you mean 'server.py'?")
        self.refused("no/such/folder/app.py", "APP_NOT_FOUND")

    def test_attribute_missing(self):
        self.write("web.py", HELLO + "    aplication_object = hello\n")
        fault = self.refused("web:application_object", "APP_ATTRIBUTE_MISSING", "did you mean 'aplication_object'?")
        self.assertEqual(fault.traceback, "")
        self.refused("web:hello.nothing", "APP_ATTRIBUTE_MISSING", "'nothing'")
        self.refused("web", "APP_ATTRIBUTE_MISSING", "application", "create_app()")

    def test_what_only_a_refusal_imports_is_the_standard_librarys(self):
        for name in ("difflib", "heapq"):
            self.write(name + ".py", "raise RuntimeError('the wrong module')\n")
            sys.modules.pop(name, None)
        self.write("myapp.py", HELLO + "    application = hello\n")
        self.refused("myapp:aplication", "APP_ATTRIBUTE_MISSING", "did you mean 'application'?")

    def test_what_only_a_factory_with_arguments_imports_is_the_standard_librarys(self):
        self.write("ast.py", "raise RuntimeError('the wrong module')\n")
        sys.modules.pop("ast", None)
        self.write("myapp.py", HELLO + "    make = lambda name: hello\n")
        sys.path.insert(0, self.folder)      # as a dialect may have done by now
        self.named("myapp:make('x')", "myapp:make('x')")

    def test_not_callable(self):
        self.write("web.py", "application = 7\ndef make(): return None\n")
        self.refused("web", "APP_NOT_CALLABLE", "web:application is int")
        self.refused("web:make()", "APP_NOT_CALLABLE", "NoneType")
        self.refused("web:application()", "APP_NOT_CALLABLE")

    def test_asgi(self):
        self.write(
            "web.py",
            """
            import functools
            async def app(scope, receive, send): pass
            class Starlette:
                async def __call__(self, scope, receive, send): pass
            instance = Starlette()
            partial = functools.partial(app)
            def undecorated(scope, receive, send): pass
            def create_app(): return instance
            """,
        )
        for name in ("", ":app", ":Starlette", ":instance", ":partial", ":undecorated", ":create_app()"):
            self.refused("web" + name, "APP_IS_ASGI")

    def test_missing_import_of_the_application(self):
        self.write("web.py", "import os\nimport flask_that_is_not_here\n")
        fault = self.refused("web", "APP_IMPORT_FAILED", "needs the module 'flask_that_is_not_here'", sys.executable)
        self.assertTrue(fault.traceback.startswith("Traceback (most recent call last):\n  File"))
        self.assertEqual(fault.traceback.count("  File "), 1)
        self.assertIn("web.py", fault.traceback)

    def test_module_that_imports_itself_as_missing(self):
        self.write("web/__init__.py", "import web.missing")
        self.refused("web", "APP_IMPORT_FAILED", "'web.missing'")

    def test_exception_while_importing(self):
        self.write("deep.py", "def fail():\n    1 / 0\n")
        self.write("web.py", "import deep\ndeep.fail()\n")
        fault = self.refused("web", "APP_IMPORT_FAILED", "ZeroDivisionError: division by zero")
        files = [line.split('"')[1] for line in fault.traceback.split("\n") if line.startswith("  File")]
        self.assertEqual([os.path.basename(file) for file in files], ["web.py", "deep.py"])

    def test_syntax_error(self):
        self.write("web.py", "def broken(:\n")
        for app in ("web", "web.py"):
            fault = self.refused(app, "APP_IMPORT_FAILED", "SyntaxError")
            self.assertIn("def broken(:", fault.traceback)

    def test_exit_while_importing(self):
        self.write("web.py", "import sys\nsys.exit(3)\n")
        self.refused("web", "APP_IMPORT_FAILED", "sys.exit(3)")

    def test_factory_fails(self):
        self.write("web.py", "def create_app():\n    raise RuntimeError('no database')\n")
        for app in ("web", "web:create_app()"):
            fault = self.refused(app, "APP_IMPORT_FAILED", "create_app()", "no database")
            self.assertIn("web.py", fault.traceback)

    def test_what_takes_no_environ_is_a_factory(self):
        body = ": return print\n"
        for factory in ("make()", "make(config=None)", "create_app(config=None, testing=False)"):
            name = factory.partition("(")[0]
            self.write("web.py", "def " + factory + body)
            self.assertEqual(self.load("web:" + name)[1], "web:%s()" % name, factory)
        for application in ("make(*args)", "make(environ=None, start_response=None)", "create_app(environ, start)"):
            name = application.partition("(")[0]
            self.write("web.py", "def " + application + body)
            self.assertEqual(self.load("web:" + name)[1], "web:" + name, application)

    def test_factory_wants_arguments(self):
        self.write("web.py", "def create_app(name):\n    pass\n")
        self.refused("web:create_app()", "APP_IMPORT_FAILED", "missing 1 required positional argument")


if __name__ == "__main__":
    unittest.main()
