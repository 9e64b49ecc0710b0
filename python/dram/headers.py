"""Status and headers of an application: checked and written as the head of a HEAD frame.

Applications repeat themselves: a head seen twice is kept whole, and of others the names and
statuses that were good once, so that a line costs one look-up. CR, LF and NUL are counted once
over the whole head, and only if the count is off the culprit is looked for.
"""
import re

from .fault import Fault, shown
from .frames import FLAGS

LENGTH = FLAGS["HEAD"]["LENGTH"]
CLOSE = FLAGS["HEAD"]["CLOSE"]
DATE = FLAGS["HEAD"]["DATE"]
SERVER = FLAGS["HEAD"]["SERVER"]

PLAIN, CONTENT_LENGTH, MARKED, HOP_BY_HOP = range(4)
KINDS = {"content-length": CONTENT_LENGTH, "date": MARKED, "server": MARKED}
# PEP 3333 forbids them to applications, as wsgiref.util.is_hop_by_hop lists them, and the two of today.
for name in (
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer trailers"
    " transfer-encoding upgrade"
).split():
    KINDS[name] = HOP_BY_HOP

is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch     # RFC 9110 §5.6.2
is_status = re.compile(r"[2-5]\d\d( [^\r\n\0]*)?", re.ASCII).fullmatch
is_length = re.compile(r"\d{1,18}", re.ASCII).fullmatch

MAX_KNOWN = 2048
MAX_KNOWN_LENGTH = 128
known_names = {}          # name as the application writes it → kind
known_statuses = {}       # status → (code, line)

MAX_KEPT_HEAD_BYTES = 4096
MAX_KEPT_BYTES = 1024 * 1024
MAX_SEEN = 4096


class Heads:
    """Heads that were written before, by (status, *headers). Hot: tests/python/bench_worker.py."""

    def __init__(self):
        self.known = {}
        self.kept_bytes = 0
        self.seen = set()

    def write(self, status, headers):
        """As write_head."""
        if type(headers) is not list:
            return write_head(status, headers)
        key = (status, *headers)
        try:
            return self.known[key]
        except KeyError:
            return self.learn(key, headers)
        except TypeError:              # a pair may be a list
            return write_head(status, headers)

    def learn(self, key, headers):
        head = write_head(key[0], headers)
        size = len(head[3])
        if size <= MAX_KEPT_HEAD_BYTES and not head[4]:
            mark = hash(key)
            if mark in self.seen:
                if self.kept_bytes + size > MAX_KEPT_BYTES:
                    self.known.clear()
                    self.kept_bytes = 0
                self.known[key] = head
                self.kept_bytes += size
            else:
                if len(self.seen) >= MAX_SEEN:
                    self.seen.clear()
                self.seen.add(mark)
        return head


def write_head(status, headers):
    """Checks status and headers; returns (code, flags, content length or None, bytes, hop-by-hop names dropped)."""
    flags = 0
    length = None
    dropped = ()
    kinds = known_names
    try:
        code, head = known_statuses[status]
    except (KeyError, TypeError):
        code, head = learn_status(status)
    lines = 1
    try:
        for name, value in headers:
            kind = kinds.get(name)
            if kind is None:
                kind = learn_name(name)
            if kind:
                if kind == HOP_BY_HOP:
                    flags |= close_wanted(name, value)
                    dropped += (name,)
                    continue
                if kind == CONTENT_LENGTH:
                    length = read_length(value, length)
                    flags |= LENGTH
                else:
                    flags |= DATE if name[0] in "dD" else SERVER
            head += name + ": " + value + "\r\n"
            lines += 1
        data = head.encode("latin-1")
    except (TypeError, ValueError):
        raise culprit(headers) from None
    if data.count(b"\n") != lines or data.count(b"\r") != lines or b"\0" in data:
        raise culprit(headers)
    return code, flags, length, data, dropped


def learn_status(status):
    if type(status) is not str:
        raise Fault("APP_STATUS_INVALID", "the status must be a string, not %s" % type(status).__name__)
    try:
        status.encode("latin-1")
        good = is_status(status)
    except UnicodeError:
        good = None
    if not good:
        if re.match(r"1\d\d( |$)", status, re.ASCII):
            raise Fault("APP_STATUS_INVALID", "the status %r is interim, which an application can't send" % status)
        raise Fault("APP_STATUS_INVALID", "the status %s is not of the form '200 OK'" % shown(status))
    learnt = int(status[:3]), (status if len(status) > 3 else status + " ") + "\r\n"
    remember(known_statuses, status, learnt)
    return learnt


def learn_name(name):
    if type(name) is not str:
        raise TypeError
    if not is_token(name):
        raise Fault("APP_HEADER_INVALID", "the header name %s is not a token" % shown(name))
    kind = KINDS.get(name.lower(), PLAIN)
    remember(known_names, name, kind)
    return kind


def remember(known, text, fact):
    if len(known) < MAX_KNOWN and len(text) <= MAX_KNOWN_LENGTH:
        known[text] = fact


def read_length(value, before):
    if before is not None:
        raise Fault("APP_HEADER_INVALID", "the header 'Content-Length' is given twice")
    if type(value) is not str or not is_length(value):
        raise Fault("APP_HEADER_INVALID", "the header 'Content-Length' has the value %s" % shown(value))
    return int(value)


def close_wanted(name, value):
    if name.lower() == "connection" and type(value) is str:
        if "close" in [option.strip() for option in value.lower().split(",")]:
            return CLOSE
    return 0


def culprit(headers):
    """The fault that names the header which spoiled the head."""
    try:
        for pair in headers:
            try:
                name, value = pair
            except (TypeError, ValueError):
                return Fault("APP_HEADER_INVALID", "%s is not a pair of header name and value" % shown(pair))
            if type(name) is not str:
                return Fault("APP_HEADER_INVALID", "the header name %s is not a string" % shown(name))
            says = value_trouble(value)
            if says:
                return Fault("APP_HEADER_INVALID", "the header %r %s" % (name, says))
    except TypeError:
        pass
    return Fault("APP_HEADER_INVALID", "the headers are %s, not a list of pairs" % type(headers).__name__)


def value_trouble(value):
    if not isinstance(value, str):
        return "has a value of type %s, which must be a string" % type(value).__name__
    for character, called in (("\r", "a CR"), ("\n", "an LF"), ("\0", "a NUL")):
        if character in value:
            return "has %s in its value" % called
    try:
        value.encode("latin-1")
    except UnicodeError:
        return "has a character beyond latin-1 in its value"
    return ""
