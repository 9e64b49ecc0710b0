/** Statuses that have a cell of their own: 100 to 599. */
const FIRST_STATUS = 100
const STATUSES = 500
/** How many times are kept until they are read. A power of two. */
const KEPT = 1024

/** What came since the last look. */
export interface SinglesRead {
  readonly requests: number
  readonly statuses: readonly (readonly [status: number, count: number])[]
  /** The last of them, at most 1024, in milliseconds. */
  readonly tookMs: readonly number[]
}

/** Requests one by one, for readers that sum up for themselves. Hot: nothing is allocated per request. */
export class Singles {
  /** Bytes of memory that one counts in. */
  static readonly BYTES: number = (1 + KEPT + STATUSES) * Float64Array.BYTES_PER_ELEMENT
  readonly #count: Float64Array
  readonly #took: Float64Array
  readonly #statuses: Float64Array

  constructor(memory: ArrayBufferLike = new ArrayBuffer(Singles.BYTES), offset = 0) {
    this.#count = new Float64Array(memory, offset, 1)
    this.#took = new Float64Array(memory, offset + 8, KEPT)
    this.#statuses = new Float64Array(memory, offset + 8 * (1 + KEPT), STATUSES)
  }

  note(status: number, tookMs: number): void {
    const count = this.#count[0]!
    this.#took[count & (KEPT - 1)] = tookMs
    this.#count[0] = count + 1
    if (status >= FIRST_STATUS && status < FIRST_STATUS + STATUSES) this.#statuses[status - FIRST_STATUS]!++
  }

  /** A reader of its own: what it has read it doesn't read again. */
  reader(): () => SinglesRead {
    let before = 0
    const seen = new Float64Array(STATUSES)
    return () => {
      const count = this.#count[0]!
      const requests = count - before
      const tookMs: number[] = []
      for (let at = Math.max(before, count - KEPT); at < count; at++) tookMs.push(this.#took[at & (KEPT - 1)]!)
      before = count
      const statuses: [number, number][] = []
      for (let at = 0; at < STATUSES; at++) {
        const more = this.#statuses[at]! - seen[at]!
        if (more > 0) statuses.push([FIRST_STATUS + at, more])
        seen[at]! += more
      }
      return { requests, statuses, tookMs }
    }
  }
}
