/**
 * First in, first out, with a head that can be given back to and members that can leave from the middle.
 * Bounded by its owner, who asks `length` first. Every step is O(1), amortized.
 */
export class WaitingQueue<T extends object> {
  #items: (T | null)[] = []
  #head = 0
  #length = 0
  readonly #left = new WeakSet<T>()

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    this.#left.delete(item)
    this.#items.push(item)
    this.#length++
  }

  /** All, the one first that has waited longest. */
  all(): T[] {
    const waiting = (item: T | null): item is T => item !== null && !this.#left.has(item)
    return this.#items.slice(this.#head).filter(waiting)
  }

  /** Puts back what had been taken, before all others and in the order given. */
  giveBack(items: readonly T[]): void {
    for (const item of items) this.#left.delete(item)
    this.#items = [...items, ...this.#items.slice(this.#head)]
    this.#head = 0
    this.#length += items.length
  }

  /** The one that has waited longest; undefined when nobody waits. */
  peek(): T | undefined {
    this.#skip()
    return this.#items[this.#head] ?? undefined
  }

  shift(): T | undefined {
    const item = this.peek()
    if (item === undefined) return undefined
    this.#items[this.#head++] = null
    this.#length--
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** A waiting member leaves, wherever it stands. */
  leave(item: T): void {
    this.#left.add(item)
    this.#length--
  }

  #skip(): void {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]
      if (item && !this.#left.has(item)) return
      if (item) this.#left.delete(item)
      this.#items[this.#head++] = null
    }
    this.#items.length = this.#head = 0
  }
}
