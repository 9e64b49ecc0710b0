"""Counts its requests where a worker looks for prometheus_client, of which this is as much as dram uses."""

import sys
import types

import probe

COUNTED = [0]


def generate_latest(registry):
    lines = (
        "# HELP shop_orders_total Orders.",
        "# TYPE shop_orders_total counter",
        "shop_orders_total %d.0" % COUNTED[0],
        "# HELP shop_cart Things in it.",
        "# TYPE shop_cart gauge",
        "shop_cart %d.0" % COUNTED[0],
    )
    return ("\n".join(lines) + "\n").encode()


sys.modules["prometheus_client"] = types.SimpleNamespace(generate_latest=generate_latest, REGISTRY=None)


def application(environ, start_response):
    COUNTED[0] += 1
    return probe.application(environ, start_response)
