/** Buffers of one size, used again and again: garbage of this size grows a process faster than it is collected. */
export class ChunkPool {
  readonly chunkBytes: number
  readonly #idle: Buffer[] = []
  readonly #maxIdle: number

  constructor(chunkBytes: number, maxIdleBytes: number) {
    this.chunkBytes = chunkBytes
    this.#maxIdle = Math.floor(maxIdleBytes / chunkBytes)
  }

  /** Buffers that wait to be used again. */
  get idle(): number {
    return this.#idle.length
  }

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.chunkBytes)
  }

  /** Only for a buffer that nobody reads any more, the kernel included. */
  give(chunk: Buffer): void {
    if (this.#idle.length < this.#maxIdle) this.#idle.push(chunk)
  }
}
