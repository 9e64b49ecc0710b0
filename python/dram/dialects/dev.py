"""What `dram dev` watches: the files that a worker has imported, written to options["imports"] whenever more are."""
import json
import os
import sys
import sysconfig

from .. import extension

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What is installed changes by a deployment, not by an editor; packages in editable form lie elsewhere.
FOREIGN = tuple(
    os.path.join(os.path.realpath(folder), "")
    for folder in {OURS, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
    if folder
)


class Extension(extension.Quiet):
    def __init__(self, options, config, paths):
        super().__init__(options, config, paths)
        self.path = options["imports"]
        self.told = 0        # how many modules there were

    def wrap(self, application):
        self.tell()

        def watched(environ, start_response):
            try:
                return application(environ, start_response)
            finally:
                self.tell()

        return watched

    def end_worker(self):
        """Also when the application failed to load: what it got as far as is what may mend it."""
        self.tell()

    def tell(self):
        if len(sys.modules) != self.told:
            self.told = len(sys.modules)
            draft = "%s.%d" % (self.path, os.getpid())
            with open(draft, "w", encoding="utf-8") as file:
                json.dump(imported_files(), file)
            os.replace(draft, self.path)


def imported_files():
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    found = (os.path.realpath(file) for file in files if isinstance(file, str) and file.endswith(".py"))
    return sorted(file for file in found if not file.startswith(FOREIGN) and "site-packages" not in file)
