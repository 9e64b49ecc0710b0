import { Histogram } from './histogram.ts'

export const LOOP_LOOK_MS = 50
/** Seconds. Node's timers count whole milliseconds: what is below 2 ms says nothing. */
const BOUNDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const
/** The samples that one pause may count as: beyond a minute it is a suspended machine. */
const MOST_MISSED = 1_200

/**
 * How late the event loop comes to what is due. Node's own histogram (`monitorEventLoopDelay`) counts a pause of a second
 * as one sample among many, and forgets all when it is read. Here a pause counts as often as it was in the way, and
 * several readers can't disturb each other.
 */
export class LoopDelay {
  readonly histogram: Histogram = new Histogram(BOUNDS)
  #dueMs: number

  constructor(nowMs: number) {
    this.#dueMs = nowMs + LOOP_LOOK_MS
  }

  /** To be called every LOOP_LOOK_MS. */
  look(nowMs: number): void {
    const lateMs = Math.max(0, nowMs - this.#dueMs)
    const missed = Math.min(MOST_MISSED, Math.floor(lateMs / LOOP_LOOK_MS))
    for (let each = 0; each <= missed; each++) this.histogram.observe((lateMs - each * LOOP_LOOK_MS) / 1000)
    this.#dueMs = nowMs + LOOP_LOOK_MS
  }
}
