"""Loads well the first time. After /die every load of it, and every start of a worker, ends the process."""

import os

BROKEN = os.path.join(os.environ["HERE"], "broken")


def note():
    with open(os.environ["NOTES"], "ab", 0) as notes:
        notes.write(b"start\n")


class Application:
    """Dies in the first request a worker gets, once it is broken."""

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/die":
            open(BROKEN, "w").close()
            os._exit(9)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]


def after_fork():
    note()
    if os.path.exists(BROKEN):
        os._exit(9)


os.register_at_fork(after_in_child=after_fork)
note()
if os.path.exists(BROKEN):
    os._exit(9)
application = Application()
