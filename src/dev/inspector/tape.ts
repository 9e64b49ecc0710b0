import type { RecordedBytes } from './journey.ts'

/** Of each request's bytes, and of each answer's, so many are kept. */
export const MOST_TAPE_BYTES = 64 * 1024
/** Bytes that come one by one are not kept one by one. */
const MOST_PIECES = 1024

interface Piece {
  readonly at: number
  bytes: Buffer
}

/** The first bytes that went one way, in the pieces they came in, and how many there were in all. Times are the recorder's, ms. */
export class Tape {
  length = 0
  #kept = 0
  #isOff = false
  readonly #pieces: Piece[] = []

  /** Copies what it keeps. */
  add(bytes: Buffer, at: number): void {
    this.length += bytes.length
    const kept = bytes.subarray(0, Math.max(0, MOST_TAPE_BYTES - this.#kept))
    if (kept.length === 0 || this.#isOff) return
    this.#kept += kept.length
    const last = this.#pieces.at(-1)
    if (last !== undefined && this.#pieces.length >= MOST_PIECES) last.bytes = Buffer.concat([last.bytes, kept])
    else this.#pieces.push({ at, bytes: Buffer.from(kept) })
  }

  /** Keeps nothing, from now on and of what came before; it goes on counting. */
  turnOff(): void {
    this.#isOff = true
    this.#pieces.length = 0
    this.#kept = 0
  }

  get keptBytes(): number {
    return this.#kept
  }

  /** What is kept of it, as one. */
  all(): Buffer {
    return Buffer.concat(this.#pieces.map(({ bytes }) => bytes))
  }

  get isWhole(): boolean {
    return this.length === this.#kept
  }

  /** `from`: the time that counts as 0. */
  recorded(from: number): RecordedBytes {
    return {
      pieces: this.#pieces.map(({ at, bytes }) => ({ atMs: at - from, bytes: bytes.toString('base64') })),
      dropped: this.length - this.#kept,
    }
  }
}
