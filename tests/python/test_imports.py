"""What `dram dev` is told of imported files, without a difference to who has imported them."""
import importlib.util
import os
import sys
import tempfile
import types
import unittest

import support  # noqa: F401 (loads the runtime)
from _dram.dev import django_habits
from _dram.dev.flask_habits import FirstImport
from _dram.imports import imported_files


class ImportedFiles(unittest.TestCase):
    def test_a_lazy_module_stays_one(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.realpath(os.path.join(folder, "lazy.py"))
            with open(path, "w", encoding="utf-8") as file:
                file.write("raise ImportError('it was asked for')\n")
            spec = importlib.util.spec_from_file_location("lazy", path)
            spec.loader = importlib.util.LazyLoader(spec.loader)
            sys.modules["lazy"] = importlib.util.module_from_spec(spec)
            self.addCleanup(sys.modules.pop, "lazy")
            spec.loader.exec_module(sys.modules["lazy"])
            self.assertIn(path, imported_files())

    def test_what_is_no_module_does_no_harm(self):
        sys.modules["odd"] = object()
        self.addCleanup(sys.modules.pop, "odd")
        self.assertIn(os.path.realpath(__file__), imported_files())


class Habits(unittest.TestCase):
    def test_the_finder_that_waits_for_flask_leaves_none_out(self):
        asked = []
        kept, environ = list(sys.meta_path), dict(os.environ)
        flask = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "flask"}
        next_one = types.SimpleNamespace(find_spec=lambda name, *rest: asked.append(name))
        sys.meta_path[:0] = [FirstImport(), next_one]
        os.environ["FLASK_SKIP_DOTENV"] = "1"
        try:
            importlib.util.find_spec("flask")
            self.assertEqual(os.environ["FLASK_RUN_FROM_CLI"], "true")
        finally:
            sys.meta_path[:] = kept
            sys.modules.update(flask)
            os.environ.clear()
            os.environ.update(environ)
        self.assertIn("flask", asked)

    def test_who_uses_only_parts_of_django_has_no_project(self):
        conf = types.ModuleType("django.conf")
        conf.settings = types.SimpleNamespace(configured=True)
        kept = {name: sys.modules.pop(name, None) for name in ("django.conf", "django.apps")}
        sys.modules["django.conf"] = conf
        try:
            self.assertFalse(django_habits.is_django(object()))
        finally:
            for name, module in kept.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module


if __name__ == "__main__":
    unittest.main()
