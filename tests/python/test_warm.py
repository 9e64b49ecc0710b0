"""The warm zygote: what is imported beforehand makes no difference, and what would make one isn't."""
import ast
import importlib
import json
import os
import socket
import sys
import tempfile
import threading
import types
import unittest

from support import PATIENCE_SECONDS, Commands, ZygoteProcess
from test_zygote import Case

from _dram.stash import Stash, Unit, words_in

# Each is a package among those that are installed. The application imports them in this order.
WELL = {
    "core": "import logging, fractions\nfrom . import parts\nHOME = __import__('os').environ.get('CORE_HOME')\n"
    "LOGGER = logging.getLogger('core')\n",
    "framework": "import core.parts, xml.dom.minidom\nfrom core import parts\n",
    "beside": "import core, tomllib\n" if sys.version_info >= (3, 11) else "import core\n",
}
ILL = {
    "threads": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n",
    "sockets": "import socket\nlistener = socket.socket()\nlistener.bind(('127.0.0.1', 0))\nlistener.listen()\n",
    "seeds": "import random\nrandom.seed(1)\n",
    "draws": "import random\nNUMBER = random.Random(7)\n",
    "prints": "print('imported')\n",
    "sets": "import os\nos.environ['SET_BY'] = 'sets'\n",
    "moves": "import os\nos.chdir('/')\nos.chdir(os.environ['HERE'])\nos.umask(0o77)\n",
    "walks": "import os\nos.chdir('/')\n",
    "paths": "import sys\nsys.path.append('/nowhere')\n",
    "logs": "import logging\nlogging.basicConfig()\n",
    "hooks": "import sys\nsys.excepthook = print\n",
    "finds": "import sys\nsys.meta_path.insert(0, type('Finder', (), {'find_spec': lambda *arguments: None})())\n",
    "builds": "import builtins\nbuiltins.built = 1\n",
    "handles": "import signal\nsignal.signal(signal.SIGUSR1, print)\n",
    "forks": "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)\n",
    "needs": "import helper\n",
}
CANNOT = {"exits": "import sys\nsys.exit(3)\n", "dies": "import os\nos._exit(1)\n", "hangs_up": "raise KeyboardInterrupt\n"}

APP = """
import os, sys
%s

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    mask = os.umask(0)
    os.umask(mask)
    names = sorted(name for name in sys.modules if not name.startswith(("_dram.", "dram")))
    state = (names, dict(os.environ), os.getcwd(), mask, sys.path, [repr(type(one)) for one in sys.meta_path])
    specs = [(spec.name, spec.origin, type(spec.loader).__name__, spec.submodule_search_locations, spec.cached)
             for spec in (sys.modules[name].__spec__ for name in names if name.startswith(("core", "framework")))]
    return [ascii((state, specs, core.HOME)).encode()]
"""


class WarmProcess(ZygoteProcess):
    def warm(self, packages, **command):
        """Returns what it has imported, and why not the rest."""
        self.socket_path = os.path.join(self.folder, "warm.sock")
        facts = {"title": "dram", "env": {}, "chdir": None, "pythonpath": [], "beside": [], **command}
        self.tell(cmd="warm", packages=packages, socket=self.socket_path, lifeline=self.lifeline_path, **facts)
        self.event("begun")
        self.lifeline = os.open(self.lifeline_path, os.O_RDWR | os.O_NONBLOCK)
        self.tell(cmd="lifeline")
        told = self.event("warm")
        return told["packages"], told["refused"]

    def zygote(self, number=1):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.socket_path)
        self.tell(cmd="fork", worker=number)
        self.event("forked")
        changed = self.event("checked")["changed"]
        zygote = Commands(connection)
        self.templates.append(zygote)
        lifeline = self.lifeline_path + str(number)
        zygote.tell(cmd="configure", **{**self.config, "lifeline": lifeline})
        zygote.event("ready")
        zygote.end = os.open(lifeline, os.O_RDWR | os.O_NONBLOCK)
        zygote.tell(cmd="lifeline")
        return zygote, changed


