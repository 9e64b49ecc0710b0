"""The Python side of dram: a zygote that forks workers, and workers that call the application.

Loaded by bootstrap.py under the private name `_dram`; applications see only `dram` (public.py).
"""
