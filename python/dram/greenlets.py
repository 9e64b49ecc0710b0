"""A worker whose requests run in greenlets of gevent: many that wait, in one thread. Imported only for --greenlets.

The requests run on the hub of the thread that serves. The control thread is a native one, as in every worker, so that
RECALL, STOP and STACKS are heard however long a greenlet keeps the hub. Our own locks and sockets are the system's:
they were bound before anything was patched, are held for moments, and no greenlet switches while it holds one. What
waits for long (for requests, credit, a streamed body) waits on the hub.

What the control thread has to say to the hub goes through Worker.tell().
"""
from collections import deque
from socket import MSG_DONTWAIT
from time import perf_counter as clock

from gevent import Greenlet, get_hub, getcurrent

from . import green_stacks, stacks
from .call import respond
from .control import start_new_thread          # bound early, as below: who comes before us may have patched
from .errors import Errors
from .green_interrupts import GreenInterrupts
from .green_line import GreenLine
from .leave import leave
from .metrics import Metrics
from .page import ENTERED, ID, IDENT, START
from .reply import Answer
from .worker import MAX_ANSWER_AGE_SECONDS, SHORT_SECONDS, Worker, get_ident      # bound early

READ = 1                             # of libev and libuv alike
TURN_SECONDS = 2e-3                  # a greenlet that has requests goes on so long before the others have their turn


class Server:
    """One serving greenlet; it is used for one request after another, the last one to be idle first."""

    def __init__(self, worker, number):
        self.worker = worker
        self.slot = worker.page.slot(number)
        self.name = "greenlet %d" % (number + 1)
        self.frame = None
        self.is_parked = False
        self.greenlet = Greenlet(self.serve)
        self.slot.words[IDENT] = id(self.greenlet)      # what gevent's own get_ident says of it

    def serve(self):
        worker = self.worker
        errors = Errors(worker.lines[0])
        self.frame = stacks.current_frame()
        try:
            while not worker.is_over:
                since = clock()
                taken = worker.take()
                while taken is not None:
                    worker.run_request(*taken, self, errors)
                    if clock() - since > TURN_SECONDS:
                        worker.call_taker()
                        break
                    taken = worker.take()
                worker.flush()
                self.park()
        except ConnectionError:
            worker.hang_up()

    def park(self):
        """Waits for a request. What else comes here, a Timeout for instance that a request forgot, is too late."""
        self.is_parked = True
        self.worker.idle.append(self)
        while self.is_parked and not self.worker.is_over:
            try:
                self.worker.hub.switch()
            except BaseException:
                continue

    def go_on(self):
        self.is_parked = False
        self.greenlet.switch()


