import { Buffer } from 'node:buffer'
import { WIRE } from './table.ts'

const HEADER = WIRE.headerBytes
const REQUEST = WIRE.front.REQUEST
const DATA = WIRE.worker.DATA
/** Its length travels in two bytes. */
const MOST_OWN_BYTES = 0xffff
const INITIAL_BYTES = 256 * 1024
/** Of a DATA frame above this size parts are told; a longer one than MOST is none. */
const LARGE_DATA_BYTES = 32 * 1024
const MOST_DATA_BYTES = 4 * 1024 * 1024
/** A buffer that had to grow beyond this for one frame is not kept. */
const MOST_KEPT_BYTES = 1024 * 1024

/** Ids are 31-bit serial numbers (wire/README.md): 0 is none, after 2^31−1 comes 1. */
export function nextId(id: number): number {
  return id === 0x7fffffff ? 1 : id + 1
}

/** Is `a` after `b`, in serial arithmetic? */
export function isAfter(a: number, b: number): boolean {
  const distance = (a - b) & 0x7fffffff
  return distance !== 0 && distance <= 0x3fffffff
}

/**
 * Frames for a worker, one behind the other in one piece of memory, so that all requests of one turn of the
 * event loop travel in one write. `take` hands them out; `recycle` says that the bytes have left.
 */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #start = 0
  #end = 0

  get pending(): number {
    return this.#end - this.#start
  }

  /** Hot: one per request (bench: hello). Texts are latin-1; the caller has refused NUL and code points above 255. */
  request(id: number, flags: number, own: string, block: string, body: Buffer | null): void {
    const ownBytes = own.length
    const blockBytes = block.length
    if (ownBytes > MOST_OWN_BYTES) throw new RangeError(`${ownBytes} bytes are too many for own`)
    const payload = 4 + ownBytes + blockBytes + (body === null ? 0 : body.length)
    const at = this.#room(HEADER + payload)
    const bytes = this.#bytes
    bytes.writeUInt32LE(payload, at)
    bytes[at + 4] = REQUEST
    bytes[at + 5] = flags
    bytes.writeUInt16LE(ownBytes, at + 6)
    bytes.writeUInt32LE(id, at + 8)
    bytes.writeUInt32LE(blockBytes, at + HEADER)
    bytes.latin1Write(own, at + HEADER + 4)
    bytes.latin1Write(block, at + HEADER + 4 + ownBytes)
    if (body !== null) body.copy(bytes, at + HEADER + 4 + ownBytes + blockBytes)
  }

  frame(type: number, flags: number, aux: number, id: number, payload: Uint8Array | null = null): void {
    const length = payload === null ? 0 : payload.length
    const at = this.#room(HEADER + length)
    const bytes = this.#bytes
    bytes.writeUInt32LE(length, at)
    bytes[at + 4] = type
    bytes[at + 5] = flags
    bytes.writeUInt16LE(aux, at + 6)
    bytes.writeUInt32LE(id, at + 8)
    if (payload !== null) bytes.set(payload, at + HEADER)
  }

  number(type: number, id: number, value: number): void {
    const at = this.#room(HEADER + 4)
    const bytes = this.#bytes
    bytes.writeUInt32LE(4, at)
    bytes.writeUInt32LE(type, at + 4)
    bytes.writeUInt32LE(id, at + 8)
    bytes.writeUInt32LE(value, at + HEADER)
  }

  /** All frames since the last call. The bytes stay as they are until `recycle`. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#end)
    this.#start = this.#end
    return taken
  }

  /** Everything taken has left: the memory may be written again. Without this call, fresh memory is used in the end. */
  recycle(): void {
    if (this.#start !== this.#end) return
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.#start = this.#end = 0
  }

  #room(size: number): number {
    if (this.#end + size > this.#bytes.length) this.#renew(size)
    const at = this.#end
    this.#end += size
    return at
  }

  #renew(size: number): void {
    const pending = this.#bytes.subarray(this.#start, this.#end)
    const fresh = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, (pending.length + size) * 2))
    fresh.set(pending)
    this.#bytes = fresh
    this.#start = 0
    this.#end = pending.length
  }
}

/**
 * A cursor over the frames of a stream. `target` is where the next bytes are to be put, `received` says how many
 * came, `next` steps to the next whole frame, whose fields then stand in `type` … `end` and are true until `target`
 * is called again. The bytes of a frame are read in place and never copied here. Of a
 * large DATA frame any part counts as a frame, so that it is passed on while it comes.
 */
export class FrameReader {
  bytes: Buffer
  type = 0
  flags = 0
  aux = 0
  id = 0
  /** The payload is bytes[start … end). */
  start = 0
  end = 0
  #from = 0
  #to = 0
  /** Of a DATA frame, a part of which was told: how much of it is to come. */
  #moreData = 0
  #moreDataId = 0
  readonly #initialBytes: number

  constructor(initialBytes = INITIAL_BYTES) {
    this.#initialBytes = initialBytes
    this.bytes = Buffer.allocUnsafeSlow(initialBytes)
  }

  /** Where the next bytes go: behind the part of a frame that is here already. */
  target(): Buffer {
    const rest = this.#to - this.#from
    const need = this.begunBytes || HEADER
    if (rest === 0 && this.bytes.length > MOST_KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(this.#initialBytes)
    if (need > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(need + INITIAL_BYTES)
      this.bytes.copy(larger, 0, this.#from, this.#to)
      this.bytes = larger
    } else if (rest > 0 && this.#from > 0) this.bytes.copyWithin(0, this.#from, this.#to)
    this.#from = 0
    this.#to = rest
    return rest === 0 ? this.bytes : this.bytes.subarray(rest)
  }

  /** The size of the frame of which a part is here; 0 while that isn't known. */
  get begunBytes(): number {
    return this.#to - this.#from < 4 ? 0 : HEADER + this.bytes.readUInt32LE(this.#from)
  }

  received(count: number): void {
    this.#to += count
  }

  next(): boolean {
    if (this.#moreData > 0) return this.#nextOfData()
    const at = this.#from
    const available = this.#to - at
    if (available < HEADER) return false
    const bytes = this.bytes
    const length = bytes.readUInt32LE(at)
    if (available < HEADER + length) return this.#beginData(at, length)
    this.type = bytes[at + 4]!
    this.flags = bytes[at + 5]!
    this.aux = bytes.readUInt16LE(at + 6)
    this.id = bytes.readUInt32LE(at + 8)
    this.start = at + HEADER
    this.end = this.#from = at + HEADER + length
    return true
  }

  /** If the frame at `at`, which is not whole, is DATA: its first part. */
  #beginData(at: number, length: number): boolean {
    if (this.bytes[at + 4] !== DATA || length < LARGE_DATA_BYTES || length > MOST_DATA_BYTES) return false
    this.#from = at + HEADER
    this.#moreData = length
    this.#moreDataId = this.bytes.readUInt32LE(at + 8)
    return this.#nextOfData()
  }

  #nextOfData(): boolean {
    const count = Math.min(this.#moreData, this.#to - this.#from)
    if (count === 0) return false
    this.type = DATA
    this.flags = this.aux = 0
    this.id = this.#moreDataId
    this.start = this.#from
    this.end = this.#from += count
    this.#moreData -= count
    return true
  }
}
