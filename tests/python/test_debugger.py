"""What `dram dev` does for debuggers, without a terminal: tests/live/devTerminal.test.ts has one."""
import contextlib
import io
import signal
import socket
import sys
import tempfile
import threading
import unittest

import support  # noqa: F401
from _dram.dev.debugger import Finder, Session
from _dram.dev.terminal import MainThread, Terminal, Unavailable


class MainThreadTest(unittest.TestCase):
    def test_before_it_serves_a_call_is_made_where_it_is_asked_for(self):
        main = MainThread()
        self.assertNotEqual(self.elsewhere(lambda: main.call(threading.get_ident)), [main.ident])

    def test_while_it_serves_it_calls_for_others_until_they_have_ended(self):
        main = MainThread()
        found = []

        def ask():
            try:
                found.append(main.call(threading.get_ident))
                main.call(int, "no number")
            except ValueError as error:
                found.append(str(error))
            finally:
                main.ended()

        main.is_serving = True      # as it will be, whoever comes first
        threading.Thread(target=ask).start()
        main.serve(1)
        self.assertEqual(found[0], main.ident)
        self.assertIn("no number", found[1])
        self.assertEqual(main.call(len, "abc"), 3)

    def elsewhere(self, function):
        found = []
        thread = threading.Thread(target=lambda: found.append(function()))
        thread.start()
        thread.join()
        return found


class TerminalTest(unittest.TestCase):
    def test_a_thread_that_has_ended_amid_a_step_is_no_holder_when_ctrl_c_comes(self):
        ours, front = socket.socketpair()
        with ours, front, tempfile.TemporaryDirectory() as folder:
            terminal = Terminal(folder)
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
            terminal.lock.acquire()
            terminal.loan, terminal.holder = ours, thread.ident
            terminal.interrupt(signal.SIGINT, None)
            self.assertIsNone(terminal.holder)
            self.assertFalse(terminal.lock.locked())
            self.assertEqual(front.recv(10), b".")
            self.assertEqual(front.recv(10), b"")


    def test_a_process_that_is_forked_amid_a_loan_may_ask_for_one_of_its_own(self):
        ours, front = socket.socketpair()
        with ours, front, tempfile.TemporaryDirectory() as folder:
            terminal = Terminal(folder)
            terminal.main.is_serving = True
            terminal.lock.acquire()
            terminal.loan, terminal.holder = ours, threading.get_ident()
            terminal.let_go_in_child()      # as if it were one, of another thread
            found = []
            thread = threading.Thread(target=lambda: found.append(raised_by(terminal.take)))
            thread.start()
            thread.join()
            self.assertIsInstance(found[0], Unavailable)


def raised_by(function):
    try:
        function()
    except BaseException as error:
        return error
    return None


class SessionTest(unittest.TestCase):
    """In a Python of its own pdb, so that other tests get theirs as it was."""

    def setUp(self):
        self.kept = {name: sys.modules.pop(name, None) for name in ("pdb", "cmd", "code")}
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.session = Session(Terminal(folder.name))
        finder = Finder("pdb", self.session.adopt)
        sys.meta_path.insert(0, finder)
        import pdb

        self.assertNotIn(finder, sys.meta_path)
        self.pdb = pdb

    def tearDown(self):
        for name, module in self.kept.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module

    def test_without_a_terminal_the_program_goes_on_and_says_where(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.pdb.set_trace()
            after = 1
        self.assertEqual(after, 1)
        self.assertIsNone(sys.gettrace())
        self.assertRegex(said.getvalue(), r"breakpoint\(\) was passed over at .*test_debugger\.py:\d+: ")

    def test_a_debugger_that_talks_to_somebody_elsewhere_is_left_alone(self):
        heard = io.StringIO()
        debugger = self.pdb.Pdb(stdin=io.StringIO("p 6 * 7\nc\n"), stdout=heard, readrc=False)
        debugger.set_trace()
        after = 1
        self.assertEqual(after, 1)
        self.assertIn("42", heard.getvalue())


if __name__ == "__main__":
    unittest.main()
