/** The one budget, in bytes, for all bodies buffered in memory, both ways. */
export class BodyMemory {
  readonly limitBytes: number
  #used = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get used(): number {
    return this.#used
  }

  get free(): number {
    return this.limitBytes - this.#used
  }

  /** Takes all or nothing. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limitBytes) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}
