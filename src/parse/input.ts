import { Buffer } from 'node:buffer'
import type { FaultCode } from '../faults/table.ts'
import { HeldBytes } from './heldBytes.ts'
import { Refusal } from './refusal.ts'

const CR = 0x0d
const LF = 0x0a
const EMPTY: Buffer = Buffer.alloc(0)

/** The bytes of one feed, behind those that earlier ones left, and how far they are read. */
export class Input {
  bytes = EMPTY
  at = 0

  readonly #waiting = new HeldBytes()
  /** How many bytes from `at` on are known to hold no LF. */
  #searched = 0
  #sectionBytes = 0

  /** Bytes kept for the next feed. */
  get waitingBytes(): number {
    return this.#waiting.length
  }

  get leftBytes(): number {
    return this.bytes.length - this.at
  }

  /** Makes these bytes the ones to read, in one piece with those that wait. */
  open(bytes: Buffer): void {
    if (this.#waiting.length > 0) this.#waiting.append(bytes)
    this.bytes = this.#waiting.length > 0 ? this.#waiting.view() : bytes
    this.at = 0
  }

  /** Keeps what was not read. */
  close(): void {
    if (this.#waiting.length > 0) this.#waiting.drop(this.at)
    else if (this.leftBytes > 0) this.#waiting.append(this.bytes.subarray(this.at))
    this.bytes = EMPTY
    this.at = 0
  }

  /** Reads the rest as if it had never come. */
  skip(): void {
    this.at = this.bytes.length
  }

  /**
   * The next line without its CRLF, or null while its end is missing. What is wrong with it depends on its bytes up
   * to the first LF alone, so that the cuts between feeds don't matter. `limit` is what the refusal names.
   */
  readLine(maxBytes: number, tooLong: FaultCode, limit = maxBytes): string | null {
    const { bytes, at } = this
    const lf = bytes.indexOf(LF, at + this.#searched)
    const length = (lf < 0 ? bytes.length : lf) - at
    if (length > maxBytes + 1) throw new Refusal(tooLong, limit)
    this.#searched = lf < 0 ? length : 0
    if (lf < 0) return null
    if (length === 0 || bytes[lf - 1] !== CR) throw new Refusal('LINE_BARE_LF')
    this.at = lf + 1
    return bytes.toString('latin1', at, lf - 1)
  }

  /** A line of a section that ends with an empty one and may hold `maxBytes` before that. */
  readSectionLine(maxBytes: number, tooLarge: FaultCode): string | null {
    const line = this.readLine(Math.max(0, maxBytes - this.#sectionBytes - 2), tooLarge, maxBytes)
    if (line === '') this.#sectionBytes = 0
    else if (line !== null) this.#sectionBytes += line.length + 2
    return line
  }
}
