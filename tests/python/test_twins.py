"""Descriptors that are given back to Node, over what it takes for its channel to a child process."""
import array
import json
import os
import socket
import subprocess
import sys
import unittest

from support import PATIENCE_SECONDS, RUNTIME

PROGRAM = os.path.join(RUNTIME, "twins.py")


class Twins(unittest.TestCase):
    def begin(self, *descriptors):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        ours.settimeout(PATIENCE_SECONDS)
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", PROGRAM, *map(str, descriptors)],
            pass_fds=(theirs.fileno(), *descriptors),
            env={**os.environ, "NODE_CHANNEL_FD": str(theirs.fileno())},
        )
        theirs.close()
        self.addCleanup(child.wait, PATIENCE_SECONDS)
        return ours, child

    def receive(self, channel):
        room = socket.CMSG_SPACE(array.array("i").itemsize)
        data, ancillary, _, _ = channel.recvmsg(4096, room)
        twins = array.array("i")
        for _, _, content in ancillary:
            twins.frombytes(content[: twins.itemsize])
        return json.loads(data), list(twins)

    def test_each_comes_as_another_of_the_same_socket(self):
        sockets = [socket.socket() for _ in range(2)]
        for one in sockets:
            self.addCleanup(one.close)
            one.bind(("127.0.0.1", 0))
            one.listen()
        channel, child = self.begin(*(one.fileno() for one in sockets))
        for one in sockets:
            message, (twin,) = self.receive(channel)
            self.assertEqual(message, {"cmd": "NODE_HANDLE", "type": "net.Native", "msg": one.fileno()})
            self.assertNotEqual(twin, one.fileno())
            self.assertTrue(os.path.samestat(os.fstat(twin), os.fstat(one.fileno())))
            os.close(twin)
            channel.sendall(b'{"cmd":"NODE_HANDLE_ACK"}\n')
        self.assertEqual(child.wait(PATIENCE_SECONDS), 0)

    def test_a_front_that_is_gone_ends_it(self):
        with socket.socket() as one:
            channel, child = self.begin(one.fileno(), one.fileno())
            _, (twin,) = self.receive(channel)
            os.close(twin)
            channel.close()
            self.assertEqual(child.wait(PATIENCE_SECONDS), 0)


if __name__ == "__main__":
    unittest.main()
