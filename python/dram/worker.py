"""A worker: threads that take requests and call the application, and what they share."""
import os
import threading
from _thread import allocate_lock, get_ident
from time import perf_counter as clock

from dram import RequestTimeout

from . import stacks
from .call import respond
from .control import Control
from .environ import Environs, base_environ
from .errors import Errors
from .frames import FLAGS as FRAME_FLAGS
from .frames import frame, json_frame
from .headers import Heads
from .intake import Intake
from .interrupt import Interrupts
from .leave import leave
from .line import Line
from .metrics import Metrics
from .page import CANCELLED, ENTERED, FLAG_MASK, ID, IDENT, START
from .page import FLAGS as FLAG_WORDS
from .reply import MAX_GAP_SECONDS, Answer

FAST = FRAME_FLAGS["LEAVING"]["FAST"]
SHORT_SECONDS = 1.5e-3               # a call predicted to be shorter may hold up finished answers …
MAX_ANSWER_AGE_SECONDS = 2e-3        # … that are younger than this


class Pace:
    """How long something takes as a rule: an exponentially weighted mean, seconds."""

    WEIGHT = 0.125

    def __init__(self, mean):
        self.mean = mean

    def note(self, seconds):
        self.mean += (seconds - self.mean) * self.WEIGHT


class Worker:
    line_kind = Line
    answer_kind = Answer

    def __init__(self, application, config, page, connections, window, lifeline_fd=None):
        """`connections`: data and control of each front, in the order of their numbers."""
        self.application = application
        self.config = config
        self.page = page
        self.window = window
        self.lifeline_fd = lifeline_fd
        self.reading = allocate_lock()    # held by who takes requests, from any line
        self.heads = Heads()
        self.tails = Pace(MAX_ANSWER_AGE_SECONDS)
        self.gaps = Pace(MAX_GAP_SECONDS)      # between the chunks of an answer
        self.pace = Pace(0.0)
        self.lines = [self.line_kind(self, number, *ends) for number, ends in enumerate(connections)]
        self.intake = Intake(self.lines) if len(self.lines) > 1 else None
        self.control = Control(self)
        self.interrupts = Interrupts(self)
        self.metrics = Metrics()
        self.is_single = config["threads"] == 1
        self.deferring = None             # the Answer that a single thread deferred last
        self.warned = set()
        self.stopping = False             # STOP has come from every front
        self.forked = False
        self.aside = None                 # what the main thread serves instead (dev/terminal.py's MainThread)
        self.leaving_fast = False         # asked to, and …
        self.signalled = get_ident()      # of the thread that handles signals, as the system knows it
        self.told_to_stop = False         # … the front agrees
        threads = config["threads"]
        self.slots = [page.slot(number) for number in range(threads)]
        base = base_environ(config["software"], threads > 1, config["multiprocess"])
        self.environs = Environs(base)
        os.register_at_fork(after_in_child=self.let_go_in_child)

    def let_go_in_child(self):
        """In a process that the application forks: nothing of ours may stay open there, or write to our page."""
        self.forked = True
        extension = self.config.get("extension")
        if extension is not None:
            extension.let_go_in_child()
        self.slots = []
        for line in self.lines:
            line.let_go_in_child()
        if self.lifeline_fd is not None:
            os.close(self.lifeline_fd)
            self.lifeline_fd = None

    # Serving

    def run(self):
        """Serves until STOP, or until a front is gone."""
        self.control.start()
        others = [
            threading.Thread(target=self.serve_beside, args=(number,), name="dram-%d" % (number + 1), daemon=True)
            for number in range(1 if self.aside is None else 0, self.config["threads"])
        ]
        for thread in others:
            thread.start()
        if self.aside is None:
            self.serve()
        else:
            self.aside.serve(len(others))
        for thread in others:
            thread.join()

    def serve_beside(self, number):
        try:
            self.serve(number)
        finally:
            if self.aside is not None:
                self.aside.ended()

    def serve(self, number=0):
        """One serving thread's life; threads are counted from 0."""
        slot = self.slots[number]
        slot.words[IDENT] = get_ident()
        line = self.lines[0]
        errors = Errors(line)
        try:
            try:
                self.reading.acquire()
                while line is not None:
                    line = self.serve_line(line, slot, errors)
            except RequestTimeout as error:
                self.end_late(slot, errors, error)
            self.hand_back(self.lines)
        except ConnectionError:
            pass          # a front has hung up

    def end_late(self, slot, errors, error):
        """An exception for a request came when the application had just been left: a second answer is dropped."""
        slot.words[ID] = 0
        Answer(errors.line, errors.request_id, clock()).fail(error)

    def serve_line(self, line, slot, errors):
        """Takes requests of one line and runs them, until another is to have its turn, which is returned.

        None: no more will come, of any line. It is called with the reading lock, and keeps it unless it returns None.
        Hot: tests/python/bench_worker.py.
        """
        errors.line = line
        application = self.application
        sender = line.sender
        flush = sender.flush_beside
        out = sender.out
        requests = line.requests
        reading = self.reading
        waiting = requests.waiting
        next_request = waiting.popleft
        words = line.page.words
        base = line.base
        running = slot.words
        starts = slot.doubles
        build = self.environs.build
        answer_kind = self.answer_kind
        pace = self.pace
        intake = self.intake
        while True:
            while not waiting:
                flush()
                if line.calls or self.deferring is not None:
                    self.let_deferred_go()
                if intake is not None:
                    following = intake.next(line)
                    if following is not line:
                        if following is None:
                            reading.release()
                        return following
                elif line.stopping or not requests.receive():
                    reading.release()
                    return None
            if line.stopping:
                line.give_back(requests.take_back())
                continue
            request = next_request()
            request_id = request[0]
            word = words[FLAG_WORDS + (request_id & FLAG_MASK)]
            if word & CANCELLED and word >> 8 == request_id:
                line.give_back([request_id])
                continue
            start = clock()
            if out and start - sender.oldest > MAX_ANSWER_AGE_SECONDS:
                flush()
                start = clock()
            words[ENTERED] = request_id
            reading.release()
            answer = answer_kind(line, request_id, start)
            errors.request_id = request_id
            starts[START] = start
            running[ID] = base + request_id
            try:
                environ = build(request, answer, errors)
                respond(answer, application(environ, answer.start_response))
            except BaseException as error:
                if self.forked:
                    leave(error)
                running[ID] = 0
                if self.stopping:
                    self.interrupts.settle(line)
                answer.fail(error)
            else:
                if self.forked:
                    leave()
                running[ID] = 0
                if self.stopping:
                    self.interrupts.settle(line)
            environ = None
            pace.mean += (answer.ended - start - pace.mean) * 0.125
            if errors.partial:
                errors.flush()
            if answer.listed:
                answer.release()
            if self.deferring is not None:
                self.deferring = None
            answer = request = None
            if pace.mean > SHORT_SECONDS:
                flush()           # while others can take requests
            if not reading.acquire(False):
                flush()
                reading.acquire()

    def entered(self):
        """How many requests were begun here, about: those that were taken back count, too."""
        return sum(line.page.words[ENTERED] for line in self.lines)

    def ask_to_leave(self, fast):
        """Asks the front to replace this worker, and to stop it then; `fast`: at once."""
        self.leaving_fast = self.leaving_fast or fast
        self.lines[0].say(frame("LEAVING", flags=FAST if fast else 0))

    def may_leave(self):
        """Whether a front has said STOP."""
        return self.told_to_stop or any(line.stopping for line in self.lines)

    def interrupted(self):
        extension = self.config.get("extension")
        if extension is not None:
            extension.interrupted()

    # The state page

    def mark_start(self, slot, start):
        """`slot` is None: the request isn't begun, or has ended."""
        if slot is not None:
            slot.doubles[START] = start

    def slot_of_key(self, key):
        """The slot of the thread that runs the request of this key (Line.key)."""
        for slot in self.slots:
            if slot.words[ID] == key:
                return slot
        return None

    def tell_stacks(self, line):
        line.say(json_frame("STACKS", stacks.threads(self.slots, line.number)))

    # Giving back

    def hand_back(self, lines):
        """Lets go of finished answers and of requests that nobody here runs."""
        if not self.reading.acquire(False):
            for line in lines:
                line.sender.flush()
            return
        try:
            for line in lines:
                line.hand_back_locked()
        finally:
            self.reading.release()

    def let_deferred_go(self):
        if self.deferring is not None:
            self.deferring.let_go()
        for line in self.lines:
            if line.calls:
                for answer in list(line.calls.values()):
                    answer.let_go()

    def see_stop(self):
        """A front has said STOP: was it the last?"""
        if all(line.stopping for line in self.lines):
            self.stopping = True
            self.interrupts.begin()
