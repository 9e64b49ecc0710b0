import type { Spool } from './spool.ts'

interface Chunk {
  readonly buffer: Buffer
  start: number
  end: number
}

/** A piece that has left its queue; `free` gives its memory back, and lets the buffer be used again if that is safe. */
export interface Piece {
  readonly bytes: Buffer
  free(mayReuse: boolean): void
}

/** Bytes that wait to be written, in order, copied into chunks that are counted by the write-behind. */
export class Pending {
  readonly #spool: Spool
  readonly #chunks: Chunk[] = []
  #bytes = 0
  #waitsForDisk = true

  constructor(spool: Spool) {
    this.#spool = spool
  }

  get bytes(): number {
    return this.#bytes
  }

  push(bytes: Buffer): void {
    this.#bytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const tail = this.#tail()
      const count = Math.min(bytes.length - at, tail.buffer.length - tail.end)
      bytes.copy(tail.buffer, tail.end, at, at + count)
      tail.end += count
      at += count
    }
  }

  /** Views of the first bytes, up to `maxBytes`. They hold until these bytes are dropped. */
  views(maxBytes: number): Buffer[] {
    const views: Buffer[] = []
    let left = maxBytes
    for (const { buffer, start, end } of this.#chunks) {
      if (left <= 0) break
      const count = Math.min(end - start, left)
      views.push(buffer.subarray(start, start + count))
      left -= count
    }
    return views
  }

  /** Forgets the first bytes, which are on disk now. */
  drop(bytes: number): void {
    this.#bytes -= bytes
    let left = bytes
    let done = 0
    for (const chunk of this.#chunks) {
      const count = Math.min(chunk.end - chunk.start, left)
      chunk.start += count
      left -= count
      if (chunk.start < chunk.end) break
      done++
    }
    const free = this.#chunks.splice(0, done)
    for (const { buffer } of free) this.#spool.chunks.give(buffer)
    this.#count(-free.length)
  }

  /** Takes the first chunk out, unwritten. It no longer counts: it is the one chunk that a body may have besides. */
  shift(): Piece {
    const { buffer, start, end } = this.#chunks.shift()!
    this.#bytes -= end - start
    this.#count(-1)
    const free = (mayReuse: boolean) => {
      if (mayReuse) this.#spool.chunks.give(buffer)
    }
    return { bytes: buffer.subarray(start, end), free }
  }

  /** Forgets everything. The kernel may still be reading the chunks, so they aren't used again. */
  clear(): void {
    this.#bytes = 0
    this.#count(-this.#chunks.splice(0).length)
  }

  /** Do these bytes wait for the disk (and so hold back all writers), or only for their reader? */
  set waitsForDisk(does: boolean) {
    if (does === this.#waitsForDisk) return
    if (!does) this.#count(-this.#chunks.length)
    this.#waitsForDisk = does
    if (does) this.#count(this.#chunks.length)
  }

  #tail(): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.end < last.buffer.length) return last
    const chunk = { buffer: this.#spool.chunks.take(), start: 0, end: 0 }
    this.#chunks.push(chunk)
    this.#count(1)
    return chunk
  }

  #count(chunks: number): void {
    if (!this.#waitsForDisk || chunks === 0) return
    const bytes = chunks * this.#spool.chunks.chunkBytes
    if (bytes > 0) this.#spool.writeBehind.add(bytes)
    else this.#spool.writeBehind.remove(-bytes)
  }
}
