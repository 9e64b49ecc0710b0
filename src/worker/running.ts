const SLOTS = 256

/**
 * What runs, by its 31-bit serial number. Not a Map: under churn each of its rehashed tables keeps pointing to the
 * next and to all it held, so that one table in the old generation keeps thousands of dead requests alive (measured:
 * a quarter of all garbage survived, 2 µs a request in the collector).
 */
export class Running<T> {
  readonly #ids = new Int32Array(SLOTS)
  readonly #items: (T | undefined)[] = new Array(SLOTS).fill(undefined)
  /** Those that still run when their slot is needed again, 256 requests later: few, and long. */
  readonly #elders = new Map<number, T>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Hot. `id` is not 0 and not in here. */
  set(id: number, item: T): void {
    const slot = id & (SLOTS - 1)
    const before = this.#items[slot]
    if (before !== undefined) this.#elders.set(this.#ids[slot]!, before)
    this.#ids[slot] = id
    this.#items[slot] = item
    this.#size++
  }

  /** Hot. */
  get(id: number): T | undefined {
    const slot = id & (SLOTS - 1)
    return this.#ids[slot] === id ? this.#items[slot] : this.#elders.get(id)
  }

  /** Hot. */
  delete(id: number): void {
    const slot = id & (SLOTS - 1)
    if (this.#ids[slot] === id) {
      if (this.#items[slot] === undefined) return
      this.#items[slot] = undefined
      this.#size--
    } else if (this.#elders.delete(id)) this.#size--
  }

  /** The one with the number that is farthest behind `newestId`. */
  oldest(newestId: number): T | undefined {
    let found: T | undefined
    let farthest = -1
    const compare = (id: number, item: T): void => {
      const age = (newestId - id) & 0x7fffffff
      if (age <= farthest) return
      farthest = age
      found = item
    }
    if (this.#size === 0) return undefined
    for (const [id, item] of this.#elders) compare(id, item)
    for (let slot = 0; slot < SLOTS; slot++) {
      const item = this.#items[slot]
      if (item !== undefined) compare(this.#ids[slot]!, item)
    }
    return found
  }

  /** All, oldest first: in the order of their numbers, counted from the oldest. */
  entries(newestId: number): [id: number, item: T][] {
    const all: [number, T][] = [...this.#elders]
    for (const [slot, item] of this.#items.entries()) if (item !== undefined) all.push([this.#ids[slot]!, item])
    const age = ([id]: [number, T]) => (newestId - id) & 0x7fffffff
    return all.sort((a, b) => age(b) - age(a))
  }

  clear(): void {
    this.#items.fill(undefined)
    this.#elders.clear()
    this.#size = 0
  }
}
