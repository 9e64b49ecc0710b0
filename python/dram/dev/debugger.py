"""pdb, and what is derived from it, in a worker of `dram dev`: it has the terminal while it talks.

Nothing is changed before somebody imports pdb (breakpoint() does, or the function that PYTHONBREAKPOINT names): that
takes longer than all else that a worker does at its start. Lives in the worker around the extension that is there, or
Quiet.
"""
import sys
from importlib import util
from time import perf_counter as clock

from ..page import ID, IDENT, STANDING, START
from .terminal import Terminal, Unavailable, get_ident, pass_over

OURS = __name__.partition(".")[0] + "."


class Debugger:
    def __init__(self, folder, inner):
        self.folder = folder
        self.inner = inner
        self.session = None

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def begin_worker(self, number):
        self.session = Session(Terminal(self.folder))
        if "pdb" in sys.modules:
            self.session.adopt(sys.modules["pdb"])
        else:
            sys.meta_path.insert(0, Finder("pdb", self.session.adopt))
        self.inner.begin_worker(number)

    def attach(self, worker):
        self.session.slots = worker.slots
        if not worker.is_single and not worker.config["greenlets"]:
            worker.aside = self.session.terminal.main
        self.inner.attach(worker)

    def let_go_in_child(self):
        self.session.terminal.let_go_in_child()
        self.inner.let_go_in_child()


class Finder:
    """Finds one module as others would, and tells once it is loaded."""

    def __init__(self, name, told):
        self.name = name
        self.told = told

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            self.told(module)

        spec.loader.exec_module = exec_module
        return spec


class Session:
    """From the moment a debugger stops until the program goes on without it: steps in between belong to it."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.slots = ()              # of the threads that run requests
        self.stopped = {}            # ident of a thread → (slot, when its request had begun), and since when they stand

    def begin(self):
        """Raises Unavailable."""
        if not self.terminal.is_ours:
            self.stop_clocks()       # who waits for the terminal is not late, either
            try:
                self.terminal.take()
            except Unavailable:
                self.restart_clocks()
                raise

    def end(self):
        if self.terminal.is_ours:
            self.restart_clocks()
            self.terminal.give_back()

    def stop_clocks(self):
        """Who looks at a request takes their time: it has no deadline meanwhile. Greenlets all stand still with one."""
        running = [slot for slot in self.slots if slot.words[ID] and slot.doubles[START] != STANDING]
        mine = [slot for slot in running if slot.words[IDENT] == get_ident()] or running
        self.stopped[get_ident()] = ([(slot, slot.doubles[START]) for slot in mine], clock())
        for slot in mine:
            slot.doubles[START] = STANDING

    def restart_clocks(self):
        starts, stopped_at = self.stopped.pop(get_ident())
        for slot, start in starts:
            if slot.doubles[START] == STANDING:
                slot.doubles[START] = start + clock() - stopped_at

    def adopt(self, pdb):
        """Changes the class that all debuggers of pdb's kind derive from, and what they read lines by."""
        import cmd
        import code

        session = self
        kind = getattr(pdb, "Pdb", None)
        if kind is None:
            return      # the application has a module of that name
        cmd.input = code.input = self.terminal.ask
        interact, go_on, quit_, dispatch = kind.interaction, kind.set_continue, kind.set_quit, kind.trace_dispatch

        def interaction(self, frame, *rest, **named):
            if not self.use_rawinput:      # it talks to somebody elsewhere
                return interact(self, frame, *rest, **named)
            try:
                session.begin()
            except Unavailable as error:
                pass_over(error, frame)
                return self.set_continue()
            self.dram_is_over = True      # unless a step is asked for
            try:
                return interact(self, frame, *rest, **named)
            finally:
                if self.dram_is_over:
                    session.end()

        def over(then):
            def set_over(self):
                self.dram_is_over = True
                return then(self)

            return set_over

        def trace_dispatch(self, frame, event, arg):
            if not str(frame.f_globals.get("__name__")).startswith(OURS):
                return dispatch(self, frame, event, arg)
            frame.f_trace = None          # the application has been left: nothing of ours is stepped through
            if session.terminal.is_ours:
                self.set_continue()
                session.end()
            return None

        kind.interaction = interaction
        kind.set_continue = over(go_on)
        kind.set_quit = over(quit_)
        kind.trace_dispatch = trace_dispatch
        for name in ("set_step", "set_next", "set_until", "set_return"):
            setattr(kind, name, stepping(getattr(kind, name)))


def stepping(step):
    def set_stepping(self, *arguments, **named):
        self.dram_is_over = False
        return step(self, *arguments, **named)

    return set_stepping
