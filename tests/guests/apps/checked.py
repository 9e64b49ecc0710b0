"""The guest that the variable GUEST names (`module:attribute`), under the standard library's validator.

Two of its demands go beyond what frameworks keep, so the application's side is mended before they are checked:
it wants every read of the body to have a size, and no Content-Type on a 304.
"""

import importlib
import os
from wsgiref.validate import InputWrapper, validator

InputWrapper.read = lambda self, *size: self.input.read(*size)

name, _, attribute = os.environ["GUEST"].partition(":")
guest = getattr(importlib.import_module(name), attribute)
if attribute.startswith("make_"):
    guest = guest()


def lenient(environ, start_response):
    """304 and 204 without Content-Type, which the validator forbids and some frameworks send."""

    def start(status, headers, *exc_info):
        if status[:3] in ("204", "304"):
            headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
        return start_response(status, headers, *exc_info)

    return guest(environ, start)


application = validator(lenient)
