"""The audit of a candidate: what loading the application has left in the process that workers must not share.

A fork copies memory and nothing else: threads don't come along, while sockets, files opened for
writing and database connections do, one for all. Each finding is one plain sentence that names
its cause as well as it can be found.
"""
import collections
import faulthandler
import gc
import os
import signal
import sys
import threading
import time

# signal's own make an enumeration's member of each answer, which takes twenty times as long.
from _signal import getsignal, valid_signals

from . import descriptors, procfs
from .fault import describe
from .holders import Holders, is_kind

ENDING_SECONDS = 0.2
ENDING_CHECK_SECONDS = 0.002
WALL = 0x40000000      # __WALL, of wait(2): also children that don't tell their end by SIGCHLD
CANNOT = "the audit can't be made here: there is no /proc"
FATAL_SIGNALS = {signal.SIGSEGV, signal.SIGFPE, signal.SIGABRT, signal.SIGBUS, signal.SIGILL}


class Audit:
    """What the process has before the application is loaded; findings() compares it with what it has then."""

    def __init__(self):
        self.modules = set(sys.modules)
        self.handlers = python_handlers()
        try:
            self.threads = procfs.threads()
            self.descriptors = descriptors.all_open()
            self.dispositions = procfs.dispositions()
            self.is_possible = True
        except OSError:
            self.is_possible = False

    def findings(self):
        """Sentences; none if workers may be forked from this process."""
        if not self.is_possible:
            return [CANNOT]
        try:
            return together(self.differences())
        except Exception as error:      # it has looked at the application's objects, which may be of any kind
            sys.excepthook(*sys.exc_info())
            return ["the audit has failed: %s" % describe(error)]

    def differences(self):
        gc.collect()      # what only lies around is no finding
        objects = Objects(self.modules)
        yield from new_threads(self.threads)
        yield from event_loops(objects)
        yield from new_descriptors(self.descriptors, objects)
        yield from children()
        yield from changed_handlers(self.handlers, self.dispositions)
        yield from generators(objects)
        yield from temporary_folders(objects)


def together(sentences):
    """Each sentence once, with how often it was said."""
    counts = collections.Counter(sentences)
    return [text if count == 1 else "%s (%d times)" % (text, count) for text, count in counts.items()]


class Objects:
    """Every object the garbage collector knows, by type, and who holds one."""

    def __init__(self, old_modules):
        self.old_modules = old_modules
        self.searched = None

    def of(self, *kinds):
        """Objects of these types or of ones derived from them."""
        kinds = frozenset(kinds)
        wanted = {}      # type → whether it is one
        found = []
        for one in gc.get_objects():
            kind = type(one)
            if kind not in wanted:
                wanted[kind] = is_kind(one, kinds)
            if wanted[kind]:
                found.append(one)
        return found

    @property
    def holders(self):
        if self.searched is None:
            self.searched = Holders(self.old_modules)
        return self.searched


# Threads


def threads_that_stay(known):
    """The native threads, without those that are about to end: the kernel's may outlive a join() by a moment."""
    deadline = time.monotonic() + ENDING_SECONDS
    while True:
        names = procfs.threads()
        if known.issuperset(names) or time.monotonic() >= deadline:
            return names
        time.sleep(ENDING_CHECK_SECONDS)


def new_threads(before):
    known = {thread.native_id: thread for thread in threading.enumerate()}
    names = threads_that_stay(set(before) | set(known))
    new = set(names) - set(before)
    if not new:
        return
    for native_id in sorted(new & set(known)):
        yield "the thread %r runs%s" % (known[native_id].name, what_runs(known[native_id]))
    nameless = sorted(new - set(known))
    functions = started_functions({thread.ident for thread in known.values()})
    for function in functions[: len(nameless)]:
        yield "a thread runs, started with %s" % function
    for native_id in nameless[len(functions) :]:
        # It has its process's name until it gives itself another.
        named = "" if names[native_id] == names.get(os.getpid()) else ", named %r" % names[native_id]
        yield "a native thread runs%s%s" % (named, hint_of_native_threads())


def what_runs(thread):
    target = getattr(thread, "_target", None)
    if target is not None:
        return " (%s)" % name_of(target)
    return "" if type(thread).__module__ == "threading" else " (%s)" % name_of(type(thread))


def started_functions(known):
    """The functions that threads which `threading` doesn't know were started with."""
    functions = []
    for ident, frame in sys._current_frames().items():
        if ident not in known:
            while frame.f_back is not None:
                frame = frame.f_back
            functions.append("%s in %s" % (frame.f_code.co_name, frame.f_code.co_filename))
    return functions


