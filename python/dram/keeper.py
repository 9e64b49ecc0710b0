"""The keeper: does what the front can't, since it is Node: Unix datagrams, and what Python has to do once per server.

Started by path, with the front's socket as descriptor 3, where NOTIFY_SOCKET is set or an extension is asked for. It
takes one JSON object a line, and ends at the end of file:
- `{"cmd": "notify", "text": "READY=1\\nSTATUS=…"}`
- `{"cmd": "datagrams", "to": "/dev/log", "texts": ["…"]}`: what can't be sent at once is lost; the first loss of a row
  is told, `{"undelivered": 1, "to": "…", "why": "…"}`, and at its end how many there were, without a reason
- `{"cmd": "ask", "id": 1, "module": "…", "name": "…", "facts": {…}}`: a question to a module of dialects/, which is
  imported at its first one; it is answered by `{"id": 1, "answer": …}` or `{"id": 1, "fault": {…}}`.
Unasked it says `{"unnotified": "…"}`, and `{"log": "info", "text": "…"}`.
"""
import os
import sys

# The folder this lies in, and PYTHONPATH's, hold modules that aren't the standard library's.
HERE = os.path.dirname(os.path.abspath(__file__))
FOREIGN = {HERE, *map(os.path.abspath, os.environ.get("PYTHONPATH", HERE).split(os.pathsep))}
FOREIGN.discard(os.path.dirname(os.path.abspath(os.__file__)))
# As the application is to see it, but for its own folder.
PATHS = [entry for entry in sys.path if os.path.abspath(entry) != HERE]
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) not in FOREIGN]

import _queue  # noqa: E402
import _thread  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402

FRONT_FD = 3
# What is sent to the whole group is for the front to obey; the keeper ends with it.
GROUP_SIGNALS = [getattr(signal, "SIG" + name) for name in "INT TERM HUP QUIT USR1 USR2 TTIN TTOU".split()]
# A function of the user's that hangs keeps nobody alive.
LAST_WORDS_SECONDS = 2


def ignore(number, frame):
    pass


def address_of(name):
    """`/path`, or `@name` of Linux's abstract namespace, as sd_notify(3) has it."""
    return "\0" + name[1:] if name.startswith("@") else name


def notify(name, text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address_of(name))
        sender.sendall(text.encode("utf-8"))


class Datagrams:
    """To one Unix socket; never waits for its reader."""

    def __init__(self, name, tell):
        self.name = name
        self.tell = tell      # tell(how many were lost, why)
        self.lost = 0
        self.sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sender.setblocking(False)

    def send(self, text):
        try:
            self.sender.sendto(text.encode("utf-8", "surrogatepass"), address_of(self.name))
        except OSError as error:
            self.lost += 1
            if self.lost == 1:
                self.tell(1, error.strerror or str(error))
        else:
            if self.lost:
                self.tell(self.lost, "")
            self.lost = 0


class Keeper:
    def __init__(self, front):
        self.front = front
        self.senders = {}
        self.notify_socket = os.environ.get("NOTIFY_SOCKET", "")
        self.saying = _thread.allocate_lock()
        self.companions = {}         # by the names of their modules
        self.questions = None        # of the thread that reads, once there is one

    def say(self, **told):
        with self.saying:
            self.front.sendall((json.dumps(told) + "\n").encode())

    def run(self, lines):
        """Obeys, until the first question. From then on a thread reads, so that notices never wait for an answer."""
        for line in lines:
            command = self.obey(line)
            if command is not None:
                self.questions = _queue.SimpleQueue()
                self.questions.put(command)
                _thread.start_new_thread(self.read, (lines,))
                return self.answer_all()

    def read(self, lines):
        try:
            for line in lines:
                command = self.obey(line)
                if command is not None:
                    self.questions.put(command)
        except OSError:
            pass      # the front has ended in haste
        self.questions.put(None)
        import time

        time.sleep(LAST_WORDS_SECONDS)
        os._exit(1)

    def obey(self, line):
        """Does what is asked at once; returns what is to be answered in turn."""
        try:
            command = json.loads(line)
            if command["cmd"] == "notify":
                notify(self.notify_socket, command["text"])
            elif command["cmd"] == "datagrams":
                self.send_datagrams(command["to"], command["texts"])
            elif command["cmd"] == "ask":
                return command
            else:
                raise ValueError
        except (ValueError, KeyError, TypeError):
            print("keeper: not a command: %r" % line, file=sys.stderr, flush=True)
        except OSError as error:
            self.say(unnotified="cannot notify %s: %s" % (self.notify_socket, error))
        return None

    def send_datagrams(self, name, texts):
        if name not in self.senders:
            self.senders[name] = Datagrams(name, lambda lost, why: self.say(undelivered=lost, to=name, why=why))
        for text in texts:
            self.senders[name].send(text)

    def answer_all(self):
        """In the main thread: the user's functions may want to handle signals."""
        while True:
            question = self.questions.get()
            if question is None:
                return
            try:
                self.say(id=question["id"], **self.answer(question))
            except ConnectionError:
                return

    def close(self):
        for companion in self.companions.values():
            if hasattr(companion, "close"):
                companion.close()

    def answer(self, question):
        module = question["module"]
        if module not in self.companions:
            self.companions[module] = load_companion(module, self)
        from _dram.fault import Fault, describe, traceback_of

        try:
            return {"answer": self.companions[module].ask(question["name"], question["facts"])}
        except Fault as fault:
            error = fault
        except BaseException as raised:
            error = Fault("HOOK_FAILED", "%s failed: %s" % (question["name"], describe(raised)))
            error.traceback = traceback_of(raised)
        finally:
            flush()
        return {"fault": {name: getattr(error, name) for name in ("code", "says", "hint", "traceback")}}


class Nobody:
    """For an extension with nothing to do once per server."""

    def ask(self, name, facts):
        return None


def load_companion(module, keeper):
    """Imports a module of dialects/ beside the runtime's, under its private name."""
    from importlib import import_module

    if "_dram" not in sys.modules:
        load_package()
    found = import_module("_dram.dialects." + module)
    return found.Companion(PATHS, keeper.say) if hasattr(found, "Companion") else Nobody()


def load_package():
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("_dram", os.path.join(HERE, "__init__.py"), submodule_search_locations=[HERE])
    sys.modules["_dram"] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
    # Whoever looks for the main program (multiprocessing's spawn does) must not find this file.
    sys.modules["__main__"] = type(sys)("__main__")
    sys.argv[:] = ["dram"]


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:      # the user has put something else in its place
            pass


def run():
    for number in GROUP_SIGNALS:
        signal.signal(number, ignore)
    with socket.socket(fileno=FRONT_FD) as front, front.makefile("rb") as lines:
        try:
            keeper = Keeper(front)
            keeper.run(lines)
            keeper.close()
        except ConnectionError:
            pass      # the front has ended in haste
    flush()


if __name__ == "__main__":
    run()
