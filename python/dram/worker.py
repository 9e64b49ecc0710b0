"""A worker: threads that take requests and call the application, and what they share."""
import os
import threading
from _thread import allocate_lock, get_ident
from socket import SHUT_RD
from time import perf_counter as clock

from dram import RequestTimeout

from .call import respond
from .control import Control
from .environ import Environs, base_environ
from .errors import Errors
from .fault import Fault
from .frames import U32, frame
from .headers import Heads
from .interrupt import Interrupts
from .leave import leave
from .metrics import Metrics
from .page import CANCELLED, ENTERED, FLAG_MASK, ID, IDENT, START
from .page import FLAGS as FLAG_WORDS
from .receive import Requests
from .reply import Answer
from .send import Sender

RECALL_PATIENCE_SECONDS = 0.005      # more than the interpreter's switch interval takes nothing from anyone
SHORT_SECONDS = 200e-6               # a call predicted to be shorter may hold up finished answers …
MAX_ANSWER_AGE_SECONDS = 2e-3        # … that are younger than this


class Pace:
    """How long something takes as a rule: an exponentially weighted mean, seconds."""

    WEIGHT = 0.125

    def __init__(self, mean):
        self.mean = mean

    def note(self, seconds):
        self.mean += (seconds - self.mean) * self.WEIGHT


