"""The application of Flask's first pages, with both of the names that its pages on deployment serve."""

import os
import threading

from flask import Flask, request


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def hello():
        return "Hello, World!"

    @app.get("/pid")
    def pid():
        if "hold" in request.args:
            threading.Event().wait(float(request.args["hold"]))
        return str(os.getpid())

    @app.get("/facts")
    def facts():
        environ = request.environ
        return {
            "multithread": environ["wsgi.multithread"],
            "multiprocess": environ["wsgi.multiprocess"],
            "url_scheme": environ["wsgi.url_scheme"],
            "script_name": environ["SCRIPT_NAME"],
            "path_info": environ["PATH_INFO"],
            "lock": type(threading.Lock()).__module__,
            "cwd": os.getcwd(),
            "setting": os.environ.get("HELLO_SETTING"),
        }

    @app.get("/broken")
    def broken():
        raise RuntimeError("a mistake in hello")

    return app


app = create_app()
