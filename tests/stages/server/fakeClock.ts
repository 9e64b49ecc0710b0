import type { Clock } from '../../../src/kit/clock.ts'

/** Time that passes when a test says so. */
export class FakeClock implements Clock {
  #nowMs = 1_000_000

  nowMs(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }
}