def hint_of_native_threads():
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            if "openblas" in maps.read():
                return ": OpenBLAS starts such threads, unless OPENBLAS_NUM_THREADS=1 is set"
    except OSError:
        pass
    return ""


# Descriptors


def event_loops(objects):
    for loop in open_loops(objects):
        yield "an asyncio event loop is open%s" % objects.holders.of_object(loop)


def open_loops(objects):
    if "asyncio" not in sys.modules:
        return []
    return [loop for loop in objects.of(sys.modules["asyncio"].AbstractEventLoop) if is_open(loop)]


def is_open(loop):
    try:
        return not loop.is_closed()
    except Exception:      # one that implements nothing
        return False


def new_descriptors(before, objects):
    now = descriptors.all_open()
    new = {number: opened for number, opened in now.items() if before.get(number) != opened}
    of_loops = descriptors_of_loops(open_loops(objects)) if new else set()
    for number in sorted(new.keys() - of_loops):
        what = descriptors.describe(number, new)
        if what is not None:
            yield "%s is open%s" % (what, objects.holders.of_descriptor(number, "SQLite" in what))


def descriptors_of_loops(loops):
    """The descriptors that asyncio's own event loops have for themselves."""
    found = set()
    for loop in loops:
        for name in ("_selector", "_ssock", "_csock"):
            try:
                found.add(getattr(loop, name).fileno())
            except Exception:      # another kind of loop
                continue
    return found


def children():
    if not may_have_children():
        return
    for pid, name in procfs.children(os.getpid()).items():
        yield "there is a child process, %d (%s)" % (pid, name)


def may_have_children():
    """False if there are none for certain: the kernel knows at once, while /proc has all processes of the machine."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT | WALL)
    except ChildProcessError:
        return False
    except (OSError, AttributeError):      # before Linux 4.7; PyPy
        pass
    return True


# Signals


def python_handlers():
    return {number: getsignal(number) for number in valid_signals()}


def changed_handlers(before, dispositions):
    now = python_handlers()
    pythons = {number for number in now if now[number] is not before[number]}
    for number in sorted(pythons):
        yield "%s is handled by %s" % (signal_name(number), handler_name(now[number]))
    changed = set()
    for old, new in zip(dispositions, procfs.dispositions()):
        changed |= old ^ new
    harmless = FATAL_SIGNALS if faulthandler.is_enabled() else set()
    for number in sorted((changed & set(now)) - pythons - harmless):
        yield "%s is handled by a native library" % signal_name(number)


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


def handler_name(handler):
    return signal.Handlers(handler).name if isinstance(handler, int) else name_of(handler)


# What memory holds


def generators(objects):
    """Random generators of the application's: all workers would draw the same numbers from one."""
    kinds = generator_types()
    exempt = {id(generator) for generator in harmless_generators()}
    for found in objects.of(*kinds) if kinds else ():
        if id(found) not in exempt and not is_system_random(found):
            where = objects.holders.of_object(found)
            yield "a random generator, %s, would go on alike in every worker%s" % (name_of(type(found)), where)


def generator_types():
    wanted = (("random", "Random"), ("numpy.random", "Generator"), ("numpy.random", "RandomState"))
    found = [getattr(sys.modules.get(module), name, None) for module, name in wanted]
    return [kind for kind in found if isinstance(kind, type)]


def harmless_generators():
    """Those that are seeded anew after a fork: random's own by itself, tempfile's too, and NumPy's by us."""
    yield getattr(sys.modules.get("random"), "_inst", None)
    yield getattr(getattr(sys.modules.get("tempfile"), "_name_sequence", None), "_rng", None)
    yield getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)


def is_system_random(found):
    return is_kind(found, {getattr(sys.modules.get("random"), "SystemRandom", None)})


def temporary_folders(objects):
    tempfile = sys.modules.get("tempfile")
    for folder in objects.of(tempfile.TemporaryDirectory) if tempfile is not None else ():
        if getattr(getattr(folder, "_finalizer", None), "alive", False):
            where = objects.holders.of_object(folder)
            yield "the first worker to end would remove the temporary folder %s%s" % (folder.name, where)


def name_of(function):
    """`module.function`, of whatever is called."""
    function = getattr(function, "func", function)      # functools.partial
    name = getattr(function, "__qualname__", None)
    if name is None:
        return name_of(type(function))
    module = getattr(function, "__module__", None)
    return name if module in (None, "builtins") else "%s.%s" % (module, name)
