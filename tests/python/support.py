"""What the tests of the Python runtime share: our package loaded by path, and the front's side of the wire."""
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUNTIME = os.path.join(ROOT, "python", "dram")
BOOTSTRAP = os.path.join(RUNTIME, "bootstrap.py")
PATIENCE_SECONDS = 30


def load(name, file, folder=None):
    path = os.path.join(RUNTIME, file)
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder and [folder])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if "_dram" not in sys.modules:
    load("_dram", "__init__.py", RUNTIME)
    load("dram", "public.py")

from _dram import page as pages  # noqa: E402
from _dram.frames import FLAGS, FRONT, HEADER, PAGE, TABLE, U32, WORKER  # noqa: E402
from _dram.worker import Worker  # noqa: E402

KINDS = {number: name for name, number in WORKER.items()}
REQUEST_FLAGS = FLAGS["REQUEST"]
DEFAULT_BLOCK = {
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SCRIPT_NAME": "",
    "wsgi.url_scheme": "http",
    "HTTP_HOST": "127.0.0.1:8000",
}
DEFAULT_CONFIG = {
    "app": None,
    "chdir": None,
    "pythonpath": [],
    "env": {},
    "threads": 1,
    "greenlets": 0,
    "multiprocess": True,
    "software": "dram/test",
    "strictHeaders": False,
    "streamRequests": False,
    "fronts": 1,
}


def front_frame(kind, request_id=0, payload=b"", flags=0, aux=0):
    return HEADER.pack(len(payload), FRONT[kind], flags, aux, request_id) + payload


def request_frame(
    request_id,
    method="GET",
    target="/",
    path="",
    address="127.0.0.1",
    port="50000",
    name="r1",
    block=None,
    body=b"",
    flags=(),
    pairs=None,
):
    """A REQUEST frame; `flags` are names of the table, `block` is added to the usual one."""
    bits = sum(REQUEST_FLAGS[flag] for flag in flags)
    own = "\0".join([method, target, path, address, port, name]).encode("latin-1")
    pairs = pairs or {**DEFAULT_BLOCK, **(block or {})}.items()
    block = "\0".join(part for pair in pairs for part in pair).encode("latin-1")
    payload = U32.pack(len(block)) + own + block + body
    return front_frame("REQUEST", request_id, payload, bits, len(own))


def wait_until(done):
    """Looks again and again, for want of an event to wait for."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > give_up:
            raise AssertionError("it didn't come to this in %d s" % PATIENCE_SECONDS)
        time.sleep(0)


class Frame:
    """A frame from the worker, taken apart."""

    def __init__(self, header, payload):
        _, kind, self.flags, self.aux, self.id = HEADER.unpack(header)
        self.kind = KINDS[kind]
        self.payload = payload

    def has(self, flag):
        return bool(self.flags & FLAGS[self.kind][flag])

    @property
    def json(self):
        return json.loads(self.payload)

    @property
    def head(self):
        return self.payload[8 : 8 + U32.unpack_from(self.payload)[0]].decode("latin-1")

    @property
    def headers(self):
        return [tuple(line.split(": ", 1)) for line in self.head.split("\r\n")[1:-1]]

    @property
    def body(self):
        return self.payload[8 + U32.unpack_from(self.payload)[0] :] if self.kind == "HEAD" else self.payload

    @property
    def text(self):
        return self.payload.decode()

    @property
    def ids(self):
        return [U32.unpack_from(self.payload, at)[0] for at in range(0, len(self.payload), 4)]

    def __repr__(self):
        return "<%s %d flags=%d %r>" % (self.kind, self.id, self.flags, self.payload[:80])


class FrameReader:
    def __init__(self, connection):
        self.connection = connection
        self.held = b""
        connection.settimeout(PATIENCE_SECONDS)

    def exactly(self, count):
        while len(self.held) < count:
            received = self.connection.recv(262144)
            if not received:
                raise EOFError
            self.held += received
        data, self.held = self.held[:count], self.held[count:]
        return data

    def next(self):
        header = self.exactly(HEADER.size)
        return Frame(header, self.exactly(HEADER.unpack(header)[0]))


class Front:
    """The front's side of a worker's two connections."""

    def __init__(self, data, control, page, number=0):
        self.data = data
        self.control = control
        self.words = page.words
        self.section = page.section(number).words
        self.reader = FrameReader(data)
        self.control_reader = FrameReader(control)

    def request(self, request_id, **facts):
        self.data.sendall(request_frame(request_id, **facts))

    def tell(self, kind, request_id=0, payload=b"", flags=0):
        self.control.sendall(front_frame(kind, request_id, payload, flags))

    def credit(self, request_id, count):
        self.tell("CREDIT", request_id, U32.pack(count))

    def mark(self, request_id, bits):
        self.section[PAGE["flags"] + request_id % PAGE["flagWords"]] = request_id << 8 | bits

    def next(self, kind=None):
        frame = self.reader.next()
        if kind is not None and frame.kind != kind:
            raise AssertionError("expected %s, got %r" % (kind, frame))
        return frame

    def until(self, *kinds):
        """All frames up to and with the first of one of `kinds`."""
        frames = [self.next()]
        while frames[-1].kind not in kinds:
            frames.append(self.next())
        return frames

    def answer(self, request_id=None, **facts):
        """Sends a request if told to, and returns the frames of its answer."""
        if request_id is not None:
            self.request(request_id, **facts)
        frames = []
        while True:
            frames.append(self.next())
            last = frames[-1]
            if last.kind in ("END", "ERROR", "UNREADY") or last.kind == "HEAD" and last.has("LAST"):
                return frames


class LocalWorker(Front):
    """A Worker that serves in threads of this process, over socket pairs."""

    kind = Worker

    def __init__(self, application, window=262144, **config):
        data, self.worker_data = socket.socketpair()
        control, self.worker_control = socket.socketpair()
        self.folder = tempfile.mkdtemp()
        path = os.path.join(self.folder, "page")
        pages.create(path)
        page = pages.Page(path)
        super().__init__(data, control, page)
        connections = [(self.worker_data, self.worker_control)]
        self.worker = self.kind(application, {**DEFAULT_CONFIG, **config}, page, connections, window)
        self.thread = threading.Thread(target=self.worker.run, daemon=True)
        self.thread.start()

    def ping(self):
        """Waits until the control thread has obeyed all that it was told."""
        self.tell("PING", 0, b"obeyed")
        while self.control_reader.next().payload != b"obeyed":
            pass

    def until_all_serve(self):
        wait_until(lambda: all(slot.words[pages.IDENT] for slot in self.worker.slots))

    def stop_serving(self):
        """Waits for the worker's end; what it has said can still be read, to the end."""
        self.tell("STOP")
        self.ping()
        self.thread.join(PATIENCE_SECONDS)
        self.worker_data.close()

    def stop(self):
        if self.worker_data.fileno() >= 0:
            self.stop_serving()
        for end in (self.data, self.control, self.worker_control):
            end.close()
        shutil.rmtree(self.folder)
        if self.thread.is_alive():
            raise AssertionError("the worker didn't stop")
        self.unmap()

    def unmap(self):
        """Lets go of the page's descriptor: what is registered for forks keeps the worker for ever."""
        page = self.worker.page
        mapped = page.bytes.obj
        for slot in self.worker.slots:
            slot.words.release()
            slot.doubles.release()
        self.section.release()
        self.worker.lines[0].page.words.release()
        page.words.release()
        page.bytes.release()
        mapped.close()


