import os
import time

with open(os.environ["NOTES"], "a") as notes:
    notes.write("importing\n")
time.sleep(60)


def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]
