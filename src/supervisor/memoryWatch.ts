/** How the memory of processes is measured; a test brings its own. */
export interface MemoryReader {
  rssOf(pid: number): number | null
  pssOf(pid: number): Promise<number | null>
}

/** Their memory all together, read now and then. Nothing waits for it. */
export class MemoryWatch {
  readonly #reader: MemoryReader
  readonly #everyMs: number
  readonly #bytes = new Map<number, number>()
  #readAtMs = -Infinity
  #isReading = false

  constructor(reader: MemoryReader, everyMs: number) {
    this.#reader = reader
    this.#everyMs = everyMs
  }

  /** 0: not known (yet). */
  bytesOf(pid: number): number {
    return this.#bytes.get(pid) ?? 0
  }

  get totalBytes(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0)
  }

  isDue(nowMs: number): boolean {
    return !this.#isReading && nowMs - this.#readAtMs >= this.#everyMs
  }

  /** Reads the share of each (PSS; RSS where that can't be read), or its RSS where that is asked for. */
  async read(pids: readonly number[], measure: 'pss' | 'rss', nowMs: number): Promise<void> {
    this.#isReading = true
    this.#readAtMs = nowMs
    const all = await Promise.all(pids.map(async (pid) => [pid, await this.#measure(pid, measure)] as const))
    this.#bytes.clear()
    for (const [pid, bytes] of all) this.#bytes.set(pid, bytes)
    this.#isReading = false
  }

  async #measure(pid: number, measure: 'pss' | 'rss'): Promise<number> {
    return (measure === 'pss' ? await this.#reader.pssOf(pid) : null) ?? this.#reader.rssOf(pid) ?? 0
  }
}
