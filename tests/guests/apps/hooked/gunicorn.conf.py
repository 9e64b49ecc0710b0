"""How the shop is served: Prometheus with several processes, Sentry, and one database connection a worker."""

import os

import sentry_sdk
from prometheus_client import CollectorRegistry, multiprocess, start_http_server

bind = os.environ.get("SHOP_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("SHOP_WORKERS", "3"))
worker_class = "gthread"
threads = 2
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
preload_app = os.environ.get("SHOP_PRELOAD") == "1"
wsgi_app = "shop.app:app"

accesslog = "-"
errorlog = "-"
loglevel = os.environ.get("SHOP_LOG_LEVEL", "info")
proc_name = "shop"


def on_starting(server):
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    server.log.info("the shop starts")


def when_ready(server):
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    httpd, _ = start_http_server(int(os.environ.get("METRICS_PORT", "9100")), addr="127.0.0.1", registry=registry)
    server.log.info("metrics of %d workers on port %d", server.cfg.workers, httpd.server_port)


def pre_fork(server, worker):
    server.log.debug("worker %s is about to be forked", worker.age)


def post_fork(server, worker):
    from shop import database

    database.reconnect()
    sentry_sdk.init(dsn=os.environ.get("SENTRY_DSN"), release="shop@1.0", send_default_pii=False)
    sentry_sdk.set_tag("worker", str(worker.pid))
    server.log.info("worker spawned (pid: %s)", worker.pid)


def worker_int(worker):
    worker.log.info("worker received INT or QUIT")


def worker_abort(worker):
    worker.log.warning("worker %s is aborted", worker.pid)


def child_exit(server, worker):
    multiprocess.mark_process_dead(worker.pid)
    server.log.info("worker gone (pid: %s)", worker.pid)
