import type { WorkerRange } from './settings.ts'

/** Idle for so long, one worker fewer is wanted. */
export const IDLE_WINDOW_MS = 10_000
/** So many waiting requests ask for one worker more. */
const WAITING_PER_WORKER = 4

/** How many workers are wanted now. */
export class Headcount {
  #given: WorkerRange
  #least: number
  #most: number
  #count: number
  #isPaused = false
  /** The most that were busy at one time since the window began. */
  #busiest = 0
  #windowMs = -Infinity

  constructor(range: WorkerRange, count = range.least) {
    this.#given = range
    this.#least = range.least
    this.#most = range.most
    this.#count = count
  }

  get wanted(): number {
    return this.#isPaused ? 0 : this.#count
  }

  get isElastic(): boolean {
    return this.#least < this.#most
  }

  /** What is wanted once these settings count: the same as now, as far as they allow it. */
  after(range: WorkerRange): number {
    if (range.least === this.#given.least && range.most === this.#given.most) return this.#count
    return Math.min(range.most, Math.max(range.least, this.#count))
  }

  /** Ends a pause. */
  adopt(range: WorkerRange, count: number): void {
    if (range.least !== this.#given.least || range.most !== this.#given.most) {
      this.#given = range
      this.#least = range.least
      this.#most = range.most
    }
    this.#isPaused = false
    this.#change(count)
  }

  /** At an operator's word; the range gives way to it. Never 0 where at least one was wanted. Ends a pause. */
  set(workers: number): void {
    const count = Math.max(workers, Math.min(1, this.#given.least))
    const wasElastic = this.isElastic
    this.#least = wasElastic ? Math.min(this.#least, count) : count
    this.#most = wasElastic ? Math.max(this.#most, count) : count
    this.#isPaused = false
    this.#change(count)
  }

  step(by: 1 | -1): void {
    this.set(Math.max(0, this.#count + by))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
  }

  /**
   * More are wanted, as requests wait.
   *
   * @param coming workers that are wanted and don't serve yet
   * @param room how many more the memory allows; the first is allowed always, or nobody would ever be answered
   */
  grow(waiting: number, coming: number, room: number): void {
    if (this.#isPaused || !this.isElastic) return
    const asked = Math.max(1, Math.ceil(waiting / WAITING_PER_WORKER)) - coming
    const more = Math.min(asked, this.#count === 0 ? Math.max(1, room) : room, this.#most - this.#count)
    if (more > 0) this.#change(this.#count + more)
  }

  /** The most workers that were busy at one time since it was last told. */
  seen(busiest: number): void {
    this.#busiest = Math.max(this.#busiest, busiest)
  }

  /** One fewer is wanted where one was idle all through the window; not while some are only coming. */
  shrink(serving: number, nowMs: number): void {
    if (this.#windowMs === -Infinity) this.#windowMs = nowMs
    if (nowMs - this.#windowMs < IDLE_WINDOW_MS) return
    const isIdle = this.#busiest < serving && serving >= this.#count
    this.#windowMs = nowMs
    this.#busiest = 0
    if (isIdle && !this.#isPaused && this.#count > this.#least) this.#count--
  }

  #change(count: number): void {
    this.#count = count
    this.#windowMs = -Infinity
    this.#busiest = 0
  }
}
