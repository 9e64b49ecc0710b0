import type { BodyMemory } from './memory.ts'
import type { Spool } from './spool.ts'

interface Chunk {
  readonly buffer: Buffer
  readonly isLarge: boolean
  /** How far it is to be filled. */
  readonly limit: number
  start: number
  end: number
  /** In how many pieces its bytes came. */
  pieces: number
}

/** A piece that has left its queue; `free` gives its memory back, and lets the buffer be used again if that is safe. */
export interface Piece {
  readonly bytes: Buffer
  free(mayReuse: boolean): void
}

/** What those need whose bytes may wait in large chunks. */
export interface LargeChunks {
  /** Counts them, instead of the write-behind. */
  readonly memory: BodyMemory
  /** Where in the file the first byte goes. */
  readonly position: number
}

/**
 * Who brings so much at a time, on average, is given large chunks and may fill them in one read: slow senders would
 * only sit on them, and a megabyte of tiny chunks of the chunked coding is too much for one turn of the loop.
 */
const FAST_PIECE_BYTES = 8 * 1024

/**
 * Bytes that wait to be written, in order, copied into chunks. Small ones are counted by the write-behind. Large ones
 * are for those who are fast, as long as there are some (`Spool.takeFileChunk`); they end at multiples of their size in the
 * file, and can be read into.
 */
export class Pending {
  readonly #spool: Spool
  readonly #large: LargeChunks | null
  readonly #chunks: Chunk[] = []
  #bytes = 0
  /** Where in the file the next byte goes. */
  #position: number
  #waitsForDisk = true
  #ended = false

  constructor(spool: Spool, large: LargeChunks | null = null) {
    this.#spool = spool
    this.#large = large
    this.#position = large?.position ?? 0
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Are large chunks being filled? */
  get isLarge(): boolean {
    return this.#chunks.at(-1)?.isLarge === true
  }

  /** What is worth a write: whole large chunks, and what stands before them; else all, if it is `leastBytes`. */
  gathered(leastBytes: number): number {
    const last = this.#chunks.at(-1)
    if (last === undefined || !last.isLarge) return this.#bytes >= leastBytes ? this.#bytes : 0
    return last.end < last.limit ? this.#bytes - (last.end - last.start) : this.#bytes
  }

  push(bytes: Buffer): void {
    this.#bytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const tail = this.#tail(bytes.length)
      const count = Math.min(bytes.length - at, tail.limit - tail.end)
      if (!isInPlace(bytes, at, tail)) bytes.copy(tail.buffer, tail.end, at, at + count)
      tail.end += count
      tail.pieces++
      at += count
      this.#position += count
    }
  }

  /** Where the next bytes are best read to: pushed from there, they aren't copied. null: no large chunk is to be had. */
  room(): Buffer | null {
    const last = this.#chunks.at(-1)
    if (this.#ended || last === undefined || !last.isLarge) return null
    if (last.end < last.pieces * FAST_PIECE_BYTES) return null
    if (last.end < last.limit) return last.buffer.subarray(last.end, last.limit)
    const next = this.#newLarge()
    return next === null ? null : next.buffer.subarray(0, next.limit)
  }

  /** Nothing more is pushed. */
  end(): void {
    this.#ended = true
    this.drop(0)
  }

  /** Views of the first bytes, up to `maxBytes`. They hold until these bytes are dropped. */
  views(maxBytes: number): Buffer[] {
    const views: Buffer[] = []
    let left = Math.min(maxBytes, this.#bytes)
    for (const { buffer, start, end } of this.#chunks) {
      if (left <= 0) break
      const count = Math.min(end - start, left)
      if (count === 0) continue
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
      if (chunk.start < chunk.end || this.#isOpen(chunk)) break
      done++
    }
    for (const chunk of this.#chunks.splice(0, done)) this.#free(chunk, true)
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
    this.#ended = true
    this.#bytes = 0
    for (const chunk of this.#chunks.splice(0)) this.#free(chunk, false)
  }

  /** Do these bytes wait for the disk (and so hold back all writers), or only for their reader? */
  set waitsForDisk(does: boolean) {
    if (does === this.#waitsForDisk) return
    if (!does) this.#count(-this.#chunks.length)
    this.#waitsForDisk = does
    if (does) this.#count(this.#chunks.length)
  }

  /** Somebody may be reading into it. */
  #isOpen(chunk: Chunk): boolean {
    return !this.#ended && chunk.isLarge && chunk.end < chunk.limit
  }

  #tail(pieceBytes: number): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.end < last.limit) return last
    return (pieceBytes >= FAST_PIECE_BYTES ? this.#newLarge() : null) ?? this.#newSmall()
  }

  #newLarge(): Chunk | null {
    if (this.#large === null || this.#ended) return null
    const buffer = this.#spool.takeFileChunk(this.#large.memory)
    return buffer === null ? null : this.#add(buffer, true, buffer.length - (this.#position % buffer.length))
  }

  #newSmall(): Chunk {
    this.#count(1)
    const buffer = this.#spool.chunks.take()
    return this.#add(buffer, false, buffer.length)
  }

  #add(buffer: Buffer, isLarge: boolean, limit: number): Chunk {
    const chunk = { buffer, isLarge, limit, start: 0, end: 0, pieces: 0 }
    this.#chunks.push(chunk)
    return chunk
  }

  #free(chunk: Chunk, mayReuse: boolean): void {
    if (chunk.isLarge) return this.#spool.giveFileChunk(this.#large!.memory, chunk.buffer, mayReuse)
    if (mayReuse) this.#spool.chunks.give(chunk.buffer)
    this.#count(-1)
  }

  #count(chunks: number): void {
    if (!this.#waitsForDisk || chunks === 0) return
    const bytes = chunks * this.#spool.chunks.chunkBytes
    if (bytes > 0) this.#spool.writeBehind.add(bytes)
    else this.#spool.writeBehind.remove(-bytes)
  }
}

/** Are they where they would be copied to? */
function isInPlace(bytes: Buffer, at: number, { buffer, end }: Chunk): boolean {
  return bytes.buffer === buffer.buffer && bytes.byteOffset + at === buffer.byteOffset + end
}
