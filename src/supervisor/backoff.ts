const FIRST_BACKOFF_MS = 100
export const MOST_BACKOFF_MS = 10_000
/** A worker that has served for so long, or answered so much, has shown that it can. */
export const PROVEN_AFTER_MS = 10_000
export const PROVEN_BY_ANSWERS = 10
/** What a death counts that came soon after READY: the first seven cost no pause. */
const EARLY_DEATH = 1 / 8

/** How a worker did before it died, unasked. */
export interface Career {
  readonly bornMs: number
  /** Null: it died before it was ready. */
  readonly readyAtMs: number | null
  readonly answered: number
}

/**
 * Decides when a dead worker is replaced: at once, or, in a crash loop, after growing pauses, so that the machine isn't
 * burned by starting what dies.
 *
 * A worker that never was ready counts in full: the load itself fails. One that was ready and died young counts little:
 * an application that loads and then soon dies is slowed down in the end, but a few bad moments are not. One that had
 * proven itself by time or by answers counts nothing and ends the loop: what kills such workers is a request, and
 * waiting would punish everybody else's. Deaths of workers that were forked before the last death was known are one
 * round, and count once.
 */
export class CrashLoop {
  #failures = 0
  #lastMs = -Infinity

  /** A load is known to fail: more than one try at a time is waste. */
  get active(): boolean {
    return this.#failures >= 1
  }

  /**
   * @param peers that live: one that came after the last failure and has proven itself ends the loop
   * @returns the pause before the next is forked, ms
   */
  died(career: Career, peers: readonly Career[], nowMs: number): number {
    const inRow = [career, ...peers].every((each) => each.bornMs < this.#lastMs || !isProven(each, nowMs))
    if (!inRow) this.#failures = 0
    if (isProven(career, nowMs)) return 0
    if (career.bornMs >= this.#lastMs) this.#failures += career.readyAtMs === null ? 1 : EARLY_DEATH
    this.#lastMs = nowMs
    return backoffMs(this.#failures)
  }

  /** What was loaded anew owes nothing to the past. */
  forget(): void {
    this.#failures = 0
    this.#lastMs = -Infinity
  }
}

function isProven({ readyAtMs, answered }: Career, nowMs: number): boolean {
  return readyAtMs !== null && (nowMs - readyAtMs >= PROVEN_AFTER_MS || answered >= PROVEN_BY_ANSWERS)
}

/** Milliseconds to wait after so many early deaths in a row; none after the first few. */
export function backoffMs(failures: number): number {
  return failures < 1 ? 0 : Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1))
}
