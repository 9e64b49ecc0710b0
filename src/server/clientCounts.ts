interface Counted {
  readonly peer: { readonly address: string }
}

/** What several fronts count together. */
export interface SharedCounts {
  connectionsOf(address: string): number
  connectedOf(address: string, more: 1 | -1): void
}

/** How many connections each address has, where there is a limit of that; else nothing is counted. */
export class ClientCounts {
  #limit = 0
  #counts: Map<string, number> | null = null
  readonly #shared: SharedCounts | null

  /** `shared`: where other fronts' connections count, too. */
  constructor(shared: SharedCounts | null = null) {
    this.#shared = shared
  }

  /** Sets the limit (0: none), for those that are open already too. */
  adopt(limit: number, open: readonly Counted[]): void {
    this.#limit = limit
    if (limit === 0) {
      for (const [address, count] of this.#counts ?? [])
        for (let left = count; left > 0; left--) this.#shared?.connectedOf(address, -1)
      this.#counts = null
    } else if (this.#counts === null) {
      this.#counts = new Map()
      for (const { peer } of open) this.add(peer.address)
    }
  }

  /** `address`: '' for the peer of a Unix socket, which is nobody in particular. */
  isFull(address: string): boolean {
    if (this.#counts === null || address === '') return false
    const count = this.#shared?.connectionsOf(address) ?? this.#counts.get(address) ?? 0
    return count >= this.#limit
  }

  add(address: string): void {
    if (this.#counts === null) return
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
    this.#shared?.connectedOf(address, 1)
  }

  delete(address: string): void {
    if (this.#counts === null) return
    this.#shared?.connectedOf(address, -1)
    const left = (this.#counts.get(address) ?? 0) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
