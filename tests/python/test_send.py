"""The writing side of a data connection: threads that send for each other."""
import threading
import unittest

from support import PATIENCE_SECONDS, request_frame
from test_flow import Gate
from test_reply import serving
from _dram.send import ROUNDS, Sender


class Socket:
    """`during`: called in the midst of each system call."""

    sendmsg = None

    def __init__(self, during):
        self.sent = []
        self.during = during

    def sendall(self, data):
        self.during()
        self.sent.append(data)


class SendTest(unittest.TestCase):
    def test_what_comes_during_a_system_call_is_left_to_its_thread(self):
        entered, go_on = threading.Event(), threading.Event()

        def during():
            entered.set()
            go_on.wait(PATIENCE_SECONDS)

        socket = Socket(during)
        sender = Sender(socket)
        sender.out.append(b"first")
        thread = threading.Thread(target=sender.flush_beside)
        thread.start()
        entered.wait(PATIENCE_SECONDS)
        for piece in (b"second", b"third"):
            sender.out.append(piece)
            sender.flush_beside()
        self.assertEqual(socket.sent, [])
        go_on.set()
        thread.join()
        self.assertEqual(socket.sent, [b"first", b"secondthird"])
        self.assertFalse(sender.is_busy or sender.writing.locked())
        sender.out.append(b"fourth")
        sender.flush_beside()
        self.assertEqual(socket.sent[2:], [b"fourth"])

    def test_nobody_sends_for_the_others_for_ever(self):
        busy = []

        def during():
            busy.append(sender.is_busy)
            sender.out.append(b"another")

        sender = Sender(Socket(during))
        sender.out.append(b"first")
        sender.flush_beside()
        self.assertEqual(busy, list(ROUNDS))
        self.assertFalse(ROUNDS[-1], "in the last one, who comes waits for the lock and sends by itself")
        self.assertEqual(sender.out, [b"another"])

    def test_a_connection_that_is_gone(self):
        def during():
            raise ConnectionResetError

        sender = Sender(Socket(during))
        sender.out.append(b"first")
        with self.assertRaises(ConnectionResetError):
            sender.flush_beside()
        self.assertFalse(sender.is_busy or sender.writing.locked())

    def test_who_sends_holds_up_nobody_and_sends_for_those_who_end_meanwhile(self):
        gate = Gate()
        with serving(gate, threads=2) as worker:
            worker.request(1, target="/wait1")
            gate.entered.acquire()
            worker.worker.pace.mean = 1.0
            sender = worker.worker.lines[0].sender
            sendall, sending, go_on = sender.sendall, threading.Semaphore(0), threading.Event()

            def slowly(data):
                sending.release()
                go_on.wait(PATIENCE_SECONDS)
                sendall(data)

            sender.sendall = slowly
            worker.data.sendall(request_frame(2, target="/fast") + request_frame(3, target="/wait3"))
            sending.acquire()
            gate.opened.release()
            self.assertTrue(gate.entered.acquire(timeout=PATIENCE_SECONDS), "the third is begun by whom the first left")
            go_on.set()
            self.assertEqual([worker.next("HEAD").id for _ in range(2)], [2, 1])
            gate.opened.release()
            self.assertEqual(worker.next("HEAD").id, 3)


if __name__ == "__main__":
    unittest.main()