class WarmCase(Case):
    def setUp(self):
        super().setUp()
        self.installed = os.path.join(self.folder, "site-packages")
        for name, text in {**WELL, **ILL, **CANNOT}.items():
            self.write("site-packages/%s/__init__.py" % name, text)
        self.write("site-packages/core/parts.py", "import decimal\n")
        self.write("app/helper.py", "")
        self.own = os.path.join(self.folder, "app")
        self.environ = {"PYTHONPATH": self.installed, "HERE": self.own, "PYTHONDONTWRITEBYTECODE": "1"}

    def application(self, *packages):
        self.write("app/myapp.py", APP % "\n".join("import " + package for package in packages))

    def process(self, **config):
        config = {"app": "myapp", "chdir": self.own, "preload": "never", "tellsImports": True, **config}
        process = WarmProcess(cwd=self.folder, environ=self.environ, **config)
        self.addCleanup(process.close)
        return process

    def cold_start(self, **config):
        """What the application sees, and what the server is told of it."""
        process = self.process(**config)
        process.begin()
        return self.seen(process, process)

    def warm_start(self, process):
        zygote, changed = process.zygote()
        self.addCleanup(os.close, zygote.end)
        self.assertIsNone(changed)
        return self.seen(zygote, process)

    def seen(self, zygote, process):
        front, _ = zygote.fork()
        front.next("READY")
        seen = ast.literal_eval(self.body(front, 1, "/"))
        return seen, self.told(process)

    def told(self, process):
        with open(os.path.join(process.folder, "packages.json"), encoding="utf-8") as file:
            return json.load(file)


class Same(WarmCase):
    def test_warm_and_cold_start_see_the_same(self):
        self.application(*WELL, *ILL)
        cold, told = self.cold_start()
        self.assertEqual(told["packages"], [*WELL, *ILL])
        process = self.process()
        packages, refused = process.warm(told["packages"], chdir=self.own, beside=told["beside"])
        self.assertEqual(packages, list(WELL))
        self.assertEqual(set(refused), set(ILL))
        warm, told = self.warm_start(process)
        self.assertEqual(warm, cold)
        self.assertEqual(told["strays"], {})

    def test_numpy_s_generator_is_seeded_anew(self):
        self.write("site-packages/numpy/__init__.py", "from . import random\n")
        self.write("site-packages/numpy/random.py", "seeds = []\ndef seed():\n    seeds.append(1)\n")
        self.write("app/myapp.py", APP % "import core, numpy.random\ncore.HOME = numpy.random.seeds")
        process = self.process()
        process.warm(["core", "numpy"], chdir=self.own)
        self.assertEqual(self.warm_start(process)[0][2], [1])

    def test_of_packages_that_end_the_process_nothing_is_left(self):
        process = self.process()
        packages, refused = process.warm([*CANNOT, "core"], chdir=self.own)
        self.assertEqual((packages, set(refused)), (["core"], set(CANNOT)))

    def test_it_forks_many(self):
        self.application(*WELL)
        process = self.process()
        process.warm(list(WELL), chdir=self.own)
        starts = []
        for number in range(1, 4):
            zygote, _ = process.zygote(number)
            self.addCleanup(os.close, zygote.end)
            starts.append(self.seen(zygote, process))
            zygote.tell(cmd="stop")
            self.assertEqual(zygote.event("exited")["worker"], 1)
            self.assertEqual(process.event("exited")["worker"], number)
        self.assertEqual(starts, [starts[0]] * 3)
        process.tell(cmd="stop")
        self.assertEqual(process.process.wait(30), 0)


