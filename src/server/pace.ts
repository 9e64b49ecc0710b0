/** Over how long a rate is judged: a client may rest that long and make it up. */
const WINDOW_MS = 10_000

export type Verdict = 'ok' | 'stalled' | 'slow'

/** Judges how bytes move: a stall timer, and a least rate over time, which one byte a second doesn't pass. */
export class Pace {
  readonly #stallMs: number
  /** Bytes a second; 0: any. */
  readonly #leastRate: number
  #bytes = 0
  #movedMs: number
  #windowMs: number
  #windowBytes = 0

  constructor(nowMs: number, stallMs: number, leastRate: number) {
    this.#stallMs = stallMs
    this.#leastRate = leastRate
    this.#movedMs = nowMs
    this.#windowMs = nowMs
  }

  /** `bytes`: how many have moved in all by now. */
  judge(bytes: number, nowMs: number): Verdict {
    if (bytes > this.#bytes) {
      this.#bytes = bytes
      this.#movedMs = nowMs
    }
    if (nowMs - this.#movedMs >= this.#stallMs) return 'stalled'
    const spanMs = nowMs - this.#windowMs
    if (spanMs < WINDOW_MS) return 'ok'
    const slow = (bytes - this.#windowBytes) * 1000 < this.#leastRate * spanMs
    this.#windowMs = nowMs
    this.#windowBytes = bytes
    return slow ? 'slow' : 'ok'
  }
}
