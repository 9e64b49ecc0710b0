"""Builds the wheel (PEP 517): a zip file of the package and of what is said about it."""
import base64
import hashlib
import json
import os
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "dram"
ENTRY_POINTS = "[paste.server_runner]\nmain = dram.paste:run\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: dram\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
SUMMARY = "What a Python program imports to be served by dram: dram.serve(), and egg:dram#main for PasteDeploy"


def version():
    """That of the server it lies in; an old pip (before 21.3) builds in a copy elsewhere."""
    try:
        with open(os.path.join(HERE, os.pardir, os.pardir, "package.json"), encoding="utf-8") as file:
            return json.load(file)["version"]
    except FileNotFoundError:
        return "0"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "%s-%s-py3-none-any.whl" % (NAME, version())
    about = "%s-%s.dist-info/" % (NAME, version())
    files = dict(sources())
    files[about + "METADATA"] = metadata().encode()
    files[about + "WHEEL"] = WHEEL.encode()
    files[about + "entry_points.txt"] = ENTRY_POINTS.encode()
    record = about + "RECORD"
    files[record] = "".join(map(line_of, files.items())).encode() + ("%s,,\n" % record).encode()
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
    return name


def sources():
    folder = os.path.join(HERE, NAME)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                yield "%s/%s" % (NAME, name), file.read()


def metadata():
    return "Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\nRequires-Python: >=3.9\nLicense: MIT\n" % (
        NAME,
        version(),
        SUMMARY,
    )


def line_of(item):
    path, content = item
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return "%s,sha256=%s,%d\n" % (path, digest, len(content))