class Words(unittest.TestCase):
    def test_names_that_native_code_may_ask_for(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\x01\x02OPEN_THREADS\0text OMP_WAIT\0http_proxy\0\xffNOT_ENDED\xff")
            file.flush()
            stash = Stash()
            stash.words = words_in([file.name, file.name + ".replaced"])
        found = {name: stash.is_word(name) for name in ("OPEN_THREADS", "THREADS", "http_proxy", "NOT_ENDED", "WAI", "a.b")}
        self.assertEqual(found, {**dict.fromkeys(found, True), "NOT_ENDED": False, "WAI": False})


class Threads(unittest.TestCase):
    def test_who_imports_what_another_thread_is_given_gets_the_same(self):
        stash = Stash()
        module = types.ModuleType("given")
        unit = Unit("given", {"given": module}, {"given"}, frozenset(), [])
        stash.add(unit)
        begun, goes_on = threading.Event(), threading.Event()
        stash.examine = lambda unit: (begun.set(), goes_on.wait(PATIENCE_SECONDS))
        stash.open()
        self.addCleanup(stash.close)
        self.addCleanup(sys.modules.pop, "given", None)
        giver = threading.Thread(target=stash.give, args=(unit, True))
        giver.start()
        begun.wait(PATIENCE_SECONDS)
        found = []
        other = threading.Thread(target=lambda: found.append(importlib.import_module("given")))
        other.start()
        goes_on.set()
        for thread in (giver, other):
            thread.join()
        self.assertIs(found[0], module)
        self.assertIsNone(stash.find_spec("given", None, module))
        del sys.modules["given"]
        self.assertIsNone(stash.find_spec("given"))


class Strays(WarmCase):
    """What a cold start might have done otherwise is told."""

    def strays(self, text, packages=("core", "framework", "beside"), **command):
        self.write("app/myapp.py", APP % text)
        process = self.process()
        process.warm(list(packages), chdir=self.own, **command)
        return self.warm_start(process)[1]["strays"]

    def test_none(self):
        text = "import os\nos.environ['OTHER'] = '1'\nimport framework, beside, core.parts"
        self.assertEqual(self.strays(text), {})

    def test_a_package_that_is_imported_no_more(self):
        self.assertEqual(self.strays("import core, framework"), {"beside": "it is not imported any more"})

    def test_one_that_only_another_needs_comes_with_it(self):
        self.write("app/myapp.py", APP % "import framework\nimport framework as core; core.HOME = None")
        process = self.process()
        process.warm(["core", "framework"], chdir=self.own)
        self.assertEqual(self.warm_start(process)[1]["strays"], {})

    def test_one_that_has_come_with_another_is_asked_for_alone(self):
        found = self.strays("import core.parts", ["framework"])
        self.assertEqual(found, {"framework": "it is not imported any more"})
        self.assertEqual(self.strays("import core.parts\nimport framework", ["framework"]), {})

    def test_a_variable_that_it_reads(self):
        text = "import os\nos.environ['CORE_HOME'] = '1'\nimport core, framework, beside"
        self.assertEqual(self.strays(text), {"core": "the variable CORE_HOME is set before it is imported"})

    def test_a_module_of_the_same_name(self):
        self.write("app/decimal.py", "from _decimal import *")
        found = self.strays("import core, framework, beside")
        self.assertEqual(found, {"core": "%s has a module of the name decimal" % self.own})

    def test_a_module_of_the_same_name_that_is_known_before(self):
        process = self.process()
        self.write("app/decimal.py", "")
        packages, refused = process.warm(["core", "beside"], chdir=self.own, beside=[self.own])
        self.assertEqual(packages, [])
        self.assertEqual(refused["core"], "the application has a module of the name decimal, too")

    def test_a_finder_that_looks_on(self):
        hook = "type('Hook', (), {'find_spec': lambda *arguments: None})()"
        text = "import sys\nsys.meta_path.%s(" + hook + ")\nimport core, framework, beside"
        why = "somebody hooks into imports before it is imported"
        self.assertEqual(self.strays(text % "append"), {})
        found = self.strays(text.replace("%s(", "insert(0, "))
        self.assertEqual(found, dict.fromkeys(["core", "framework", "beside"], why))

    def test_loggers_that_are_disabled(self):
        text = "import logging.config\nlogging.config.dictConfig({'version': 1})\nimport core, framework, beside"
        found = self.strays(text)
        self.assertEqual(found, {"core": "logging's configuration disables its loggers before it is imported"})

    def test_flask_s_variables_are_set_and_it_is_found_all_the_same(self):
        self.write("site-packages/flask/__init__.py", "from . import part\n")
        self.write("site-packages/flask/part.py", "")
        self.application("core", "flask")
        process = self.process(knowsFrameworks=True)
        self.assertEqual(process.warm(["core", "flask"], chdir=self.own)[0], ["core", "flask"])
        seen, told = self.warm_start(process)
        self.assertEqual(seen[0][1]["FLASK_DEBUG"], "1")
        self.assertEqual(told["strays"], {})

    def test_another_folder(self):
        text = "import os\nos.chdir('/')\nimport core, framework, beside"
        self.assertEqual(set(self.strays(text)), {"core", "framework", "beside"})

    def test_an_application_that_fails_tells_too(self):
        self.write("app/myapp.py", "import os\nos.chdir('/')\nimport core\nraise ValueError")
        process = self.process()
        process.warm(["core"], chdir=self.own)
        zygote, _ = process.zygote()
        self.addCleanup(os.close, zygote.end)
        front, _ = zygote.fork()
        front.next("UNREADY")
        zygote.event("exited")
        self.assertEqual(set(self.told(process)["strays"]), {"core"})

    def test_settings_that_patch_or_share(self):
        self.application("core")
        process = self.process(preload="auto")
        process.warm(["core"], chdir=self.own)
        told = self.warm_start(process)[1]
        self.assertEqual((told["packages"], set(told["strays"])), ([], {"core"}))

    def test_a_file_that_has_changed(self):
        process = self.process()
        process.warm(["core"], chdir=self.own)
        path = os.path.join(self.installed, "core", "parts.py")
        os.utime(path, (1, 1))
        zygote, changed = process.zygote()
        os.close(zygote.end)
        self.assertEqual(changed, path)


if __name__ == "__main__":
    unittest.main()
