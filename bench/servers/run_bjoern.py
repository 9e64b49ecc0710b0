"""bjoern has no command of its own: python run_bjoern.py MODULE PORT WORKERS. Its workers share the port."""
import importlib
import os
import sys

import bjoern

module, port, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
application = importlib.import_module(module).application

for _ in range(workers - 1):
    if os.fork() == 0:
        break
bjoern.run(application, "127.0.0.1", port, reuse_port=True)
