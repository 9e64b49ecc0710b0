"""A line: what a worker and one of its fronts have between them, and what belongs to the requests of that front alone.

Ids are those of a line: another line's request may have the same one at the same time.
"""
from _thread import allocate_lock
from socket import SHUT_RD

from .body import Bell
from .fault import Fault
from .frames import U32, frame, is_after
from .page import FRONT_SHIFT
from .receive import Requests
from .reply import MAX_WHOLE_BYTES
from .send import Sender

RECALL_PATIENCE_SECONDS = 0.005      # more than the interpreter's switch interval takes nothing from anyone
SHORT_TAIL_SECONDS = 200e-6          # an iterable predicted to end within it may hold up its own answer
SHORT_GAP_SECONDS = 200e-6           # a chunk predicted to come sooner than this may be waited for


class Line:
    bell = Bell                       # wakes whoever waits inside a call

    def __init__(self, worker, number, data, control):
        self.worker = worker
        self.number = number              # of its front, from 0
        self.base = number << FRONT_SHIFT
        self.data = data
        self.control = control
        self.saying = allocate_lock()     # for whole frames on the control connection
        self.sender = Sender(data)
        self.requests = Requests(data)
        self.page = worker.page.section(number)
        self.heads = worker.heads
        self.tails = worker.tails
        self.gaps = worker.gaps
        self.window = worker.window       # bytes of answer a request may send before the first CREDIT
        self.most_whole = min(self.window, MAX_WHOLE_BYTES)
        self.calls = {}                   # id → Answer, of those the control thread must find
        self.recalled = 0                 # the last id that a RECALL has named: it comes once for a request
        self.stopping = False

    def let_go_in_child(self):
        """In a process that the application forks: nothing of ours may stay open there."""
        self.sender.let_go_in_child()
        self.data.close()
        self.control.close()

    def say(self, data):
        """Sends one frame on the control connection; the thread that asks for metrics does so too."""
        with self.saying:
            self.control.sendall(data)

    def drop_headers(self, names, request_id):
        """Hop-by-hop headers are the server's: warns once for each name."""
        if self.worker.config["strictHeaders"]:
            raise Fault(
                "APP_HEADER_HOP_BY_HOP",
                "the application set the hop-by-hop header %r, which PEP 3333 leaves to the server" % names[0],
            )
        warned = self.worker.warned
        for name in names:
            if name.lower() not in warned:
                warned.add(name.lower())
                says = "the application's hop-by-hop header %r is dropped; it is the server's to send" % name
                self.sender.log("warning", says, request_id)

    # The state page

    def key(self, request_id):
        """The name of a request among those of all lines."""
        return self.base + request_id

    def slot_of(self, request_id):
        """The slot of the thread that runs this request, None if it isn't begun, or has ended."""
        return self.worker.slot_of_key(self.key(request_id))

    def mark_start(self, request_id, start):
        self.worker.mark_start(self.slot_of(request_id), start)

    # Answers that wait

    def may_defer(self, request_id):
        """Whether an answer may wait for its iterable's end: the front's RECALL must reach it if that takes long.

        With one thread RECALL comes whenever the worker is silent for long, with more only if requests wait.
        """
        if self.tails.mean >= SHORT_TAIL_SECONDS or not self.will_be_recalled(request_id):
            return False
        return self.worker.is_single or self.requests.waiting

    def will_be_recalled(self, request_id):
        return not self.stopping and is_after(request_id, self.recalled)

    def may_hold(self, request_id):
        """Whether a chunk may wait for the next one: RECALL must still be able to bring it out."""
        return self.worker.is_single and self.gaps.mean < SHORT_GAP_SECONDS and self.will_be_recalled(request_id)

    def note_deferred(self, answer):
        """Makes let_deferred_go() find it."""
        if self.worker.is_single:
            self.worker.deferring = answer
        else:
            answer.register()

    # Giving back

    def give_back(self, ids, recalled=0):
        self.sender.send(frame("RETURNED", recalled, b"".join(map(U32.pack, ids))))

    def hand_back(self):
        """A call is going to wait."""
        self.worker.hand_back(self.worker.lines)

    def hand_back_locked(self):
        """RETURNED leaves under the reading lock: no thread can end, and the process with it, before that."""
        ids = self.requests.take_back()
        if ids:
            self.give_back(ids)
        else:
            self.sender.flush()

    def recall(self, last):
        """RECALL: sends what is finished, and gives back what came up to `last` and isn't begun. Returns its ids.

        If the reading lock can't be had, a thread is waiting for requests: then all were begun.
        """
        self.recalled = last
        self.worker.let_deferred_go()
        self.sender.flush()
        reading = self.worker.reading
        if not reading.acquire(True, RECALL_PATIENCE_SECONDS):
            self.give_back((), last)
            return ()
        try:
            ids = self.requests.take_back(last)
            self.give_back(ids, last)
            return ids
        finally:
            reading.release()

    def stop(self):
        """STOP: gives back what isn't begun; once each front has said so, the serving threads end after what they run."""
        self.stopping = True
        self.worker.see_stop()
        self.worker.let_deferred_go()
        self.worker.hand_back((self,))
        # Wakes the thread that waits for requests; the front sends none after STOP.
        try:
            self.data.shutdown(SHUT_RD)
        except OSError:
            pass      # the front has hung up
