import type { ChunkPool } from './chunks.ts'
import type { BodyMemory } from './memory.ts'
import type { Piece } from './pending.ts'
import type { Spool } from './spool.ts'

interface Held {
  readonly buffer: Buffer
  /** null: not a pool's. */
  readonly pool: ChunkPool | null
  end: number
}

// Few bytes are not worth a chunk of their own; many times few bytes share one of this size.
const SMALL_BYTES = 4 * 1024

/** Copies of bytes in order, counted by the budget. */
export class MemoryQueue {
  readonly #memory: BodyMemory
  readonly #spool: Spool
  #pieces: Held[] = []
  #heldBytes = 0

  constructor(memory: BodyMemory, spool: Spool) {
    this.#memory = memory
    this.#spool = spool
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** False: the budget has no room; nothing was taken. */
  push(bytes: Buffer): boolean {
    const spare = this.#spareBytes()
    if (!this.#memory.take(this.#sizeFor(bytes.length - spare))) return false
    for (let at = 0; at < bytes.length; ) {
      const tail = this.#tail(bytes.length - at)
      const count = Math.min(bytes.length - at, tail.buffer.length - tail.end)
      bytes.copy(tail.buffer, tail.end, at, at + count)
      tail.end += count
      at += count
    }
    this.#heldBytes += bytes.length
    return true
  }

  shift(): Piece | null {
    const first = this.#pieces.shift()
    if (first === undefined) return null
    this.#heldBytes -= first.end
    return { bytes: first.buffer.subarray(0, first.end), free: (mayReuse) => this.#free(first, mayReuse) }
  }

  clear(): void {
    for (const held of this.#pieces.splice(0)) this.#free(held, true)
    this.#heldBytes = 0
  }

  #spareBytes(): number {
    const last = this.#pieces.at(-1)
    return last === undefined ? 0 : last.buffer.length - last.end
  }

  /** Bytes of the buffers that `#tail` makes for so many bytes more. */
  #sizeFor(bytes: number): number {
    if (bytes <= 0) return 0
    const { chunkBytes } = this.#spool.largeChunks
    const rest = bytes % chunkBytes
    return bytes - rest + (rest === 0 ? 0 : this.#sizeOf(rest, bytes > rest))
  }

  #sizeOf(bytes: number, follows: boolean): number {
    if (bytes <= SMALL_BYTES) return follows || this.#pieces.length > 0 ? SMALL_BYTES : bytes
    return bytes <= this.#spool.chunks.chunkBytes ? this.#spool.chunks.chunkBytes : this.#spool.largeChunks.chunkBytes
  }

  #tail(bytes: number): Held {
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.end < last.buffer.length) return last
    const held = this.#newHeld(this.#sizeOf(bytes, false))
    this.#pieces.push(held)
    return held
  }

  #newHeld(size: number): Held {
    if (size <= SMALL_BYTES) return { buffer: Buffer.allocUnsafe(size), pool: null, end: 0 }
    const pool = size === this.#spool.chunks.chunkBytes ? this.#spool.chunks : this.#spool.largeChunks
    return { buffer: pool.take(), pool, end: 0 }
  }

  #free({ buffer, pool }: Held, mayReuse: boolean): void {
    if (mayReuse) pool?.give(buffer)
    this.#memory.give(buffer.length)
  }
}
