"""What PasteDeploy itself finds in the [server:main] of each file on standard input; null where it fails."""
import json
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
from paste.deploy.loadwsgi import SERVER, loadcontext  # noqa: E402


def section(text, global_conf):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.ini")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        try:
            found = dict(loadcontext(SERVER, "config:" + path, global_conf=global_conf).local_conf)
        except Exception:
            return None
        return {name: value.replace(folder, "/srv") for name, value in found.items()}


print(json.dumps([section(text, {"who": "Ada"}) for text in json.load(sys.stdin)]))
