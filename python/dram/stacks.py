"""What the threads of this process do now, for STACKS and for the signal DUMP."""
import faulthandler
import gc
import os
import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread

from .fault import OUR_FOLDER, plain_call, tracebacks
from .frames import ID_MASK, TABLE
from .page import FRONT_SHIFT, ID, IDENT

# Of a longer stack, so many of the latest calls are shown.
MAX_CALLS = 300
SS_DISABLE = 2

has_given_stack = False
COLLECTS_AMID_ALLOCATION = sys.version_info[:2] == (3, 11)
# Without the GIL a thread's frames can't be read while it runs.
has_gil = getattr(sys, "_is_gil_enabled", lambda: True)
THREADING = threading.Thread.run.__code__.co_filename


def arm_dump(path):
    """Makes the signal DUMP write the stacks of all threads into the file at `path`; Linux only.

    For a worker that doesn't answer STACKS because a call into C keeps the GIL: faulthandler reads the threads' frames
    without it, which crashes a process whose threads run, sooner or later (seen on 3.9-3.13). So nothing else uses it.
    """
    if sys.platform != "linux":
        return
    keep_the_usual_stack()
    # Never closed: the handler writes to it as long as this process lives.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    faulthandler.register(TABLE["signals"]["DUMP"], file=descriptor, all_threads=True, chain=False)


def keep_the_usual_stack():
    """Keeps this thread, and processes that are forked from here, from the alternate stack of faulthandler's, 16 KiB.

    The kernel lays the frames of all signals that wait onto it, one on another, 3.4 KiB each with AVX-512 and 11 KiB
    with AMX: a service manager's TERM beside a terminal's INT, QUIT and HUP would be SIGSEGV. faulthandler gives its
    stack once, to the thread that first asks for it: to one that ends at once.
    """
    global has_given_stack
    if has_given_stack or sys.platform != "linux":
        return
    has_given_stack = True
    if faulthandler.is_enabled():      # PYTHONFAULTHANDLER: the main thread has it
        return take_back_the_stack()
    given = allocate_lock()
    given.acquire()

    def ask():
        try:
            # Of a signal that nobody sends yet; the descriptor is never written to.
            faulthandler.register(TABLE["signals"]["DUMP"], file=2, chain=False)
            faulthandler.unregister(TABLE["signals"]["DUMP"])
        finally:
            given.release()

    try:
        start_new_thread(ask, ())
    except RuntimeError:      # there may be no more of them
        ask()
        return take_back_the_stack()
    given.acquire()


def take_back_the_stack():
    try:
        import ctypes
    except Exception:      # as in prctl.py
        return

    class Stack(ctypes.Structure):                # stack_t, sigaltstack(2)
        _fields_ = [("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

    ctypes.CDLL(None).sigaltstack(ctypes.byref(Stack(None, SS_DISABLE, 0)), None)


def threads(slots, front=0):
    """The other threads of this process, as the answer to STACKS tells them to one front; serving threads first.

    `request` is the id of that front's request that a serving thread runs, by its slot on the state page.
    """
    calls = calls_of_threads()
    requests = {slot.words[IDENT]: slot.words[ID] for slot in slots}      # keys (Line.key)
    names = names_of_threads()
    all_told = [
        told(names.get(ident, "thread %d" % ident), ident, requests.get(ident, 0), calls[ident], front)
        for ident in calls
    ]
    return sorted(all_told, key=lambda thread: thread["ident"] not in requests)


def told(name, ident, key, calls, front):
    return {"name": name, "ident": ident, "request": id_of(key, front), "stack": text_of(calls, key)}


def id_of(key, front):
    return key & ID_MASK if key >> FRONT_SHIFT == front else 0


def calls_of_threads():
    """ident → the calls of each thread but this one. No reference to a frame is left: it'd keep what that holds."""
    frames = current_frames()
    del frames[get_ident()]
    return {ident: calls_of(frame) if has_gil() else [] for ident, frame in frames.items()}


def current_frame():
    """That of the caller."""
    return sys._getframe(1)


def current_frames():
    """sys._current_frames(), with no garbage collection meanwhile.

    Python 3.11 may begin one while it holds a lock of the interpreter; if a finalizer or another thread then wants
    that lock, all wait for ever (python/cpython#106883). Newer ones collect at other times.
    """
    collects = COLLECTS_AMID_ALLOCATION and gc.isenabled()
    if collects:
        gc.disable()
    try:
        return sys._current_frames()
    finally:
        if collects:
            gc.enable()


def names_of_threads():
    """ident → name. threading.enumerate() takes a lock, which the application may have replaced by its own kind."""
    return {ident: name_of(thread) for ident, thread in list(threading._active.items())}


def name_of(thread):
    try:
        return str(thread.name)
    except Exception:         # an application's subclass may do anything
        return type(thread).__name__


def calls_of(frame):
    """(file, line, function) of a thread's calls, latest first."""
    calls = []
    while frame is not None:
        code = frame.f_code
        calls.append((code.co_filename, frame.f_lineno or 0, code.co_name))
        frame = frame.f_back
    return calls


def text_of(calls, request):
    """Python's own format, oldest call first; empty for a serving thread that runs no request."""
    calls = calls[::-1]
    shown = without_ours(calls)
    if not shown and request:
        shown = calls
    left_out = max(0, len(shown) - MAX_CALLS)
    lines = format_calls(shown[left_out:])
    if left_out:
        lines.insert(0, "  [%d earlier calls are left out]\n" % left_out)
    return "".join(lines)


def without_ours(calls):
    """The calls since the application was entered; in a thread that isn't ours, all."""
    at = 0
    while at < len(calls) and calls[at][0] == THREADING:
        at += 1
    first = at
    while at < len(calls) and calls[at][0].startswith(OUR_FOLDER):
        at += 1
    return calls[at:] if at > first else calls


def format_calls(calls):
    try:
        return tracebacks().format_list([(file, line, name, None) for file, line, name in calls])
    except Exception:         # source lines come from files, loaders and a cache that other threads use as well
        return [plain_call(*call) for call in calls]
