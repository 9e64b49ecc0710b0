"""Values as short texts, for people who look for a mistake.

As reprlib does it: containers are walked here, with bounds, and never asked for the text of all they hold. What is
known by its name to be secret is not shown.
"""
import collections
import sys
from itertools import islice
from time import perf_counter as clock

MASK = "***"
MOST_TEXT = 300
MOST_ITEMS = 20
MOST_DEPTH = 3
ALL_SECONDS = 0.5            # for the values of one report …
ONE_SECONDS = 0.1            # … and for one repr() of the application's


class TookTooLong(BaseException):
    """So that no `except Exception` of a repr() stops it."""


class Showing:
    def __init__(self, is_secret):
        self.is_secret = is_secret
        self.deadline = clock() + ALL_SECONDS
        self.room = 0        # characters that are left for the present value

    def text(self, value):
        self.room = MOST_TEXT
        try:
            text = self.shown(value, 0)
        except BaseException as error:
            text = failed(value, error)
        return cut(text, MOST_TEXT)

    def shown(self, value, depth):
        if self.room <= 0:
            return "…"      # nobody would see it
        self.room -= len(", ")
        kind = type(value)
        repr_of = kind.__repr__
        # Subclasses that leave repr() as it is are walked as what they are.
        if repr_of is dict.__repr__:
            return self.mapping(value, depth)
        if issubclass(kind, dict) and dict.__len__(value):      # forms and configurations: they hold secrets
            return "%s(%s)" % (kind.__name__, self.mapping(value, depth))
        for base, start, end in SEQUENCES:
            if repr_of is base.__repr__:
                return self.sequence(value, depth, base, start, end)
        if is_plain_dataclass(kind):
            names = [one.name for one in kind.__dataclass_fields__.values() if one.repr]
            return self.fields(value, names, depth)
        if issubclass(kind, tuple) and getattr(repr_of, "__module__", None) == "collections":
            return self.fields(value, kind._fields, depth)
        text = self.leaf(value, kind, repr_of)
        self.room -= len(text)
        return text

    def leaf(self, value, kind, repr_of):
        if repr_of in (str.__repr__, bytes.__repr__, bytearray.__repr__):
            return long_text(value)
        if repr_of is int.__repr__ and value.bit_length() > 1_000:
            return "<%s of %d bits>" % (kind.__name__, value.bit_length())
        return self.asked(value)

    def mapping(self, value, depth):
        if depth >= MOST_DEPTH:
            return "{…}" if dict.__len__(value) else "{}"
        items = [
            "%s: %s" % (self.shown(key, depth + 1), self.named(key, one, depth))
            for key, one in islice(dict.items(value), MOST_ITEMS)
        ]
        return "{%s}" % ", ".join(items + rest(dict.__len__(value)))

    def sequence(self, value, depth, base, start, end):
        length = base.__len__(value)      # a subclass's own methods may do anything
        if not length:
            return base.__repr__(value)
        if depth >= MOST_DEPTH:
            return start + "…" + end
        beginning = list(islice(base.__iter__(value), MOST_ITEMS))
        if base is tuple and length == 2 and isinstance(beginning[0], (str, bytes)):
            name, one = beginning
            return "(%s, %s)" % (long_text(name), self.named(name, one, depth))      # as headers are
        items = [self.shown(one, depth + 1) for one in beginning]
        if length == 1 and base is tuple:
            return "(%s,)" % items[0]
        return start + ", ".join(items + rest(length)) + end

    def fields(self, value, names, depth):
        """A dataclass or a named tuple, whose own repr() would tell all of it."""
        name = type(value).__qualname__
        if depth >= MOST_DEPTH:
            return name + "(…)"
        told = [
            "%s=%s" % (one, self.named(one, getattr(value, one, None), depth)) for one in names[:MOST_ITEMS]
        ]
        return "%s(%s)" % (name, ", ".join(told + rest(len(names))))

    def named(self, name, value, depth):
        if isinstance(name, bytes):
            name = name.decode("latin-1")
        if isinstance(name, str) and self.is_secret(name):
            return MASK
        return self.shown(value, depth + 1)

    def asked(self, value):
        """repr() of an object that is the application's, or a library's: whatever it does."""
        deadline = min(clock() + ONE_SECONDS, self.deadline)
        if clock() >= self.deadline:
            return "<%s>" % type(value).__name__
        try:
            text = within(deadline, value)
        except BaseException as error:
            return failed(value, error)
        return cut(text, MOST_TEXT)


SEQUENCES = (
    (list, "[", "]"),
    (tuple, "(", ")"),
    (set, "{", "}"),
    (frozenset, "frozenset({", "})"),
    (collections.deque, "deque([", "])"),
    (type({}.keys()), "dict_keys([", "])"),
    (type({}.values()), "dict_values([", "])"),
    (type({}.items()), "dict_items([", "])"),
)


def within(deadline, value):
    """repr(value); TookTooLong where Python code of it goes on beyond the deadline."""
    if sys.gettrace() is not None:      # a debugger, or a measurement of coverage, has this
        return repr(value)

    def look(frame, event, argument):
        if clock() > deadline:
            raise TookTooLong
        return look

    sys.settrace(look)
    try:
        return repr(value)
    finally:
        sys.settrace(None)


def failed(value, error):
    why = "takes too long" if isinstance(error, TookTooLong) else "raised " + type(error).__name__
    return "<%s, whose repr() %s>" % (type(value).__name__, why)


def cut(text, most):
    return text if len(text) <= most else text[: most - 1] + "…"


def rest(length):
    return ["… %d more" % (length - MOST_ITEMS)] if length > MOST_ITEMS else []


def long_text(value):
    """repr() of a text of which only the beginning is looked at."""
    if len(value) <= MOST_TEXT:
        return repr(value)
    return "%s… (%d)" % (repr(value[: MOST_TEXT // 2]), len(value))


def is_plain_dataclass(kind):
    """Its repr() was made by @dataclass."""
    code = getattr(getattr(kind.__repr__, "__wrapped__", None), "__code__", None)
    return "__dataclass_fields__" in kind.__dict__ and code is not None and code.co_filename == "<string>"
