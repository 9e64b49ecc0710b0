"""Which files a worker has imported, written into the runtime folder whenever they are more (`dram dev` watches them).

It lives in the worker around the extension that is there, or Quiet: what it has nothing to do with is passed on.
"""
import json
import os
import sys
import sysconfig

OURS = os.path.dirname(os.path.abspath(__file__))
# What is installed changes by a deployment, not by an editor; packages in editable form lie elsewhere.
FOREIGN = tuple(
    os.path.join(os.path.realpath(folder), "")
    for folder in {OURS, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
    if folder
)


class Imports:
    def __init__(self, folder, inner):
        self.path = os.path.join(folder, "imports.json")
        self.inner = inner
        self.told = 0        # how many modules there were

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def wrap(self, application):
        wrapped = self.inner.wrap(application)
        self.tell()

        def watched(environ, start_response):
            try:
                return wrapped(environ, start_response)
            finally:
                self.tell()

        return watched

    def end_worker(self):
        """Also when the application failed to load: what it got as far as is what may mend it."""
        self.tell()
        self.inner.end_worker()

    def tell(self):
        if len(sys.modules) != self.told:
            self.told = len(sys.modules)
            draft = "%s.%d" % (self.path, os.getpid())
            try:
                with open(draft, "w", encoding="utf-8") as file:
                    json.dump(imported_files(), file)
                os.replace(draft, self.path)
            except OSError:
                pass      # the server is gone, and its folder with it


def imported_files():
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    found = (os.path.realpath(file) for file in files if isinstance(file, str) and file.endswith(".py"))
    return sorted(file for file in found if not is_foreign(file))


def is_foreign(file):
    """Whether a file is installed, or Python's own, or ours."""
    return file.startswith(FOREIGN) or "site-packages" in file or "dist-packages" in file
