"""The file in which our modules are kept compiled."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import RUNTIME

ASK = """
import sys
sys.path.insert(0, {folder!r})
import bootstrap
del sys.path[0]
run, keep = bootstrap.import_runtime()
print(keep is None, run.__code__.co_filename, sys.modules["_dram.worker"].__file__)
if keep is not None:
    keep()
"""


class KeptTest(unittest.TestCase):
    """A copy of the runtime as it lies in a package, imported by processes of their own."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="dram-test-")
        self.addCleanup(shutil.rmtree, self.root)
        self.folder = os.path.join(self.root, "python", "dram")
        self.bundles = os.path.join(self.root, "build", "src", "bundle")
        shutil.copytree(RUNTIME, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(os.path.join(RUNTIME, "..", "..", "wire"), os.path.join(self.root, "wire"))
        os.makedirs(self.bundles)
        self.path = os.path.join(self.bundles, "python.%s.compiled" % sys.implementation.cache_tag)

    def start(self):
        """Says if the kept file was used."""
        asked = [sys.executable, "-c", ASK.format(folder=self.folder)]
        done = subprocess.run(asked, stdout=subprocess.PIPE, check=True, universal_newlines=True)
        used, run_file, worker_file = done.stdout.split()
        self.assertEqual(run_file, os.path.join(self.folder, "generation.py"))
        self.assertEqual(worker_file, os.path.join(self.folder, "worker.py"))
        return used == "True"

    def test_the_second_start_uses_what_the_first_has_kept(self):
        self.assertFalse(self.start())
        self.assertEqual(os.listdir(self.bundles), [os.path.basename(self.path)])
        self.assertTrue(self.start())

    def test_damaged_is_passed_over_and_replaced(self):
        self.start()
        whole = self.read()
        for damaged in (b"", whole[:7], whole[:-100], whole[:5000] + b"\xff" * 50 + whole[5050:]):
            with self.subTest(length=len(damaged)):
                with open(self.path, "wb") as file:
                    file.write(damaged)
                self.assertFalse(self.start())
                self.assertTrue(self.start())

    def test_stale_is_passed_over(self):
        self.start()
        with open(os.path.join(self.folder, "leave.py"), "a") as file:
            file.write("# changed\n")
        self.assertFalse(self.start())
        self.assertTrue(self.start())

    def test_stale_of_the_same_size_and_time_is_passed_over(self):
        self.start()
        path = os.path.join(self.folder, "leave.py")
        facts = os.stat(path)
        with open(path, "r+") as file:
            text = file.read()
            file.seek(0)
            file.write(text.replace("\"\"\"", "'''"))
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        self.assertEqual(os.stat(path).st_size, facts.st_size)
        self.assertFalse(self.start())

    def test_moved_elsewhere_is_passed_over(self):
        self.start()
        moved = self.root + "-moved"
        os.rename(self.root, moved)
        self.addCleanup(shutil.rmtree, moved)
        os.mkdir(self.root)
        self.folder = os.path.join(moved, "python", "dram")
        self.assertFalse(self.start())

    def test_writable_by_others_is_passed_over(self):
        self.start()
        os.chmod(self.path, 0o666)
        self.assertFalse(self.start())

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_of_another_owner_is_passed_over(self):
        self.start()
        os.chown(self.path, 12345, 12345)
        self.assertFalse(self.start())

    def test_nowhere_to_keep_it(self):
        os.rmdir(self.bundles)
        self.assertFalse(self.start())
        self.assertFalse(self.start())

    def read(self):
        with open(self.path, "rb") as file:
            return file.read()


if __name__ == "__main__":
    unittest.main()
