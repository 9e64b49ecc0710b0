"""The control connections, read by a thread of its own so that nothing on them waits behind a request."""
import os
import signal
import sys
from _thread import get_ident, start_new_thread
from select import POLLIN, poll

from .frames import FLAGS, FRONT, HEADER, U32, frame

NAMES = {number: name for name, number in FRONT.items()}
LAST = FLAGS["BODY"]["LAST"]
BROKEN = FLAGS["BODY"]["BROKEN"]
RECEIVE_BYTES = 256 * 1024


class Control:
    def __init__(self, worker):
        self.worker = worker
        self.ident = None
        self.others = {}      # descriptor → what this thread reads there, too, by its read()

    def start(self):
        start_new_thread(self.run, ())

    def run(self):
        """Serves until a front hangs up. Without it, or without this thread, the worker is of no use."""
        self.ident = get_ident()
        try:
            self.serve()
        except OSError:
            pass
        except BaseException:
            sys.excepthook(*sys.exc_info())
        if not self.worker.stopping:
            os._exit(1)

    def serve(self):
        readers = {line.control.fileno(): Reader(self, line) for line in self.worker.lines}
        readers.update(self.others)
        if len(readers) == 1:
            (reader,) = readers.values()
            while reader.read():
                pass
            return
        poller = poll()
        for descriptor in readers:
            poller.register(descriptor, POLLIN)
        while True:
            for descriptor, _ in poller.poll():
                if not readers[descriptor].read():
                    return

    def obey(self, line, name, flags, request_id, payload):
        if name == "RECALL":
            line.recall(request_id)
        elif name == "PING":
            line.say(frame("PONG", request_id, payload))
        elif name == "STACKS":
            self.worker.tell_stacks(line)
        elif name == "INTERRUPT":
            self.worker.interrupted()
            self.worker.interrupts.interrupt(line, request_id)
        elif name == "METRICS":
            self.worker.metrics.ask(line)
        elif name == "STOP":
            if self.worker.leaving_fast:
                self.worker.told_to_stop = True
                signal.pthread_kill(self.worker.signalled, signal.SIGQUIT)
            line.stop()
        else:
            answer = line.calls.get(request_id)
            if answer is not None:
                self.tell(answer, name, flags, payload)
                answer.wake()

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


class Reader:
    """What comes on the control connection of one line."""

    def __init__(self, control, line):
        self.control = control
        self.line = line
        self.held = b""

    def read(self):
        """Obeys what one read brings; False at the connection's end."""
        received = self.line.control.recv(RECEIVE_BYTES)
        if not received:
            return False
        self.held = self.obey_all(self.held + received)
        return True

    def obey_all(self, held):
        """Obeys the whole frames in `held`; returns the rest."""
        at = 0
        while len(held) - at >= HEADER.size:
            length, kind, flags, _, request_id = HEADER.unpack_from(held, at)
            end = at + HEADER.size + length
            if end > len(held):
                break
            self.control.obey(self.line, NAMES.get(kind), flags, request_id, held[at + HEADER.size : end])
            at = end
        return held[at:]
