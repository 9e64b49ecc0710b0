import type { Clock } from '../kit/clock.ts'
import type { RequestMeter } from '../observe/meter.ts'

/** What the meter wants to know of one request, gathered on its way. Made only where there is a meter. Hot there. */
export class Stopwatch {
  /** Milliseconds on the clock, as all times here. */
  readonly startedMs: number
  bytesIn = 0
  readonly #clock: Clock
  /** From the head to the end of the body. */
  #bodyWaitMs = 0
  /** Since when it waited, if it waited; −1: it has not been sent. */
  #waitsSinceMs = -1
  /** −1: it never went to a worker. */
  #queuedMs = -1

  constructor(clock: Clock) {
    this.#clock = clock
    this.startedMs = clock.nowMs()
  }

  bodyEnded(): void {
    this.#bodyWaitMs = this.#clock.nowMs() - this.startedMs
  }

  /** It was submitted, and no worker had room. */
  queued(): void {
    this.#waitsSinceMs = this.#clock.nowMs()
  }

  /** It was sent, and once more if its worker gave it back: then it has waited ever since it came. */
  sent(): void {
    if (this.#waitsSinceMs >= 0) this.#queuedMs = this.#clock.nowMs() - this.#waitsSinceMs
    else {
      this.#queuedMs = 0
      this.#waitsSinceMs = this.startedMs + this.#bodyWaitMs
    }
  }

  answered(meter: RequestMeter, method: string, status: number, applicationMicros: number, bytesOut: number): void {
    const tookMs = this.#clock.nowMs() - this.startedMs
    meter.request(method, status, tookMs, this.#queuedMs, applicationMicros, this.#bodyWaitMs, this.bytesIn, bytesOut)
  }
}
