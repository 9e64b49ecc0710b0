"""A service manager's ear: binds a datagram socket and prints what comes, one JSON text a line."""

import json
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
    name = sys.argv[1]
    ear.bind("\0" + name[1:] if name.startswith("@") else name)
    print(json.dumps("listening"), flush=True)
    while True:
        print(json.dumps(ear.recv(65536).decode()), flush=True)
