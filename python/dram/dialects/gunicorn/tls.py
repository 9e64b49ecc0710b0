"""`ssl_context(config, default_ssl_context_factory)`: the front makes the handshakes, so what the hook does to its
context is noted, and becomes settings. What can't be one is named."""
import os
import ssl

from ...fault import Fault, describe, traceback_of

MODES = {ssl.CERT_NONE: "none", ssl.CERT_OPTIONAL: "optional", ssl.CERT_REQUIRED: "required"}


class NotedContext(ssl.SSLContext):
    """An SSLContext that notes which files it is given, instead of reading them: the front reads them, and says what is
    wrong with them."""

    noted = None

    def note(self):
        if self.noted is None:
            self.noted = {"chains": [], "authorities": [], "ciphers": None, "protocols": None, "problems": []}
        return self.noted

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        if password is not None:
            self.note()["problems"].append("a password for load_cert_chain: set DRAM_KEY_PASSWORD=file:PATH instead")
        self.note()["chains"].append([absolute(certfile), absolute(keyfile or certfile)])

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        if cafile is not None:
            self.note()["authorities"].append(absolute(cafile))
        if capath is not None or cadata is not None:
            self.note()["problems"].append("load_verify_locations without a cafile: put all certificates in one file")

    def load_default_certs(self, purpose=ssl.Purpose.SERVER_AUTH):
        """Those of the system sign for everybody: they say nothing of a client."""

    def set_ciphers(self, ciphers):
        super().set_ciphers(ciphers)
        self.note()["ciphers"] = ciphers

    def set_alpn_protocols(self, protocols):
        super().set_alpn_protocols(protocols)
        self.note()["protocols"] = list(protocols)

    def load_dh_params(self, path):
        self.note()["problems"].append("load_dh_params: leave it out, key exchange is by elliptic curves here")

    def set_ecdh_curve(self, name):
        self.note()["problems"].append("set_ecdh_curve: leave it out")


def absolute(path):
    return os.path.abspath(os.fsdecode(path))


def context_of(config):
    """What Gunicorn's own factory makes of the settings."""
    context = NotedContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.VerifyMode(config.cert_reqs or 0)
    if config.certfile or config.keyfile:
        context.load_cert_chain(config.certfile or config.keyfile, config.keyfile)
    if config.ca_certs:
        context.load_verify_locations(config.ca_certs)
    if config.ciphers:
        context.set_ciphers(config.ciphers)
    return context


def default_context(purpose=ssl.Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
    context = NotedContext(ssl.PROTOCOL_TLS_SERVER)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def run_hook(hook, config):
    """The settings that the hook asks for, by the names of dram's. Raises Fault."""
    genuine = ssl.create_default_context
    ssl.create_default_context = default_context      # one that it makes itself is noted, too
    try:
        context = hook(config, lambda: context_of(config))
    except Exception as error:
        fault = Fault("CONFIG_FAILED", "the hook ssl_context failed: %s" % describe(error))
        fault.traceback = traceback_of(error)
        raise fault from None
    finally:
        ssl.create_default_context = genuine
    if not isinstance(context, NotedContext):
        raise Fault(
            "HOOK_INVALID",
            "the hook ssl_context gave %s: only a context of default_ssl_context_factory() can be"
            " made settings" % describe_type(context),
        )
    return settings_of(context)


def describe_type(value):
    return "None" if value is None else "a %s" % type(value).__name__


def settings_of(context):
    noted = context.note()
    problems = list(noted["problems"])
    if context.sni_callback is not None:
        problems.append("sni_callback: name the certificates in DRAM_SNI=HOST=CERT:KEY,... instead")
    if context.maximum_version not in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3):
        problems.append("maximum_version: leave it out, TLS 1.3 is always spoken")
    if len(set(noted["authorities"])) > 1:
        problems.append("several files of load_verify_locations: put all certificates in one file")
    if not noted["chains"]:
        problems.append("a context without load_cert_chain: give it a certificate")
    certificate, key = noted["chains"][-1] if noted["chains"] else (None, None)
    is_strict = context.minimum_version == ssl.TLSVersion.TLSv1_3
    return {
        "certfile": certificate,
        "keyfile": key,
        "caCerts": noted["authorities"][-1] if noted["authorities"] else None,
        "certReqs": MODES[context.verify_mode],
        "ciphers": noted["ciphers"],
        "tlsMin": "1.3" if is_strict else "1.2",
        "problems": problems,
        "http2": "h2" in (noted["protocols"] or ()),
    }
