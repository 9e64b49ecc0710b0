import type { RequestFacts } from '../events/worker.ts'
import { durationText } from '../kit/units.ts'

const LOOK_MS = 1_000
/** While it lasts it is said again, but a log is not to be filled by it. */
const SAY_AGAIN_MS = 30_000
const MOST_SHOWN = 8

/** What the watch looks at, and whom it tells. */
export interface QueueDoors {
  /** --queue-warning, milliseconds; 0: nobody wants to know. */
  readonly afterMs: number
  readonly queued: number
  nowMs(): number
  requests(): Promise<readonly RequestFacts[]>
  bug(error: unknown): void
  warn(text: string, fields: { readonly waiting: number; readonly oldest_ms: number }): void
}

/** Warns when requests wait for a worker for long, and says what keeps the workers busy. */
export class QueueWatch {
  readonly #doors: QueueDoors
  #saidMs = -Infinity

  constructor(doors: QueueDoors) {
    this.#doors = doors
  }

  /** Called every second. Nothing is asked of anybody while none waits. */
  async look(): Promise<void> {
    try {
      await this.#look()
    } catch (error) {
      this.#doors.bug(error)
    }
  }

  async #look(): Promise<void> {
    const { afterMs, queued } = this.#doors
    if (afterMs === 0 || queued === 0) return
    const nowMs = this.#doors.nowMs()
    if (nowMs - this.#saidMs < SAY_AGAIN_MS) return
    const requests = await this.#doors.requests()
    const waiting = requests.filter(({ state }) => state === 'waiting')
    const oldestMs = Math.max(0, ...waiting.map(({ ageMs }) => ageMs))
    if (waiting.length === 0 || oldestMs < afterMs) return
    this.#saidMs = nowMs
    const running = requests.filter(({ state }) => state !== 'waiting')
    this.#doors.warn(queueText(waiting.length, oldestMs, running), {
      waiting: waiting.length,
      oldest_ms: Math.round(oldestMs),
    })
  }
}

function queueText(count: number, oldestMs: number, running: readonly RequestFacts[]): string {
  const many = count === 1 ? '1 request waits' : `${count} requests wait`
  const sorted = [...running].sort((a, b) => b.ageMs - a.ageMs)
  const shown = sorted.slice(0, MOST_SHOWN).map(({ method, target, ageMs }) => `${method} ${target} (${age(ageMs)})`)
  const more = sorted.length > MOST_SHOWN ? [`${sorted.length - MOST_SHOWN} more`] : []
  const what = running.length === 0 ? 'no worker is ready' : `the workers run: ${[...shown, ...more].join(', ')}`
  return `${many} for a thread, ${count === 1 ? '' : 'the oldest '}for ${age(oldestMs)}; ${what}. dram stacks shows where they are; more threads or workers help if they wait for others`
}

function age(ms: number): string {
  return durationText(ms < LOOK_MS ? Math.round(ms) : Math.round(ms / LOOK_MS) * LOOK_MS)
}

/** @returns ends it */
export function watchQueue(doors: QueueDoors): () => void {
  const watch = new QueueWatch(doors)
  const timer = setInterval(() => void watch.look(), LOOK_MS)
  return () => clearInterval(timer)
}
