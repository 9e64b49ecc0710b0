interface Counted {
  readonly address: string
}

/** How many connections each address has, where there is a limit of that; else nothing is counted. */
export class ClientCounts {
  #limit = 0
  #counts: Map<string, number> | null = null

  /** Sets the limit (0: none), for those that are open already too. */
  adopt(limit: number, open: readonly Counted[]): void {
    this.#limit = limit
    if (limit === 0) this.#counts = null
    else if (this.#counts === null) {
      this.#counts = new Map()
      for (const { address } of open) this.add(address)
    }
  }

  /** `address`: '' for the peer of a Unix socket, which is nobody in particular. */
  isFull(address: string): boolean {
    return this.#counts !== null && address !== '' && (this.#counts.get(address) ?? 0) >= this.#limit
  }

  add(address: string): void {
    this.#counts?.set(address, (this.#counts.get(address) ?? 0) + 1)
  }

  delete(address: string): void {
    if (this.#counts === null) return
    const left = (this.#counts.get(address) ?? 0) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
