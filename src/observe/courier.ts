import { LineQueue } from './lineQueue.ts'

const QUEUE_BYTES = 1024 * 1024
const BATCH_BYTES = 64 * 1024

/** Takes messages somewhere; resolves with why it could not, null if it did. */
export interface Carrier {
  send(messages: readonly string[]): Promise<string | null>
  close(): void
}

export interface CourierEvents {
  /** Once of each row of failures. */
  failed(why: string): void
  /** It works again, and so many were lost meanwhile. */
  lost(messages: number): void
}

/** Messages on their way to somebody who may be dead or slow: that costs messages, which are counted, and no time. */
export class Courier {
  readonly #carrier: Carrier
  readonly #events: CourierEvents
  /** Each message ends with NUL here, which none may hold. */
  readonly #queue = new LineQueue(QUEUE_BYTES)
  #busy: Promise<void> | null = null
  #failing = false

  constructor(carrier: Carrier, events: CourierEvents) {
    this.#carrier = carrier
    this.#events = events
  }

  write(message: string): void {
    this.#queue.offer(`${message.replaceAll('\0', '')}\0`)
    this.#busy ??= this.#work()
  }

  /** Sends what waits, `limitMs` at most. */
  async close(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#busy, new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)))])
    clearTimeout(timer)
    this.#carrier.close()
  }

  async #work(): Promise<void> {
    await null // what comes in one turn goes together
    while (!this.#queue.isEmpty) {
      const { text, lines } = this.#queue.take(BATCH_BYTES)
      const why = await this.#carrier.send(text.split('\0').slice(0, -1))
      if (why !== null) this.#queue.lose(lines)
      this.#note(why)
    }
    this.#busy = null
  }

  #note(why: string | null): void {
    const began = why !== null && !this.#failing
    this.#failing = why !== null
    if (began) this.#events.failed(why)
    const lost = why === null ? this.#queue.takeLost() : 0
    if (lost > 0) this.#events.lost(lost)
  }
}
