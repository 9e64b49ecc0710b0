"""Calls the application for one request, and closes what it returned."""
from .fault import describe, traceback_of
from .reply import MAX_JOINED_BYTES


def respond(answer, chunks):
    """Sends what the application returned; a list, which is whole already, goes the short way."""
    kind = type(chunks)
    if (kind is list or kind is tuple) and answer.sends_body and not answer.begun:
        body = chunks[0] if len(chunks) == 1 else joined(chunks)
        if type(body) is bytes:
            size = len(body)
            if (answer.length is None or answer.length == size) and size <= answer.line.most_whole:
                if answer.stream is not None:
                    answer.stream.discard()
                answer.whole(body)
                return
    try:
        answer.send_all(chunks)
    finally:
        close(answer, chunks)
        if answer.stream is not None:
            answer.stream.discard()
    answer.end()


def joined(chunks):
    """Small chunks as one; None if they aren't small, or aren't all bytes."""
    if all(type(chunk) is bytes for chunk in chunks) and sum(map(len, chunks)) <= MAX_JOINED_BYTES:
        return b"".join(chunks)
    return None


def close(answer, chunks):
    """PEP 3333: close() is called whatever happened before; its own failure spoils no answer."""
    try:
        closing = getattr(chunks, "close", None)
        if closing is not None:
            closing()
    except BaseException as error:
        if not answer.is_cancelled():
            says = "close() of the response raised %s\n%s" % (describe(error), traceback_of(error))
            answer.line.sender.log("error", says.rstrip("\n"), answer.id)
