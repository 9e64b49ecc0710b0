"""FastWSGI's command has no option for workers, its function has: python run_fastwsgi.py MODULE PORT WORKERS."""
import importlib
import sys

import fastwsgi

module, port, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
fastwsgi.run(importlib.import_module(module).application, "127.0.0.1", port, loglevel=0, workers=workers)
