"""The probe once more, under the standard library's validator: it raises where server or application break PEP 3333."""

import warnings
from wsgiref.validate import validator

import probe

warnings.simplefilter("error")


def application(environ, start_response):
    # The validator wants positional arguments and no more than PEP 3333 names; what it wraps may use the rest.
    return validated(environ, start_response)


validated = validator(probe.application)
