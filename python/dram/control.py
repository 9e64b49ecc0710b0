"""The control connection, read by a thread of its own so that nothing on it waits behind a request."""
import os
import sys
from _thread import allocate_lock, start_new_thread

from . import stacks
from .frames import FLAGS, FRONT, HEADER, U32, frame, json_frame

NAMES = {number: name for name, number in FRONT.items()}
LAST = FLAGS["BODY"]["LAST"]
BROKEN = FLAGS["BODY"]["BROKEN"]
RECEIVE_BYTES = 256 * 1024


class Control:
    def __init__(self, socket, worker):
        self.socket = socket
        self.worker = worker
        self.writing = allocate_lock()

    def start(self):
        start_new_thread(self.run, ())

    def run(self):
        """Serves until the front hangs up. Without it, or without this thread, the worker is of no use."""
        try:
            self.serve()
        except OSError:
            pass
        except BaseException:
            sys.excepthook(*sys.exc_info())
        if not self.worker.stopping:
            os._exit(1)

    def serve(self):
        held = b""
        while True:
            received = self.socket.recv(RECEIVE_BYTES)
            if not received:
                return
            held = self.obey_all(held + received)

    def obey_all(self, held):
        """Obeys the whole frames in `held`; returns the rest."""
        at = 0
        while len(held) - at >= HEADER.size:
            length, kind, flags, _, request_id = HEADER.unpack_from(held, at)
            end = at + HEADER.size + length
            if end > len(held):
                break
            self.obey(NAMES.get(kind), flags, request_id, held[at + HEADER.size : end])
            at = end
        return held[at:]

    def obey(self, name, flags, request_id, payload):
        if name == "RECALL":
            self.worker.recall(request_id)
        elif name == "PING":
            self.send(frame("PONG", request_id, payload))
        elif name == "STACKS":
            self.send(json_frame("STACKS", stacks.threads(self.worker.slots)))
        elif name == "INTERRUPT":
            self.worker.interrupts.interrupt(request_id)
        elif name == "METRICS":
            self.worker.metrics.ask()
        elif name == "STOP":
            self.worker.stop()
        else:
            answer = self.worker.calls.get(request_id)
            if answer is not None:
                self.tell(answer, name, flags, payload)
                answer.wake()

    def send(self, data):
        """Sends one frame on this connection; the thread that asks for metrics does so too."""
        with self.writing:
            self.socket.sendall(data)

    def tell(self, answer, name, flags, payload):
        if name == "CREDIT":
            answer.granted += U32.unpack(payload)[0]
        elif name == "CANCEL":
            answer.gone = True
        elif name == "OPENED":
            answer.opened = True
        elif name == "REFUSED":
            answer.opened = False
        elif name == "BODY" and answer.stream is not None:
            if payload:
                answer.stream.feed(payload)
            if flags & (LAST | BROKEN):
                answer.stream.finish(bool(flags & BROKEN))
