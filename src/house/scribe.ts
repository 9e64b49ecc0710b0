import { Courier } from '../observe/courier.ts'
import type { Level } from '../observe/level.ts'
import type { Keeper } from './keeper.ts'

const FLUSH_MS = 1_000

/** Hands both logs to the loggers that a configuration of Python's logging has set up in the keeper. */
export class Scribe {
  readonly #keeper: Keeper
  readonly #courier: Courier

  /** `lost`: it took no more for a while, or ended. */
  constructor(keeper: Keeper, lost: (messages: number) => void) {
    this.#keeper = keeper
    this.#courier = new Courier(
      { send: (messages) => keeper.record(messages), close: () => {} },
      { failed: () => {}, lost },
    )
  }

  get pid(): number {
    return this.#keeper.pid
  }

  readonly line = (level: Level, pid: number, text: string): boolean => {
    if (!this.#keeper.isAlive) return false
    this.#courier.write(JSON.stringify({ level, pid, text, wallMs: Date.now() }))
    return true
  }

  /** `facts`: JSON of observe/access.ts. */
  access(facts: string): void {
    this.#courier.write(facts)
  }

  close(): Promise<void> {
    return this.#courier.close(FLUSH_MS)
  }
}
