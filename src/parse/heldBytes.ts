import { Buffer } from 'node:buffer'

const EMPTY: Buffer = Buffer.alloc(0)
const LEAST_ROOM_BYTES = 256

/** Bytes that wait for more. The room doubles, so that coming one by one costs no more than coming whole. */
export class HeldBytes {
  #room = EMPTY
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** All of them; overwritten by the next `append`. */
  view(): Buffer {
    return this.#room.subarray(this.#start, this.#end)
  }

  append(bytes: Buffer): void {
    if (this.#end + bytes.length > this.#room.length) this.#makeRoom(this.length + bytes.length)
    bytes.copy(this.#room, this.#end)
    this.#end += bytes.length
  }

  /** Forgets the first `count` of them, and the room with the last. */
  drop(count: number): void {
    this.#start += count
    if (this.#start < this.#end) return
    this.#room = EMPTY
    this.#start = this.#end = 0
  }

  #makeRoom(bytes: number): void {
    const fits = bytes * 2 <= this.#room.length
    const room = fits ? this.#room : Buffer.allocUnsafe(Math.max(LEAST_ROOM_BYTES, bytes * 2))
    this.#room.copy(room, 0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
    this.#room = room
  }
}
