"""Calls the application for one request, and closes what it returned."""
from itertools import chain
from time import perf_counter as clock

from .fault import describe, traceback_of
from .files import may_be_file
from .reply import MAX_JOINED_BYTES

MAX_KNOWN = 256
plain_kinds = set()       # types of iterables that are nothing but that


def respond(answer, chunks):
    """Sends what the application returned; a list, which is whole already, goes the short way. Hot."""
    kind = type(chunks)
    if (kind is list or kind is tuple) and answer.sends_body and not answer.begun:
        body = chunks[0] if len(chunks) == 1 else joined(chunks)
        if type(body) is bytes:
            size = len(body)
            if (answer.length is None or answer.length == size) and size <= answer.line.window:
                if answer.stream is not None:
                    answer.stream.discard()
                if size <= answer.line.most_whole:
                    answer.whole(body, clock())
                else:
                    answer.large(body)
                return
    try:
        if answer.length and (kind in plain_kinds or is_plain(kind)):
            send_first(answer, iter(chunks))
        else:
            answer.send_all(chunks)
    finally:
        close(answer, chunks)
        if answer.stream is not None:
            answer.stream.discard()
    answer.end()


def send_first(answer, chunks):
    """As Answer.send_all, for an iterable whose first chunk is, as a rule, the whole body.

    Amid a framework's code ours is never in the processor's caches: what costs is how much of it is touched.
    """
    chunk = next(chunks, b"")        # it may have called start_response again, or write
    is_all = answer.code and type(chunk) is bytes and len(chunk) == answer.length <= answer.line.most_whole
    if is_all and answer.sends_body and not answer.begun:
        answer.defer(chunk)
        for chunk in chunks:
            answer.send_all(chain((chunk,), chunks))
            break
    else:
        answer.send_all(chain((chunk,), chunks))


def is_plain(kind):
    """Whether a type is nothing but iterable: no file that the front could send, no list, no mistake."""
    plain = hasattr(kind, "__iter__") and not issubclass(kind, (bytes, str, list, tuple)) and not may_be_file(kind)
    if plain and len(plain_kinds) < MAX_KNOWN:
        plain_kinds.add(kind)
    return plain


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
            if answer.is_watched:
                answer.closed()
    except BaseException as error:
        if not answer.is_cancelled():
            says = "close() of the response raised %s\n%s" % (describe(error), traceback_of(error))
            answer.line.sender.log("error", says.rstrip("\n"), answer.id)