class Commands:
    """The supervisor's side of a connection to a zygote, or to a template."""

    def __init__(self, supervisor):
        self.supervisor = supervisor
        self.supervisor.settimeout(PATIENCE_SECONDS)
        self.held = b""
        self.fronts = []

    def tell(self, **command):
        self.supervisor.sendall((json.dumps(command) + "\n").encode())

    def event(self, name=None):
        while b"\n" not in self.held:
            received = self.supervisor.recv(65536)
            if not received:
                raise EOFError(self.said())
            self.held += received
        line, _, self.held = self.held.partition(b"\n")
        event = json.loads(line)
        if name is not None and event["event"] != name:
            raise AssertionError("expected %s, got %r" % (name, event))
        return event

    def said(self):
        return "the other side has hung up"

    def fork(self, number=1, window=262144, **facts):
        """Forks a worker; returns (its front, the forked event). READY is not read yet."""
        self.tell(cmd="fork", worker=number, **facts)
        event = self.event("forked")
        ends = []
        for role in (0, 1):
            end = socket.socket(socket.AF_UNIX)
            end.connect(event["socket"])
            hello = json.dumps({"version": TABLE["version"], "window": window, "front": 0}).encode()
            end.sendall(front_frame("HELLO", 0, hello, role))
            ends.append(end)
        front = Front(*ends, pages.Page(event["page"]))
        self.fronts.append(front)
        return front, event

    def candidate(self, number=1):
        """Forks a candidate; returns (its front, the forked event, the connection on which it says what it found)."""
        front, event = self.fork(number, candidate=True)
        end = socket.socket(socket.AF_UNIX)
        end.connect(event["template"])
        template = Commands(end)
        self.templates.append(template)
        return front, event, template

    def hang_up(self):
        self.supervisor.close()
        for front in self.fronts:
            front.data.close()
            front.control.close()


class ZygoteProcess(Commands):
    """A real zygote, and the supervisor's side of its socket."""

    def __init__(self, cwd=None, environ=None, **config):
        self.folder = tempfile.mkdtemp()
        ours, theirs = socket.socketpair()
        super().__init__(ours)
        self.templates = []
        self.log = open(os.path.join(self.folder, "zygote.log"), "w+b")

        def place():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen(
            [sys.executable, BOOTSTRAP, " " * 64],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            close_fds=False,
            preexec_fn=place,
            cwd=cwd,
            env={**os.environ, **(environ or {})},
        )
        theirs.close()
        self.lifeline_path = os.path.join(self.folder, "lifeline")
        self.lifeline = None
        self.config = {**DEFAULT_CONFIG, **config, "folder": self.folder, "lifeline": self.lifeline_path}

    def begin(self):
        self.tell(cmd="configure", **self.config)
        ready = self.event("ready")
        self.lifeline = os.open(self.lifeline_path, os.O_RDWR | os.O_NONBLOCK)
        self.tell(cmd="lifeline")
        return ready

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def close(self):
        try:
            for commands in (*self.templates, self):
                commands.hang_up()
            self.process.wait(PATIENCE_SECONDS)
        finally:
            if self.lifeline is not None:
                os.close(self.lifeline)
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
