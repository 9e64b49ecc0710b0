import type { BodyMemory } from './memory.ts'
import { Pending, type Piece } from './pending.ts'
import type { Spool } from './spool.ts'
import { SpoolFile } from './spoolFile.ts'

export interface DiskQueueOwner {
  /** Something was written or read: there may be a piece, or room. */
  onProgress(): void
  onFailed(error: Error): void
}

const MAX_WRITE_BYTES = 256 * 1024

/**
 * Bytes in order through a file without a name, used as a ring of `capacityBytes`: what is pushed waits to be
 * written, what is written waits to be read, and a piece is read ahead where the budget allows. While nothing is on
 * disk the reader gets what waits to be written. A disk that takes no more makes it `stuck`: what was pushed stays
 * in memory, so whoever pushes must wait.
 */
export class DiskQueue {
  readonly #memory: BodyMemory
  readonly #spool: Spool
  readonly #capacityBytes: number
  readonly #owner: DiskQueueOwner
  readonly #file: SpoolFile
  readonly #pending: Pending
  #writtenTo = 0
  #readTo = 0
  #writing = false
  #reading: Piece | null = null
  #ready: Piece | null = null
  #stuck = false
  #disposed = false
  /** The reader found nothing and waits. */
  #wanted: boolean

  constructor(memory: BodyMemory, spool: Spool, capacityBytes: number, wanted: boolean, owner: DiskQueueOwner) {
    this.#memory = memory
    this.#spool = spool
    this.#capacityBytes = capacityBytes
    this.#wanted = wanted
    this.#owner = owner
    this.#file = new SpoolFile(spool, false)
    this.#pending = new Pending(spool)
  }

  get heldBytes(): number {
    return this.#writtenTo - this.#readTo + this.#pending.bytes + (this.#ready?.bytes.length ?? 0)
  }

  get pendingBytes(): number {
    return this.#pending.bytes
  }

  get stuck(): boolean {
    return this.#stuck
  }

  /** Would `shift` give one now? */
  get hasPiece(): boolean {
    return this.#ready !== null || this.#mayGiveUnwritten
  }

  push(bytes: Buffer): void {
    this.#pending.push(bytes)
    if (!this.#wanted || !this.hasPiece) this.#write()
  }

  /** null: `onProgress` comes when there is one. */
  shift(): Piece | null {
    const piece = this.#ready ?? (this.#mayGiveUnwritten ? this.#pending.shift() : null)
    this.#ready = null
    this.#wanted = piece === null
    this.#read()
    this.#write()
    return piece
  }

  dispose(): void {
    this.#disposed = true
    this.#pending.clear()
    this.#ready?.free(false)
    this.#reading?.free(false)
    this.#ready = this.#reading = null
    this.#file.dispose()
  }

  get #onDisk(): number {
    return this.#writtenTo - this.#readTo
  }

  get #mayGiveUnwritten(): boolean {
    return this.#onDisk === 0 && !this.#writing && this.#pending.bytes > 0
  }

  #write(): void {
    const at = this.#writtenTo % this.#capacityBytes
    const room = Math.min(this.#capacityBytes - this.#onDisk, this.#capacityBytes - at)
    const length = Math.min(this.#pending.bytes, room, MAX_WRITE_BYTES)
    if (this.#writing || this.#disposed || length <= 0) return
    if (!this.#file.reserve(Math.min(this.#writtenTo + length, this.#capacityBytes))) {
      this.#setStuck(true)
      return
    }
    this.#writing = true
    this.#file.write(this.#pending.views(length), at, (error) => {
      this.#writing = false
      this.#setStuck(error !== null)
      if (error === null) {
        this.#writtenTo += length
        this.#pending.drop(length)
        if (this.#wanted) this.#read()
        this.#write()
      }
      this.#owner.onProgress()
    })
  }

  #read(): void {
    if (this.#disposed || this.#reading !== null || this.#ready !== null || this.#onDisk === 0) return
    const piece = this.#pieceToRead()
    if (piece === null) return
    this.#reading = piece
    this.#file.read(piece.bytes, this.#readTo % this.#capacityBytes, (error) => {
      if (error !== null) return this.#owner.onFailed(error)
      this.#reading = null
      this.#ready = piece
      this.#readTo += piece.bytes.length
      this.#write() // in the ring there is room again; a full disk may have some, too
      this.#owner.onProgress()
    })
  }

  #setStuck(stuck: boolean): void {
    this.#stuck = stuck
    this.#pending.waitsForDisk = !stuck
  }

  /** A large buffer while the budget gives it; else a small one outside the budget, but only when it is wanted now. */
  #pieceToRead(): Piece | null {
    const at = this.#readTo % this.#capacityBytes
    const most = Math.min(this.#onDisk, this.#capacityBytes - at)
    const { chunks, largeChunks } = this.#spool
    const isLarge = this.#memory.take(largeChunks.chunkBytes)
    if (!isLarge && !this.#wanted) return null
    const pool = isLarge ? largeChunks : chunks
    const buffer = pool.take()
    const free = (mayReuse: boolean) => {
      if (mayReuse) pool.give(buffer)
      if (isLarge) this.#memory.give(pool.chunkBytes)
    }
    return { bytes: buffer.subarray(0, Math.min(most, pool.chunkBytes)), free }
  }
}
