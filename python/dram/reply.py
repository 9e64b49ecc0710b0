"""One request's answer: what the application says, as frames.

PEP 3333's rules about start_response, write, lazy headers and lengths live here.
"""
from time import perf_counter as clock

from .body import STREAM_WINDOW_BYTES, Stream
from .fault import (
    ClientDisconnected,
    Fault,
    describe,
    no_start_response,
    report_of,
    traceback_of,
    wrong_body,
    wrong_chunk,
)
from .files import can_splice, region_of
from .frames import FILE_HEADER, FLAGS, HEAD_HEADER, HEADER, MAX_U32, WORKER, U32, frame, json_frame, microseconds
from .headers import LENGTH, write_head
from .interrupt import checkpoint
from .page import STANDING
from .send import MAX_JOINED_BYTES as MAX_HELD_BYTES

HEAD = WORKER["HEAD"]
DATA = WORKER["DATA"]
LAST = FLAGS["HEAD"]["LAST"]
SHORT = FLAGS["END"]["SHORT"]
STARTED = FLAGS["ERROR"]["STARTED"]
HEAD_EXTRA_BYTES = HEAD_HEADER.size - HEADER.size
pack_head = HEAD_HEADER.pack

MAX_JOINED_BYTES = 64 * 1024
MAX_FRAME_BYTES = 1024 * 1024
# A larger file is the front's to send. Up to here that costs more than the bytes do: the worker has to wait for the
# front to open it, and the front for each piece (bench/anatomy.md), and the window takes it whatever the client does.
MAX_OWN_FILE_BYTES = 1024 * 1024
MAX_WHOLE_BYTES = 256 * 1024      # the front has to read a HEAD whole before it can pass it on, DATA not
MAX_GAP_SECONDS = 2e-3      # a chunk that is kept for the next is never older when that comes
ANY_STATUS = "200 OK"       # write_head wants one where only the headers count


