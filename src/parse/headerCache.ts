import type { HeaderBlock } from '../events/request.ts'

/** A block larger than this is rare enough to be read again. */
export const MAX_SHARED_BLOCK_BYTES = 4 * 1024
const DEFAULT_MAX_BYTES = 1024 * 1024
const SIGHTS = 1024

type Table = Map<string, HeaderBlock>

/**
 * Valid header blocks by their text, shared by the connections of one policy of peer and listener (`environ`
 * depends on it). A block is kept when it is seen for the second time, and leaves when two halves' worth of
 * others came after its last use.
 */
export class HeaderCache {
  readonly #halfBytes: number
  /** By minor version: what a block means depends on it. */
  #young: readonly [Table, Table] = [new Map(), new Map()]
  #old: readonly [Table, Table] = [new Map(), new Map()]
  #youngBytes = 0
  readonly #sights = new Int32Array(SIGHTS)

  /** `maxBytes` is what the kept blocks may weigh in memory, about. */
  constructor(maxBytes = DEFAULT_MAX_BYTES) {
    this.#halfBytes = maxBytes / 2
  }

  get(minor: 0 | 1, raw: string): HeaderBlock | undefined {
    const block = this.#young[minor].get(raw)
    if (block) return block
    const aged = this.#old[minor].get(raw)
    if (aged) this.#keep(minor, aged)
    return aged
  }

  /** Tells of a block that was not found. */
  offer(minor: 0 | 1, block: HeaderBlock): void {
    if (block.raw.length > MAX_SHARED_BLOCK_BYTES) return
    const print = fingerprint(block.raw, minor)
    const slot = print & (SIGHTS - 1)
    if (this.#sights[slot] === print) this.#keep(minor, block)
    else this.#sights[slot] = print
  }

  #keep(minor: 0 | 1, block: HeaderBlock): void {
    const bytes = weight(block)
    if (this.#youngBytes + bytes > this.#halfBytes) {
      this.#old = this.#young
      this.#young = [new Map(), new Map()]
      this.#youngBytes = 0
    }
    this.#young[minor].set(block.raw, block)
    this.#youngBytes += bytes
  }
}

/** The text, route's encoding of it, and an object with two views of the text per field. */
function weight(block: HeaderBlock): number {
  return 256 + 2 * block.raw.length + 128 * block.fields.length
}

/** FNV-1a over at most 128 characters. Two texts with one print only mean that the second is kept at first sight. */
function fingerprint(text: string, minor: number): number {
  const step = 1 + (text.length >> 7)
  let print = 0x811c9dc5 ^ minor ^ (text.length << 1)
  for (let at = 0; at < text.length; at += step) print = Math.imul(print ^ text.charCodeAt(at), 0x01000193)
  return print
}