class GreenWorker(Worker):
    line_kind = GreenLine

    def __init__(self, application, config, page, connections, window, lifeline_fd=None):
        super().__init__(application, config, page, connections, window, lifeline_fd)
        self.is_single = False
        self.slots = []
        self.environs.base["wsgi.multithread"] = True
        self.interrupts = GreenInterrupts(self)
        self.metrics = Metrics(lambda function, _: self.tell(lambda: Greenlet.spawn(function)))
        self.most = config["threads"]
        self.orders = [self.lines[at + 1 :] + self.lines[: at + 1] for at in range(len(self.lines))]
        self.turn = 0                     # the number of the line that a request was last taken of
        self.servers = []
        self.idle = []
        self.placed = {}                  # key of a request that runs → its Server
        self.open = set(self.lines)       # those that may still bring requests
        self.watchers = {}
        self.told = deque()
        self.hub = self.thread = self.root = self.wake = None
        self.is_called = False            # a greenlet is about to take a request
        self.will_flush = False
        self.hung_up = False
        self.is_over = False

    def run(self):
        """Serves until STOP, or until a front is gone."""
        self.hub = get_hub()
        self.thread = get_ident()
        self.root = getcurrent()
        self.wake = self.hub.loop.async_()
        self.wake.start(self.hear)
        for line in self.lines:
            self.watchers[line] = self.hub.loop.io(line.data.fileno(), READ)
            self.watchers[line].start(self.receive, line)
        self.control.start()
        try:
            while not self.is_over:
                self.hub.switch()
            self.flush()
        except ConnectionError:
            pass          # a front has hung up
        finally:
            self.let_go_of_hub()

    def let_go_of_hub(self):
        self.is_over = True
        for watcher in (*self.watchers.values(), self.wake):
            watcher.stop()

    def let_go_in_child(self):
        super().let_go_in_child()
        if self.wake is not None:
            self.let_go_of_hub()

    # Between the control thread and the hub

    def tell(self, function):
        """Has the hub call this, from any thread."""
        self.told.append(function)
        if self.wake is not None and not self.is_over:
            self.wake.send()

    def hear(self):
        while self.told:
            self.hub.loop.run_callback(self.told.popleft())

    def slot_of_key(self, key):
        server = self.placed.get(key)
        return None if server is None else server.slot

    # Requests

    def receive(self, line):
        """The connection of a line can be read: requests, or its end, after STOP or without."""
        with self.reading:
            try:
                goes_on = line.requests.receive(MSG_DONTWAIT)
            except BlockingIOError:
                return        # the control thread was faster
            except ConnectionError:
                goes_on = False
        if not goes_on:
            self.end_line(line)
        self.call_taker()

    def end_line(self, line):
        self.watchers[line].stop()
        self.open.discard(line)
        try:
            if line.stopping:
                self.hand_back((line,))       # STOP came while the reading lock was ours
            else:
                self.hung_up = True
        except ConnectionError:
            self.hung_up = True
        self.see_end()

    def hang_up(self):
        self.hung_up = True
        self.see_end()

    def see_end(self):
        if (self.hung_up or not self.open) and not self.placed and not self.is_over:
            self.is_over = True
            self.hub.loop.run_callback(self.root.switch)

    def call_taker(self):
        """Sees to it that what waits is begun, once the hub is free."""
        if not self.is_called:
            self.is_called = True
            self.hub.loop.run_callback(self.let_take)

    def let_take(self):
        self.is_called = False
        if self.is_over or not any(line.requests.waiting for line in self.lines):
            return
        if self.idle:
            self.idle.pop().go_on()
        elif len(self.servers) < self.most:
            server = Server(self, len(self.servers))
            self.servers.append(server)
            self.slots.append(server.slot)
            server.greenlet.start()

    def take(self):
        """The next request and its line, each line in its turn; it counts as entered. None: there is none."""
        with self.reading:
            for line in self.orders[self.turn]:
                requests = line.requests
                while requests.waiting and not self.hung_up:
                    if line.stopping:
                        line.give_back(requests.take_back())
                        break
                    request = requests.waiting.popleft()
                    if line.page.is_cancelled(request[0]):
                        line.give_back([request[0]])
                        continue
                    line.page.words[ENTERED] = request[0]
                    self.turn = line.number
                    return line, request
        return None

    def run_request(self, line, request, server, errors):
        request_id = request[0]
        key = line.key(request_id)
        slot = server.slot
        start = self.before_request(line)
        answer = self.answer_kind(line, request_id, start)
        errors.line = line
        errors.request_id = request_id
        slot.doubles[START] = start
        slot.words[ID] = key
        self.placed[key] = server
        try:
            environ = self.environs.build(request, answer, errors)
            respond(answer, self.application(environ, answer.start_response))
        except BaseException as error:
            if self.forked:
                leave(error)
            slot.words[ID] = 0
            answer.fail(error)
        else:
            if self.forked:
                leave()
            slot.words[ID] = 0
        finally:
            del self.placed[key]
        self.pace.note(answer.ended - start)
        if errors.partial:
            errors.flush()
        if answer.listed:
            answer.release()
        if not self.open:
            self.see_end()

    def before_request(self, line):
        """Finished answers don't wait for the application, nor does what else is to be begun. Returns the time."""
        now = clock()
        sender = line.sender
        if sender.out:
            if self.pace.mean > SHORT_SECONDS or now - sender.oldest > MAX_ANSWER_AGE_SECONDS:
                sender.flush()
                now = clock()
            elif not self.will_flush:
                self.will_flush = True
                self.hub.loop.run_callback(self.flush_soon)
        if any(other.requests.waiting for other in self.lines):
            self.call_taker()
        return now

    def flush_soon(self):
        self.will_flush = False
        try:
            self.flush()
        except ConnectionError:
            self.hang_up()

    def flush(self):
        for line in self.lines:
            line.sender.flush()

    # Stacks

    def tell_stacks(self, line):
        start_new_thread(green_stacks.look, (self, line))
