/** Over how long a rate is judged at least: a client may rest that long and make it up. */
const LEAST_WINDOW_MS = 10_000

export type Verdict = 'ok' | 'stalled' | 'slow'

/** Judges how bytes move: a stall timer, and a least rate over time, which one byte a second doesn't pass. */
export class Pace {
  /** Whose bytes: those of a request's body, or those written to the client. */
  readonly of: 'body' | 'write'
  readonly #stallMs: number
  /** Not less than the stall time, or else a rest that it allows would be too slow. */
  readonly #windowMs: number
  /** Bytes a second; 0: any. */
  readonly #leastRate: number
  #bytes: number
  #movedMs: number
  #windowStartMs: number
  #windowBytes: number
  #restingMs = -1

  /** `bytes`: how many had moved before. */
  constructor(of: 'body' | 'write', nowMs: number, stallMs: number, leastRate: number, bytes = 0) {
    this.of = of
    this.#stallMs = stallMs
    this.#leastRate = leastRate
    this.#windowMs = Math.max(LEAST_WINDOW_MS, stallMs)
    this.#bytes = this.#windowBytes = bytes
    this.#movedMs = nowMs
    this.#windowStartMs = nowMs
  }

  /** The other side is not who we wait for, until `goOn`. */
  rest(nowMs: number): void {
    if (this.#restingMs < 0) this.#restingMs = nowMs
  }

  goOn(nowMs: number): void {
    if (this.#restingMs < 0) return
    const restedMs = nowMs - this.#restingMs
    this.#movedMs += restedMs
    this.#windowStartMs += restedMs
    this.#restingMs = -1
  }

  /** `bytes`: how many have moved in all by now. */
  judge(bytes: number, nowMs: number): Verdict {
    if (bytes > this.#bytes) {
      this.#bytes = bytes
      this.#movedMs = nowMs
    }
    if (nowMs - this.#movedMs >= this.#stallMs) return 'stalled'
    const spanMs = nowMs - this.#windowStartMs
    if (spanMs < this.#windowMs) return 'ok'
    const slow = (bytes - this.#windowBytes) * 1000 < this.#leastRate * spanMs
    this.#windowStartMs = nowMs
    this.#windowBytes = bytes
    return slow ? 'slow' : 'ok'
  }
}
