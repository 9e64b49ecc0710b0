/** What is kept in it: numbered, and as heavy as it says just now. */
export interface Kept {
  readonly number: number
  /** Bytes, about. */
  readonly weight: number
}

/** The last ones, in the order they came: bounded in number and in weight, of which the oldest go. */
export class Store<T extends Kept> {
  readonly #most: number
  readonly #mostBytes: number
  readonly #kept = new Map<number, T>()
  #next = 1

  constructor(most: number, mostBytes: number) {
    this.#most = most
    this.#mostBytes = mostBytes
  }

  add(one: T): void {
    this.#kept.set(one.number, one)
    this.#next = one.number + 1
    this.trim()
  }

  /** To be called when one may have become heavier. The newest stays, whatever it weighs. */
  trim(): void {
    let weight = 0
    for (const one of this.#kept.values()) weight += one.weight
    for (const one of this.#kept.values()) {
      if (this.#kept.size <= 1 || (this.#kept.size <= this.#most && weight <= this.#mostBytes)) return
      this.#kept.delete(one.number)
      weight -= one.weight
    }
  }

  get(number: number): T | null {
    return this.#kept.get(number) ?? null
  }

  /** One that was kept is not kept any more. */
  isGone(number: number): boolean {
    const [oldest] = this.#kept.keys()
    return !this.#kept.has(number) && number < (oldest ?? this.#next)
  }

  has(one: T): boolean {
    return this.#kept.get(one.number) === one
  }

  all(): T[] {
    return [...this.#kept.values()]
  }

  clear(): void {
    this.#kept.clear()
  }
}