class Answer:
    """The class attributes are the state of an answer that has just begun: most never change."""

    code = 0                  # 0: start_response was not called yet
    flags = 0
    length = None             # bytes of body, as the headers say
    exact = None              # bytes of body, as its iterable shows
    head = b""
    head_only = False
    sends_body = False        # the head is known, nothing was sent, and a body may follow
    begun = False             # the head is out of start_response's reach
    head_sent = False
    sent = 0                  # bytes of body
    granted = 0
    cut = False
    deferred = ()             # see defer() and hold()
    held_bytes = 0
    held_since = 0.0          # when the first chunk that is held came, perf_counter
    came = 0.0                # when the last chunk came, perf_counter
    complete_at = 0.0         # when the last byte of the body was here, before the iterable's end
    gone = False
    opened = None             # the front's answer to FILE
    listed = False
    bells = ()                # of the threads that wait inside this request
    stopped_at = 0.0          # when the first of them began to wait, perf_counter
    waited = 0.0              # seconds for which the deadline's clock stood still
    stream = None
    closes = ()
    ended = 0.0
    is_watched = False        # witness.py looks on

    def __init__(self, line, request_id, start):
        self.line = line
        self.id = request_id
        self.start = start        # perf_counter, seconds

    # What the application calls

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None       # PEP 3333: no circular reference
        elif self.code:
            raise Fault(
                "APP_START_RESPONSE_TWICE",
                "start_response was called a second time without exc_info",
                "pass exc_info where an error page replaces an answer that was begun",
            )
        self.code = 0
        code, self.flags, self.length, self.head, dropped = self.line.heads.write(status, headers)
        if dropped:
            self.line.drop_headers(dropped, self.id)
        self.code = code
        self.sends_body = not self.head_only and code != 204 and code != 304
        return self.write

    def write(self, data):
        """PEP 3333's imperative way to send: the bytes go out before it returns."""
        if not isinstance(data, bytes):
            raise wrong_chunk(data, "write() was given")
        if self.ended:
            raise ValueError("write() after the end of the response")
        if data:
            self.send(data, may_wait=False)

    def early_hints(self, headers):
        """environ["wsgi.early_hints"](headers): sends a 103 with these headers before the answer."""
        lines = write_head(ANY_STATUS, headers)[3][len(ANY_STATUS) + 2 :]
        if not self.begun:
            self.line.sender.send(frame("EARLY_HINTS", self.id, lines))

    def client_disconnected(self):
        """environ["dram.client_disconnected"](): whether the client closed its side or is gone."""
        return self.line.page.bits(self.id) != 0

    # Sending

    def whole(self, body, now):
        """The whole answer in one frame, which waits for company in `out`. Hot: tests/python/bench_worker.py."""
        head = self.head
        sender = self.line.sender
        out = sender.out
        self.ended = now
        if not out:
            sender.oldest = now
        head_bytes = len(head)
        size = HEAD_EXTRA_BYTES + head_bytes + len(body)
        spent = int((now - self.start) * 1e6)
        if spent > MAX_U32:
            spent = MAX_U32
        out.extend((pack_head(size, HEAD, self.flags | LAST, self.code, self.id, head_bytes, spent), head, body))
        if size > MAX_JOINED_BYTES:
            sender.flush()

    def large(self, body):
        """As whole(), for one that is worth a write of its own: DATA can be passed on while it comes."""
        self.check_client()
        if self.length is None:
            self.add_length(len(body))
        self.begun = self.head_sent = True
        self.sent = len(body)
        self.ended = now = clock()
        head = self.head_frame(b"") + (HEADER.pack(len(body), DATA, 0, 0, self.id),)
        self.line.sender.send_last(head, body, frame("END", self.id, U32.pack(microseconds(now - self.start))))

    def send_all(self, chunks):
        """Sends what the application returned, up to its end or to where it need not go on."""
        if isinstance(chunks, (list, tuple)):
            chunks = self.measure(chunks)
            if self.sends_body and not self.begun and self.length is None:
                self.add_length(self.exact)
        elif isinstance(chunks, (bytes, str)) or not is_iterable(chunks):
            raise wrong_body(chunks)
        else:
            region = region_of(chunks) if self.sends_body else None
            if region is not None:
                self.send_region(region)
                return
        single = hasattr(chunks, "__len__") and len(chunks) == 1
        for chunk in chunks:
            if not isinstance(chunk, bytes):
                raise wrong_chunk(chunk, "the application yielded")
            if chunk:
                if single and self.exact is None:
                    self.exact = self.sent + len(chunk)       # PEP 3333, "Handling the Content-Length Header"
                if not self.send(chunk):
                    break

    def measure(self, chunks):
        """A list is whole already: its length is known, and if it is small it becomes one chunk."""
        for chunk in chunks:
            if not isinstance(chunk, bytes):
                raise wrong_chunk(chunk, "the application returned")
        total = sum(map(len, chunks))
        self.exact = self.sent + total
        return (b"".join(chunks),) if total <= MAX_JOINED_BYTES else chunks

    def send(self, chunk, may_wait=True):
        """Sends a chunk that isn't empty; False if no more is wanted."""
        self.check_client()
        if not self.code:
            raise no_start_response()
        if not self.sends_body:
            return False
        length = self.length if self.length is not None else self.exact
        if self.length is not None and self.sent + len(chunk) > self.length:
            chunk = self.cut_excess(chunk)
        if chunk:
            if may_wait and not self.begun and len(chunk) == length and length <= self.line.most_whole:
                self.defer(chunk)
            elif not (may_wait and self.hold(chunk)):
                self.transmit(memoryview(chunk))
        return not self.cut

    def cut_excess(self, chunk):
        if not self.cut:
            self.cut = True
            says = "the application sent more than its Content-Length of %d bytes: the rest is cut off" % self.length
            self.line.sender.log("warning", says, self.id)
        return chunk[: self.length - self.sent]

    def defer(self, chunk):
        """Keeps a chunk that is the whole body until the iterable's end, if that is near as a rule.

        Then the answer is one frame, sent with others: most frameworks return such iterables. If it
        takes longer, let_go() brings it out, by RECALL or by a thread without work, so that no client
        waits for what an application does after its last byte.
        """
        line = self.line
        self.begun = True
        self.granted = line.window
        self.sent = len(chunk)
        self.complete_at = clock()
        self.deferred = [chunk]
        # First noted, then asked: whatever says no from now on finds it.
        line.note_deferred(self)
        if not line.may_defer(self.id):
            self.let_go()

    def hold(self, chunk):
        """Keeps a small chunk for those that follow, if they come fast as a rule: then many are one frame.

        What is kept leaves when it is much or old, at the iterable's end, or by RECALL, which comes
        whenever a worker with one thread is silent for some milliseconds, so it is on its way while
        the application makes the next one (PEP 3333, "Buffering and Streaming"). RECALL comes once
        for a request: from then on all its chunks leave at once.
        """
        line = self.line
        now = clock()
        if self.came:
            line.gaps.note(min(now - self.came, MAX_GAP_SECONDS))
        self.came = now
        if self.complete_at or not line.may_hold(self.id):
            return False
        if not self.begun:
            self.begin()
        size = len(chunk)
        if size > MAX_HELD_BYTES or self.granted - self.sent < size:
            return False
        held = self.deferred
        if type(held) is tuple:
            self.deferred = held = []
            line.note_deferred(self)
        if not held:
            self.held_since = now
        held.append(chunk)
        self.sent += size
        self.held_bytes += size
        # Asked again: RECALL may have come just before the chunk was there to be found.
        if self.held_bytes > MAX_HELD_BYTES or now - self.held_since > MAX_GAP_SECONDS or not line.may_hold(self.id):
            self.let_go()
        return True

    def let_go(self):
        """Sends what is kept, if anything is; any thread may call it."""
        if not self.deferred:
            return
        sender = self.line.sender
        # The lock first: END must not overtake what was taken out here.
        with sender.writing:
            checkpoint()
            sender.out.extend(self.take_frame())
            sender.flush_locked()

    def take_frame(self):
        """What is kept as the pieces of a frame. Needs the writing lock."""
        if self.complete_at:
            data = self.take_deferred()
            if data is None:
                return ()
        else:
            held = self.deferred
            count = len(held)
            if not count:
                return ()
            data = b"".join(held[:count])
            is_first, self.head_sent = not self.head_sent, True     # first: who finds nothing kept asks this next
            del held[:count]
            self.held_bytes = 0
            if not is_first:
                return HEADER.pack(len(data), DATA, 0, 0, self.id), data
        self.head_sent = True
        return self.head_frame(data)

    def take_deferred(self):
        """The deferred body; None if another thread took it. (A list's pop is atomic.)"""
        try:
            return self.deferred.pop()
        except IndexError:
            return None

    def head_frame(self, data, flags=0):
        head = self.head
        size = HEAD_EXTRA_BYTES + len(head) + len(data)
        spent = microseconds(clock() - self.start)
        return pack_head(size, HEAD, self.flags | flags, self.code, self.id, len(head), spent), head, data

    def transmit(self, rest):
        """Sends bytes as credit allows; the head goes with the first."""
        if not self.begun:
            self.begin()
        if self.deferred:
            self.let_go()
        sender = self.line.sender
        while rest:
            room = min(self.granted - self.sent, MAX_FRAME_BYTES)
            if room <= 0:
                self.wait(lambda: self.granted > self.sent)
                continue
            piece, rest = rest[:room], rest[room:]
            if self.head_sent:
                sender.send(HEADER.pack(len(piece), DATA, 0, 0, self.id), piece)
            elif len(piece) <= MAX_JOINED_BYTES:
                self.head_sent = True
                sender.send(*self.head_frame(piece))
            else:
                # DATA can be passed on while it comes.
                self.head_sent = True
                sender.send(*self.head_frame(b""), HEADER.pack(len(piece), DATA, 0, 0, self.id), piece)
            self.sent += len(piece)

    def begin(self):
        """The head is about to go without the whole body."""
        self.begun = True
        self.granted = self.line.window
        self.register()
        if self.length is None and self.exact is not None:
            self.add_length(self.exact)

    def add_length(self, length):
        self.head += b"Content-Length: %d\r\n" % length
        self.flags |= LENGTH
        self.length = length

    def send_region(self, region):
        """Sends the rest of a file: a small one at once, a large one by the front's hand."""
        if self.length is None and not self.begun:
            self.add_length(region.length)
        if self.length is not None:
            region.length = min(region.length, self.length - self.sent)
        if region.length > min(MAX_OWN_FILE_BYTES, self.line.window):
            if not self.begun:
                self.begin()
            if self.hand_over(region):
                self.sent += region.length
                return
        if can_splice(region) and region.length > MAX_JOINED_BYTES:
            self.splice(region)
        while region.length:
            data = region.read(MAX_FRAME_BYTES)
            if not data:
                break
            self.send(data)

    def splice(self, region):
        """Sends of a file what the window takes, without reading it; whatever is left is to be read."""
        self.check_client()
        if not self.begun:
            self.begin()
        if self.deferred:
            self.let_go()
        while region.length and self.granted > self.sent:
            head = () if self.head_sent else self.head_frame(b"")
            count = self.line.sender.splice(head, self.id, region, min(region.length, self.granted - self.sent))
            if not count:
                break
            self.head_sent = True
            self.sent += count
            region.advance(count)

    def hand_over(self, region):
        """Offers a file to the front; whether it took it."""
        sender = self.line.sender
        if not self.head_sent:
            self.head_sent = True
            sender.send(*self.head_frame(b""))
        self.register()
        place = FILE_HEADER.pack(region.offset, region.length, region.device, region.inode)
        sender.send(frame("FILE", self.id, place + region.path.encode("utf-8", "surrogateescape")))
        self.wait(lambda: self.opened is not None)
        return self.opened

    # Waiting, and what the control thread tells

    def register(self):
        """Makes the control thread find this answer."""
        self.listed = True
        self.line.calls[self.id] = self

    def take_stream(self):
        """The body of a request that is still arriving."""
        self.stream = Stream(self)
        self.register()
        self.stream.grant(STREAM_WINDOW_BYTES)
        return self.stream

    def close_later(self, file):
        self.listed = True
        self.closes += (file,)

    def is_cancelled(self):
        return self.gone or self.line.page.is_cancelled(self.id)

    def check_client(self):
        if self.is_cancelled():
            raise ClientDisconnected("the client is gone")

    def wait(self, done):
        """Waits inside the call until `done()`; first gives back what others could run."""
        if done():
            return
        self.let_go()
        bell = self.line.bell()
        self.stop_clock(bell)
        try:
            self.line.hand_back()
            while not done():
                self.check_client()
                bell.wait()
        finally:
            self.restart_clock(bell)

    def stop_clock(self, bell):
        """A thread begins to wait, not always the serving one; while one does, the deadline's clock stands still."""
        with self.line.sender.writing:
            checkpoint()
            self.bells += (bell,)
            if len(self.bells) == 1:
                self.stopped_at = clock()
                self.line.mark_start(self.id, STANDING)

    def restart_clock(self, bell):
        with self.line.sender.writing:
            self.bells = tuple(other for other in self.bells if other is not bell)
            if not self.bells:
                self.waited += clock() - self.stopped_at
                self.line.mark_start(self.id, self.start + self.waited)

    def wake(self):
        for bell in self.bells:
            bell.ring()

    # Ends

    def end(self):
        """The application is done: sends whatever was not sent yet."""
        if not self.code:
            raise no_start_response()
        if self.complete_at:
            now = clock()
            self.line.tails.note(now - self.complete_at)
            body = self.take_deferred()
            if body is not None:
                self.whole(body, now)
                return
        elif not self.begun and self.end_without_body():
            return
        short = self.length is not None and self.sends_body and self.sent < self.length
        if short:
            says = "the application sent %d bytes, less than its Content-Length of %d" % (self.sent, self.length)
            self.line.sender.log("warning", says, self.id)
        self.end_frame(SHORT if short else 0)

    def end_without_body(self):
        """Sends the head of an answer no byte of which came; False if END is to follow."""
        if self.sends_body:
            last = not self.length
        else:
            has_length = self.code != 204 and self.code != 304
            if has_length and self.length is None and self.exact:
                self.add_length(self.exact)
            # Without a length, LAST would say that the body to a GET had none.
            last = self.length is not None or not has_length
        if last:
            self.whole(b"", clock())
        else:
            self.head_sent = True
            self.line.sender.send(*self.head_frame(b""))
        return last

    def end_frame(self, flags=0):
        """END, behind what was kept; both wait for company, as whole answers do."""
        self.ended = now = clock()
        end = frame("END", self.id, U32.pack(microseconds(now - self.start)), flags)
        sender = self.line.sender
        with sender.writing:
            checkpoint()
            if not sender.out:
                sender.oldest = now
            sender.out.extend((*self.take_frame(), end))

    def fail(self, error):
        """The call was left by an exception: the request ends with ERROR, quietly if nobody waits."""
        if self.stream is not None:
            self.stream.discard()
        if self.is_cancelled():
            self.end_frame()
            return
        self.let_go()
        facts = {"code": "APP_RAISED", "says": describe(error), "hint": "", "traceback": traceback_of(error)}
        if isinstance(error, Fault):
            facts.update(code=error.code, says=error.says, hint=error.hint)
        elif isinstance(error, ClientDisconnected):
            facts.update(code="REQUEST_BODY_BROKEN", traceback="")
        report = report_of(error)
        if report is not None:
            facts["report"] = report
        self.ended = clock()
        self.line.sender.send(json_frame("ERROR", facts, self.id, STARTED if self.head_sent else 0))

    def release(self):
        """Gives back what only some requests take."""
        self.line.calls.pop(self.id, None)
        for file in self.closes:
            file.close()


def is_iterable(chunks):
    return hasattr(chunks, "__iter__") or hasattr(chunks, "__getitem__")
