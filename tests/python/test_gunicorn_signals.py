"""What the Gunicorn dialect makes of a worker's signals, in this process."""
import os
import signal
import unittest

import support  # noqa: F401  (registers the runtime as _dram)

from _dram.dialects.gunicorn.signals import POKE, Signals

NUMBERS = (signal.SIGUSR1, signal.SIGUSR2)


class Hearing(unittest.TestCase):
    def setUp(self):
        before = {number: signal.getsignal(number) for number in (*NUMBERS, POKE)}
        self.addCleanup(lambda: [signal.signal(number, handler) for number, handler in before.items()])

    def test_one_is_heard_after_the_other(self):
        """Two handlers that need the same lock would wait for each other for ever."""
        heard = []

        def first():
            heard.append("first begins")
            os.kill(os.getpid(), signal.SIGUSR2)
            for _ in range(1000):
                pass      # here Python would call the other handler
            heard.append("first ends")

        Signals({signal.SIGUSR1: first, signal.SIGUSR2: lambda: heard.append("second")})
        os.kill(os.getpid(), signal.SIGUSR1)
        self.assertEqual(heard, ["first begins", "first ends", "second"])

    def test_one_that_fails_keeps_none_from_being_heard(self):
        heard = []

        def fail():
            raise ValueError

        Signals({signal.SIGUSR1: fail, signal.SIGUSR2: lambda: heard.append("second")})
        with self.assertRaises(ValueError):
            os.kill(os.getpid(), signal.SIGUSR1)
            for _ in range(1000):
                pass
        os.kill(os.getpid(), signal.SIGUSR2)
        self.assertEqual(heard, ["second"])


if __name__ == "__main__":
    unittest.main()