class Worker:
    def __init__(self, application, config, page, data, control, window, lifeline_fd=None):
        self.application = application
        self.config = config
        self.page = page
        self.window = window              # bytes of answer a request may send before the first CREDIT
        self.lifeline_fd = lifeline_fd
        self.data = data
        self.sender = Sender(data)
        self.requests = Requests(data)
        self.control = Control(control, self)
        self.interrupts = Interrupts(self)
        self.metrics = Metrics(self)
        self.heads = Heads()
        self.calls = {}                   # id → Answer, of those the control thread must find
        self.is_single = config["threads"] == 1
        self.deferring = None             # the Answer that a single thread deferred last
        self.tails = Pace(MAX_ANSWER_AGE_SECONDS)
        self.pace = Pace(0.0)
        self.warned = set()
        self.stopping = False
        self.forked = False
        threads = config["threads"]
        self.slots = [page.slot(number) for number in range(threads)]
        base = base_environ(config["software"], threads > 1, config["multiprocess"])
        self.environs = Environs(base)
        os.register_at_fork(after_in_child=self.let_go_in_child)

    def let_go_in_child(self):
        """In a process that the application forks: nothing of ours may stay open there, or write to our page."""
        self.forked = True
        self.slots = []
        self.sender.writing = allocate_lock()
        self.data.close()
        self.control.socket.close()
        if self.lifeline_fd is not None:
            os.close(self.lifeline_fd)
            self.lifeline_fd = None

    # Serving

    def run(self):
        """Serves until STOP, or until the front is gone."""
        self.control.start()
        others = [
            threading.Thread(target=self.serve, args=(number,), name="dram-%d" % (number + 1), daemon=True)
            for number in range(1, self.config["threads"])
        ]
        for thread in others:
            thread.start()
        self.serve()
        for thread in others:
            thread.join()

    def serve(self, number=0):
        """One serving thread's life; threads are counted from 0."""
        slot = self.slots[number]
        slot.words[IDENT] = get_ident()
        errors = Errors(self.sender)
        try:
            try:
                self.serve_requests(slot, errors)
            except RequestTimeout as error:
                self.end_late(slot, errors.request_id, error)
            self.hand_back()
        except ConnectionError:
            pass          # the front has hung up

    def end_late(self, slot, request_id, error):
        """An exception for a request came when the application had just been left: a second answer is dropped."""
        slot.words[ID] = 0
        Answer(self, request_id, clock()).fail(error)

    def serve_requests(self, slot, errors):
        """Takes requests and runs them, until STOP. Hot: tests/python/bench_worker.py."""
        application = self.application
        sender = self.sender
        flush = sender.flush
        out = sender.out
        requests = self.requests
        reading = requests.reading
        waiting = requests.waiting
        next_request = waiting.popleft
        words = self.page.words
        running = slot.words
        starts = slot.doubles
        build = self.environs.build
        pace = self.pace
        reading.acquire()
        while True:
            while not waiting:
                flush()
                if self.calls or self.deferring is not None:
                    self.let_deferred_go()
                if self.stopping or not requests.receive():
                    reading.release()
                    return
            if self.stopping:
                self.give_back(requests.take_back())
                continue
            request = next_request()
            request_id = request[0]
            word = words[FLAG_WORDS + (request_id & FLAG_MASK)]
            if word & CANCELLED and word >> 8 == request_id:
                self.give_back([request_id])
                continue
            start = clock()
            if out and (pace.mean > SHORT_SECONDS or start - sender.oldest > MAX_ANSWER_AGE_SECONDS):
                flush()
                start = clock()
            words[ENTERED] = request_id
            reading.release()
            answer = Answer(self, request_id, start)
            errors.request_id = request_id
            starts[START] = start
            running[ID] = request_id
            try:
                environ = build(request, answer, errors)
                respond(answer, application(environ, answer.start_response))
            except BaseException as error:
                if self.forked:
                    leave(error)
                running[ID] = 0
                if self.stopping:
                    self.interrupts.settle()
                answer.fail(error)
            else:
                if self.forked:
                    leave()
                running[ID] = 0
                if self.stopping:
                    self.interrupts.settle()
            environ = None
            pace.mean += (answer.ended - start - pace.mean) * 0.125
            if errors.partial:
                errors.flush()
            if answer.listed:
                answer.release()
            if self.deferring is not None:
                self.deferring = None
            answer = request = None
            if not reading.acquire(False):
                flush()
                reading.acquire()

    def drop_headers(self, names, request_id):
        """Hop-by-hop headers are the server's: warns once for each name."""
        if self.config["strictHeaders"]:
            raise Fault(
                "APP_HEADER_HOP_BY_HOP",
                "the application set the hop-by-hop header %r, which PEP 3333 leaves to the server" % names[0],
            )
        for name in names:
            if name.lower() not in self.warned:
                self.warned.add(name.lower())
                says = "the application's hop-by-hop header %r is dropped; it is the server's to send" % name
                self.sender.log("warning", says, request_id)

    # The state page

    def slot_of(self, request_id):
        """The slot of the thread that runs this request, None if it isn't begun, or has ended."""
        for slot in self.slots:
            if slot.words[ID] == request_id:
                return slot
        return None

    def mark_start(self, request_id, start):
        slot = self.slot_of(request_id)
        if slot is not None:
            slot.doubles[START] = start

    # Giving back

    def give_back(self, ids, recalled=0):
        self.sender.send(frame("RETURNED", recalled, b"".join(map(U32.pack, ids))))

    def hand_back(self):
        """A call is going to wait: lets go of finished answers and of requests that nobody here runs."""
        reading = self.requests.reading
        if not reading.acquire(False):
            self.sender.flush()
            return
        # RETURNED leaves under the lock: no thread can end, and the process with it, before that.
        try:
            ids = self.requests.take_back()
            if ids:
                self.give_back(ids)
            else:
                self.sender.flush()
        finally:
            reading.release()

    def may_defer(self):
        """Whether an answer may wait for its iterable's end: the front's RECALL must reach it if that takes long.

        With one thread RECALL comes whenever the worker is silent for long, with more only if requests wait.
        """
        return self.tails.mean < SHORT_SECONDS and (self.is_single or self.requests.waiting)

    def note_deferred(self, answer):
        """Makes let_deferred_go() find it."""
        if self.is_single:
            self.deferring = answer
        else:
            answer.register()

    def let_deferred_go(self):
        if self.deferring is not None:
            self.deferring.let_go()
        for answer in list(self.calls.values()):
            answer.let_go()

    def recall(self, last):
        """RECALL: sends what is finished, and gives back what came up to `last` and isn't begun.

        If the reading lock can't be had, a thread is waiting for requests: then all were begun.
        """
        self.let_deferred_go()
        self.sender.flush()
        reading = self.requests.reading
        if not reading.acquire(True, RECALL_PATIENCE_SECONDS):
            self.give_back((), last)
            return
        try:
            self.give_back(self.requests.take_back(last), last)
        finally:
            reading.release()

    def stop(self):
        """STOP: gives back what isn't begun; the serving threads end after what they run."""
        self.stopping = True
        self.let_deferred_go()
        self.hand_back()
        # Wakes the thread that waits for requests; the front sends none after STOP.
        try:
            self.data.shutdown(SHUT_RD)
        except OSError:
            pass      # the front has hung up
