import { type Career, CrashLoop, MOST_BACKOFF_MS } from './backoff.ts'

/** When the next worker and the next zygote may be started: at once, but for crash loops. */
export class Pauses {
  readonly #loop = new CrashLoop()
  #forkAtMs = -Infinity
  #openAtMs = -Infinity

  /** A load is known to fail: one try at a time. */
  get inLoop(): boolean {
    return this.#loop.active
  }

  mayFork(nowMs: number): boolean {
    return nowMs >= this.#forkAtMs
  }

  mayOpen(nowMs: number): boolean {
    return nowMs >= this.#openAtMs
  }

  /** @returns the pause that this costs, ms */
  workerDied(career: Career, peers: readonly Career[], nowMs: number): number {
    const pauseMs = this.#loop.died(career, peers, nowMs)
    this.#forkAtMs = Math.max(this.#forkAtMs, nowMs + pauseMs)
    return pauseMs
  }

  zygoteDied(bornMs: number, nowMs: number): void {
    this.#openAtMs = nowMs + this.#loop.died({ bornMs, readyAtMs: bornMs, answered: 0 }, [], nowMs)
  }

  /** The system has no room, or the interpreter doesn't run: that takes its time. */
  startFailed(nowMs: number): void {
    this.#forkAtMs = this.#openAtMs = nowMs + MOST_BACKOFF_MS
  }

  /** What was loaded anew owes nothing to the past. */
  forget(): void {
    this.#loop.forget()
    this.#forkAtMs = this.#openAtMs = -Infinity
  }
}
