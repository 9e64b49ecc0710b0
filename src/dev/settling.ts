/** An editor writes several files, or one in several steps: so long after the last change they count as one. */
const QUIET_MS = 15
/** A checkout of another branch may go on for a while, and never be quiet. */
const MOST_MS = 1_000

/** Gathers changes that belong together. The clock is the caller's: ask `dueMs` when to come back. */
export class Settling<T> {
  readonly #items = new Set<T>()
  #firstMs = 0
  #lastMs = 0

  /** When what was gathered is to be taken, on the clock of `add`; Infinity: there is nothing. */
  get dueMs(): number {
    if (this.#items.size === 0) return Number.POSITIVE_INFINITY
    return Math.min(this.#lastMs + QUIET_MS, this.#firstMs + MOST_MS)
  }

  add(item: T, nowMs: number): void {
    if (this.#items.size === 0) this.#firstMs = nowMs
    this.#items.add(item)
    this.#lastMs = nowMs
  }

  /** All of it, once it is due; else nothing. */
  take(nowMs: number): readonly T[] {
    if (nowMs < this.dueMs) return []
    const items = [...this.#items]
    this.#items.clear()
    return items
  }
}
