"""Records of Python's logging that reach the server's log with their level.

They travel among what a worker prints, marked line by line (src/observe/marked.ts reads that): so they come from
wherever the application logs, while it is loaded and in processes that it forks, too.
"""
import logging
import os

STDERR = 2
MARK = "\x1e"
AS_IT_IS = "R"
MOST_ATOMIC_BYTES = 4096      # PIPE_BUF of Linux: what is written at once to a FIFO is not torn
MOST_LINE_BYTES = 4000
FORMAT = "%(asctime)s [%(process)d] [%(levelname)s] %(message)s"
TIME_FORMAT = "[%Y-%m-%d %H:%M:%S %z]"
LEVELS = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


class RecordHandler(logging.StreamHandler):
    """Hands records to the server's log. With a formatter of the application's, lines go there as that made them."""

    plain = logging.Formatter("%(message)s")

    def __init__(self):
        super().__init__()
        self.own = self.formatter = logging.Formatter(FORMAT, TIME_FORMAT)

    def emit(self, record):
        try:
            if self.formatter is self.own:
                self.write(level_of(record.levelno), self.plain.format(record))
            else:
                write(AS_IT_IS, self.format(record))
        except Exception:
            self.handleError(record)

    def write(self, level, text):
        write(level[0].upper(), text)


def level_of(number):
    """The server's name of a level."""
    for least, name in LEVELS:
        if number >= least:
            return name
    return "debug"


def write(letter, text):
    pending = b""
    for line in marked(letter, text):
        if len(pending) + len(line) > MOST_ATOMIC_BYTES:
            write_all(pending)
            pending = b""
        pending += line
    write_all(pending)


def marked(letter, text):
    for line in text.split("\n"):
        data = line.encode("utf-8", "backslashreplace")
        for at in range(0, max(1, len(data)), MOST_LINE_BYTES):
            yield (MARK + letter).encode() + data[at : at + MOST_LINE_BYTES] + b"\n"
            letter = "+"


def write_all(data):
    while data:
        data = data[os.write(STDERR, data) :]
