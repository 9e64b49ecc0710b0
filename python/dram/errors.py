"""wsgi.errors: lines that reach the log with the id of the request that wrote them."""
import sys


class Errors:
    """One serving thread's wsgi.errors; `line` and `request_id` are those of the request it runs."""

    def __init__(self, line):
        self.line = line
        self.request_id = 0
        self.partial = ""

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("wsgi.errors takes strings, not %s" % type(text).__name__)
        lines, newline, rest = text.rpartition("\n")
        if newline:
            self.send(self.partial + lines)
            self.partial = rest
        else:
            self.partial += rest
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        if self.partial:
            text, self.partial = self.partial, ""
            self.send(text)

    def send(self, text):
        try:
            self.line.sender.log("error", text, self.request_id)
        except OSError:           # in a process the application forked there is no front
            sys.stderr.write(text + "\n")
