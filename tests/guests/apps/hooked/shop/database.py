"""One connection a process, as many an application keeps it."""

import os
import sqlite3
import threading

lock = threading.Lock()      # the threads of a worker take turns
connection = None
opened_by = None


def connect():
    global connection, opened_by
    connection = sqlite3.connect(os.environ["SHOP_DATABASE"], check_same_thread=False, timeout=10)
    connection.execute("CREATE TABLE IF NOT EXISTS orders (pid INTEGER)")
    opened_by = os.getpid()


def reconnect():
    if connection is not None:
        connection.close()
    connect()


connect()
