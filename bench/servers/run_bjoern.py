"""bjoern has no command of its own: python run_bjoern.py MODULE PORT WORKERS. One process a worker, on one port."""
import importlib
import os
import signal
import sys

import bjoern

module, port, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
application = importlib.import_module(module).application

if workers == 1:
    bjoern.run(application, "127.0.0.1", port)
else:
    for _ in range(workers):
        if os.fork() == 0:
            bjoern.run(application, "127.0.0.1", port, reuse_port=True)
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    os.wait()
