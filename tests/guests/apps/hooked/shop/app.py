import os
import time

from flask import Flask, request
from prometheus_client import Counter, Gauge

from . import database

app = Flask(__name__)
ORDERS = Counter("shop_orders", "Orders taken")
BUSY = Gauge("shop_busy", "Requests in progress", multiprocess_mode="livesum")


@app.before_request
def count():
    BUSY.inc()


@app.teardown_request
def discount(error):
    BUSY.dec()


@app.get("/pid")
def pid():
    time.sleep(float(request.args.get("hold", "0")))
    return str(os.getpid())


@app.post("/orders")
def order():
    with database.lock, database.connection:
        database.connection.execute("INSERT INTO orders VALUES (?)", (os.getpid(),))
    ORDERS.inc()
    return {"pid": os.getpid(), "connection_of": database.opened_by}, 201


@app.get("/orders")
def orders():
    with database.lock:
        (count,) = database.connection.execute("SELECT COUNT(*) FROM orders").fetchone()
    return {"orders": count}


@app.get("/broken")
def broken():
    raise RuntimeError("the shop is out of stock")
