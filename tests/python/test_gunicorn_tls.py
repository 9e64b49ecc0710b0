"""The hook ssl_context, made settings."""
import ssl
import unittest
from types import SimpleNamespace

import support  # noqa: F401 (it loads the package)
from _dram.dialects.gunicorn.tls import run_hook
from _dram.fault import Fault

SETTINGS = {"certfile": "/a.pem", "keyfile": "/a.key", "ca_certs": "/ca.pem", "cert_reqs": 2, "ciphers": None}


def settings(hook, **own):
    return run_hook(hook, SimpleNamespace(**{**SETTINGS, **own}))


class HookTest(unittest.TestCase):
    def test_default_factory(self):
        found = settings(lambda config, factory: factory())
        self.assertEqual(
            found,
            {
                "certfile": "/a.pem",
                "keyfile": "/a.key",
                "caCerts": "/ca.pem",
                "certReqs": "required",
                "ciphers": None,
                "tlsMin": "1.2",
                "problems": [],
                "http2": False,
            },
        )

    def test_as_documented(self):
        def hook(config, factory):
            context = factory()
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(cafile="/other.pem")
            context.load_cert_chain("/b.pem", "/b.key")
            context.set_ciphers("ECDHE+AESGCM")
            context.set_alpn_protocols(["h2", "http/1.1"])
            return context

        found = settings(hook, ca_certs=None)
        self.assertEqual((found["certfile"], found["keyfile"], found["tlsMin"]), ("/b.pem", "/b.key", "1.3"))
        self.assertEqual((found["certReqs"], found["caCerts"]), ("optional", "/other.pem"))
        self.assertEqual((found["ciphers"], found["http2"]), ("ECDHE+AESGCM", True))
        self.assertEqual(found["problems"], [])

    def test_context_of_its_own(self):
        def hook(config, factory):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="/own.pem")
            context.load_cert_chain(config.certfile)
            return context

        found = settings(hook)
        self.assertEqual((found["certfile"], found["keyfile"], found["caCerts"]), ("/a.pem", "/a.pem", "/own.pem"))
        self.assertIs(type(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)), ssl.SSLContext)

    def test_what_cannot_be_a_setting_is_named(self):
        def hook(config, factory):
            context = factory()
            context.sni_callback = lambda socket, name, before: None
            context.load_cert_chain("/c.pem", password="secret")
            context.load_verify_locations(cadata="x")
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            return context

        problems = " ".join(settings(hook)["problems"])
        for word in ("sni_callback", "DRAM_SNI", "DRAM_KEY_PASSWORD", "load_verify_locations", "maximum_version"):
            self.assertIn(word, problems)
        self.assertNotIn("secret", problems)

    def test_no_context(self):
        for given in (None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)):
            with self.assertRaises(Fault) as caught:
                settings(lambda config, factory, given=given: given)
            self.assertEqual(caught.exception.code, "HOOK_INVALID")

    def test_failing(self):
        with self.assertRaises(Fault) as caught:
            settings(lambda config, factory: 1 / 0)
        self.assertEqual(caught.exception.code, "CONFIG_FAILED")
        self.assertIn("ZeroDivisionError", caught.exception.traceback)
        self.assertEqual(ssl.create_default_context.__module__, "ssl")


if __name__ == "__main__":
    unittest.main()
