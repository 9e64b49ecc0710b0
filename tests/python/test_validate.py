"""Everything wsgiref.validate checks, on each kind of request and answer."""
import sys
import tempfile
import unittest
import warnings
from wsgiref.validate import validator

from test_reply import Case

PLAIN = [("Content-Type", "text/plain; charset=utf-8")]


class Validated(Case):
    def setUp(self):
        catcher = warnings.catch_warnings()
        catcher.__enter__()
        self.addCleanup(catcher.__exit__, None, None, None)
        warnings.simplefilter("error")

    def check(self, application, content, **facts):
        frames = self.frames(validator(application), **facts)
        self.assertNotIn("ERROR", self.kinds(frames), frames[-1])
        self.assertNotIn("LOG", self.kinds(frames), frames[0])
        self.assertEqual(self.body(frames), content)

    def hello(self, environ, start_response):
        start_response("200 OK", PLAIN)
        return [b"Hello"]

    def test_methods(self):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            self.check(self.hello, b"Hello", method=method)

    def test_head(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return []

        self.check(application, b"", method="HEAD")

    def test_targets(self):
        self.check(self.hello, b"Hello", method="OPTIONS", target="*")
        self.check(self.hello, b"Hello", target="/caf%C3%A9?x=%00")
        self.check(self.hello, b"Hello", target="/shop", path="", flags=["PATH"], block={"SCRIPT_NAME": "/shop"})
        self.check(self.hello, b"Hello", target="/", flags=["HTTP10"])

    def test_input_and_errors(self):
        def application(environ, start_response):
            stream = environ["wsgi.input"]
            first = stream.read(2)
            line = stream.readline()
            rest = stream.readlines()
            rest += list(stream)
            environ["wsgi.errors"].flush()
            environ["wsgi.errors"].writelines([])
            start_response("200 OK", PLAIN)
            return [first + line + b"".join(rest)]

        body = b"one\ntwo\nthree"
        self.check(application, body, method="POST", body=body, block={"CONTENT_LENGTH": "13"})
        self.check(application, body, method="POST", body=body, flags=["BODY_LENGTH"])
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            self.check(application, body, method="POST", body=file.name.encode(), flags=["BODY_FILE", "BODY_LENGTH"])

    def test_write(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)(b"written ")
            return [b"returned"]

        self.check(application, b"written returned")

    def test_generator(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)

            def body():
                yield b"a"
                yield b""
                yield b"b"

            return body()

        self.check(application, b"ab")

    def test_file_wrapper(self):
        def application(environ, start_response):
            file = tempfile.TemporaryFile()
            file.write(b"content")
            file.seek(0)
            start_response("200 OK", PLAIN)
            return environ["wsgi.file_wrapper"](file)

        self.check(application, b"content")

    def test_exc_info(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            try:
                raise ValueError
            except ValueError:
                start_response("500 Oops", PLAIN, sys.exc_info())
            return [b"sorry"]

        self.check(application, b"sorry")

    def test_the_whole_environ(self):
        seen = {}

        def application(environ, start_response):
            seen.update(environ)
            start_response("200 OK", PLAIN)
            return [b""]

        self.check(application, b"", config={"threads": 1, "multiprocess": False}, target="/a?b", name="id-7")
        self.assertIs(type(seen), dict)
        strings = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/a",
            "QUERY_STRING": "b",
            "REQUEST_URI": "/a?b",
            "RAW_URI": "/a?b",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "dram/test",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "HTTP_HOST": "127.0.0.1:8000",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50000",
            "wsgi.url_scheme": "http",
            "dram.request_id": "id-7",
        }
        others = {
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        for key, value in {**strings, **others}.items():
            self.assertEqual(seen.pop(key), value, key)
        objects = {"wsgi.input", "wsgi.errors", "wsgi.file_wrapper", "wsgi.early_hints", "dram.client_disconnected"}
        self.assertEqual(set(seen), objects)

    def test_threads_are_told(self):
        def application(environ, start_response):
            start_response("200 OK", PLAIN)
            return [repr((environ["wsgi.multithread"], environ["wsgi.multiprocess"])).encode()]

        self.check(application, b"(True, True)", config={"threads": 2})

    def test_environs_are_apart(self):
        def application(environ, start_response):
            environ["mine"] = environ["HTTP_HOST"] = "changed"
            environ.pop("SERVER_NAME")
            start_response("200 OK", PLAIN)
            return [b""]

        from support import LocalWorker

        keys = []

        def outer(environ, start_response):
            keys.append((len(environ), environ["HTTP_HOST"], "mine" in environ))
            return application(environ, start_response)

        worker = LocalWorker(outer)
        for number in range(1, 5):
            worker.answer(number)
        worker.stop()
        self.assertEqual(len(set(keys)), 1)


if __name__ == "__main__":
    unittest.main()
