"""Takes environ to pieces: nothing of that may be seen by the next request."""


def application(environ, start_response):
    clean = environ["HTTP_X_SAME"] == "same" and "greedy" not in environ
    environ["HTTP_X_SAME"] = "changed"
    environ["greedy"] = True
    for key in [key for key in environ if key.startswith("SERVER_")]:
        del environ[key]
    headers = [("Content-Type", "text/plain")]
    start_response("200 OK", headers)
    headers.append(("X-Late", "1"))
    environ.clear()
    return [b"clean" if clean else b"dirty"]
