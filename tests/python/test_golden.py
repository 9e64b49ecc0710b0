"""Our side of the wire's golden samples: the front's frames are taken in, the worker's are made."""
import json
import os
import struct
import unittest
from types import SimpleNamespace

from support import FLAGS, FRONT, HEADER, ROOT, WORKER, request_frame
from _dram.control import Control, Reader
from _dram.environ import Environs, base_environ
from _dram.frames import FILE_HEADER, LOG_LEVELS, U32, frame
from _dram.receive import Requests
from _dram.reply import Answer

GOLDEN = os.path.join(ROOT, "wire", "golden")


def samples(name):
    with open(os.path.join(GOLDEN, name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def received(data):
    """The requests in these bytes, however they are cut."""
    requests = Requests(SimpleNamespace())
    requests.split(data)
    return list(requests.waiting)


class RequestSamples(unittest.TestCase):
    def test_environ(self):
        for sample in samples("request"):
            if "environ" not in sample:
                continue
            with self.subTest(sample["name"]):
                (request,) = received(bytes.fromhex(sample["hex"]))
                self.assertEqual(request[0], sample["fields"]["id"])
                answer = Answer(None, request[0], 0.0)
                environ = Environs(base_environ("dram/test", False, True)).build(request, answer, None)
                for key, value in sample["environ"].items():
                    if value is None:
                        self.assertNotIn(key, environ)
                    elif key == "wsgi.input":
                        self.assertEqual(environ[key].read().hex(), value)
                    else:
                        self.assertEqual(environ[key], value)

    def test_made_alike_by_these_tests(self):
        for sample in samples("request"):
            with self.subTest(sample["name"]):
                fields = sample["fields"]
                made = request_frame(
                    fields["id"],
                    method=fields["method"],
                    target=fields["target"],
                    path=fields["path"],
                    address=fields["clientAddress"],
                    port=fields["clientPort"],
                    name=fields["requestId"],
                    pairs=fields["block"],
                    body=bytes.fromhex(fields["bodyHex"]),
                    flags=fields["flags"],
                )
                self.assertEqual(made.hex(), sample["hex"])

    def test_cut_at_every_byte(self):
        data = b"".join(bytes.fromhex(sample["hex"]) for sample in samples("request"))
        expected = [sample["fields"]["id"] for sample in samples("request")]
        for at in range(len(data)):
            pieces = [data[:at], data[at:], b""] if at else [data, b""]
            requests = Requests(SimpleNamespace(recv=lambda size, flags, pieces=pieces: pieces.pop(0)))
            while requests.receive():
                pass
            self.assertEqual([request[0] for request in requests.waiting], expected)

    def test_byte_by_byte(self):
        data = b"".join(bytes.fromhex(sample["hex"]) for sample in samples("request"))
        pieces = [data[at : at + 1] for at in range(len(data))] + [b""]
        requests = Requests(SimpleNamespace(recv=lambda size, flags: pieces.pop(0)))
        while requests.receive():
            pass
        whole = [(request[0], request[4][request[5] : request[6]]) for request in received(data)]
        self.assertEqual([(request[0], request[4][request[5] : request[6]]) for request in requests.waiting], whole)


class FrontSamples(unittest.TestCase):
    def test_control(self):
        for sample in samples("front"):
            if sample["frame"] == "HELLO":
                continue
            with self.subTest(sample["name"]):
                seen = []
                control = Control(None)
                control.obey = lambda line, *told: seen.append(told)
                reader = Reader(control, None)
                data = bytes.fromhex(sample["hex"])
                for byte in range(len(data)):
                    self.assertEqual(reader.obey_all(data[:byte]), data[:byte])
                self.assertEqual(reader.obey_all(data), b"")
                fields = sample["fields"]
                flags = sum(FLAGS[sample["frame"]][flag] for flag in fields["flags"])
                self.assertEqual(seen, [(sample["frame"], flags, fields["id"], bytes.fromhex(fields["payloadHex"]))])

    def test_hello(self):
        for sample in samples("front"):
            if sample["frame"] == "HELLO":
                data = bytes.fromhex(sample["hex"])
                length, kind, role, _, _ = HEADER.unpack_from(data)
                self.assertEqual((kind, role), (FRONT["HELLO"], sample["fields"]["role"]))
                self.assertEqual(json.loads(data[12 : 12 + length]), sample["fields"]["json"])


class WorkerSamples(unittest.TestCase):
    def test_made_alike(self):
        for sample in samples("worker"):
            with self.subTest(sample["name"]):
                self.assertEqual(self.made(sample["frame"], sample["fields"]).hex(), sample["hex"])

    def made(self, kind, fields):
        if kind == "HEAD":
            return self.head(fields)
        flags = sum(FLAGS[kind][flag] for flag in fields["flags"])
        if "json" in fields:
            payload = json.dumps(fields["json"]).encode()
        elif "payloadHex" in fields:
            payload = bytes.fromhex(fields["payloadHex"])
        elif kind == "FILE":
            place = FILE_HEADER.pack(fields["offset"], fields["length"], fields["device"], fields["inode"])
            payload = place + fields["path"].encode()
        elif "ids" in fields:
            payload = b"".join(map(U32.pack, fields["ids"]))
        elif "text" in fields:
            payload = fields["text"].encode()
        else:
            numbers = [fields[name] for name in ("micros", "bytes") if name in fields]
            payload = b"".join(map(U32.pack, numbers))
        return frame(kind, fields["id"], payload, flags, LOG_LEVELS[fields["level"]] if "level" in fields else 0)

    def head(self, fields):
        answer = Answer(None, fields["id"], 0.0)
        answer.code = fields["status"]
        answer.head = fields["head"].encode("latin-1")
        answer.flags = sum(FLAGS["HEAD"][flag] for flag in fields["flags"])
        header, head, body = answer.head_frame(bytes.fromhex(fields["bodyHex"]))
        # The time can't be told to it; it is the header's last word.
        return header[:-4] + struct.pack("<I", fields["micros"]) + head + body

    def test_every_frame_has_a_sample(self):
        self.assertEqual({sample["frame"] for sample in samples("worker")}, set(WORKER))
        self.assertEqual({sample["frame"] for sample in samples("front")} | {"REQUEST"}, set(FRONT))


if __name__ == "__main__":
    unittest.main()
