"""Calls the application for one request, and closes what it returned."""
from .fault import describe, traceback_of


def respond(answer, chunks):
    """Sends what the application returned; list of one: the short way."""
    if (type(chunks) is list or type(chunks) is tuple) and len(chunks) == 1 and answer.sends_body:
        body = chunks[0]
        if type(body) is bytes and not answer.begun and not answer.listed:
            size = len(body)
            if (answer.length is None or answer.length == size) and size <= answer.worker.window:
                answer.whole(body)
                return
    try:
        answer.send_all(chunks)
    finally:
        close(answer, chunks)
        if answer.stream is not None:
            answer.stream.discard()
    answer.end()


def close(answer, chunks):
    """PEP 3333: close() is called whatever happened before; its own failure spoils no answer."""
    try:
        closing = getattr(chunks, "close", None)
        if closing is not None:
            closing()
    except BaseException as error:
        if not answer.is_cancelled():
            says = "close() of the response raised %s\n%s" % (describe(error), traceback_of(error))
            answer.worker.sender.log("error", says.rstrip("\n"), answer.id)
