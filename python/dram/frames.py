"""The wire's table (wire/frames.json, explained in wire/README.md) as constants, and what packs a frame."""
import json
import os
import struct

WIRE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "wire")

with open(os.path.join(WIRE, "frames.json"), encoding="utf-8") as file:
    TABLE = json.load(file)

FRONT = TABLE["front"]
WORKER = TABLE["worker"]
FLAGS = TABLE["flags"]
PAGE = TABLE["page"]
LOG_LEVELS = {name: level for level, name in enumerate(TABLE["logLevels"])}
ID_BITS = TABLE["idBits"]
ID_MASK = (1 << ID_BITS) - 1
HALF_OF_IDS = ID_MASK >> 1

HEADER = struct.Struct("<IBBHI")            # payload bytes, type, flags, aux, id
REQUEST_HEADER = struct.Struct("<IBBHII")   # the same, and the REQUEST's bytes of block
HEAD_HEADER = struct.Struct("<IBBHIII")     # the same, and the HEAD's bytes of head and microseconds
FILE_HEADER = struct.Struct("<QQQQ")        # offset, length, device, inode
U32 = struct.Struct("<I")
MAX_U32 = 0xFFFFFFFF


def frame(kind, request_id=0, payload=b"", flags=0, aux=0):
    """The bytes of one frame; `kind` is its name in the table's worker part."""
    return HEADER.pack(len(payload), WORKER[kind], flags, aux, request_id) + payload


def json_frame(kind, facts, request_id=0, flags=0):
    return frame(kind, request_id, json.dumps(facts).encode("utf-8"), flags)


def is_after(a, b):
    """Whether id `a` comes after id `b`; ids are serial numbers that wrap."""
    return 0 < ((a - b) & ID_MASK) <= HALF_OF_IDS


def microseconds(seconds):
    return min(int(seconds * 1e6), MAX_U32)
