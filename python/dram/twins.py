"""Gives descriptors back to the Node process that started this one, each as a descriptor of its own.

Node has no dup(2), and threads that close a descriptor must not close the others'. The only way in that it has for
descriptors is its channel to a child process, which this speaks (Node's lib/internal/child_process.js): lines of JSON,
a descriptor with each, the next one after an acknowledgement.
"""
import array
import json
import os
import socket
import sys


def main(descriptors):
    channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
    for descriptor in descriptors:
        line = json.dumps({"cmd": "NODE_HANDLE", "type": "net.Native", "msg": descriptor}) + "\n"
        channel.sendmsg([line.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
        if not acknowledged(channel):
            return


def acknowledged(channel):
    held = b""
    while b"NODE_HANDLE_ACK" not in held:
        received = channel.recv(4096)
        if not received:
            return False
        held += received
    return True


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
