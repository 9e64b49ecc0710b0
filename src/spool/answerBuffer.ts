import { DiskQueue } from './diskQueue.ts'
import type { BodyMemory } from './memory.ts'
import { MemoryQueue } from './memoryQueue.ts'
import type { Piece } from './pending.ts'
import type { Spool } from './spool.ts'

export interface AnswerBufferStore {
  readonly memory: BodyMemory
  readonly spool: Spool
  /** Bytes of one answer in memory, while the budget has room. */
  readonly answerBufferBytes: number
  /** Bytes of one answer on disk. */
  readonly responseSpoolBytes: number
}

export interface AnswerBufferOwner {
  /** There is a piece again, after `next` returned null. Maybe from within `push`. */
  onReadable(): void
  /** It was `full` and is no more. */
  onRoom(): void
  /** What was held is lost; nothing comes after it. */
  onFailed(error: Error): void
}

const MAX_PENDING_BYTES = 256 * 1024

/** First in, first out between a fast worker and a slow client: memory, then disk, then `full`. */
export class AnswerBuffer {
  rosterAt = -1
  readonly #store: AnswerBufferStore
  readonly #owner: AnswerBufferOwner
  readonly #inMemory: MemoryQueue
  #onDisk: DiskQueue | null = null
  #out: Piece | null = null
  #full = false
  #readerWaits = false
  #disposed = false

  constructor(store: AnswerBufferStore, owner: AnswerBufferOwner) {
    this.#store = store
    this.#owner = owner
    this.#inMemory = new MemoryQueue(store.memory, store.spool)
  }

  /** Bytes pushed and not yet handed out. */
  get held(): number {
    return this.#inMemory.heldBytes + (this.#onDisk?.heldBytes ?? 0)
  }

  /** Grant the worker no more, until `onRoom`. What it sends nevertheless is kept. */
  get full(): boolean {
    return this.#full
  }

  /** Copies the bytes. */
  push(bytes: Buffer): void {
    if (this.#disposed || bytes.length === 0) return
    if (!this.#pushToMemory(bytes)) this.#pushToDisk(bytes)
    this.#checkFull()
    this.#wakeReader()
  }

  /** The next piece, to be read until `sent`. null: `onReadable` tells when there is one. */
  next(): Buffer | null {
    this.#letGo(false)
    const piece = this.#inMemory.shift() ?? this.#onDisk?.shift() ?? null
    this.#out = piece
    this.#readerWaits = piece === null
    if (this.#onDisk?.heldBytes === 0) this.#dropDisk()
    this.#checkFull()
    return piece?.bytes ?? null
  }

  /** The last piece has been written out whole: its memory may be used again. */
  sent(): void {
    this.#letGo(true)
  }

  /** Gives everything back. May be called twice, and while a piece is still being sent. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#letGo(false)
    this.#inMemory.clear()
    this.#dropDisk()
  }

  /** Asked by the write-behind. */
  hold(): void {
    this.#checkFull()
  }

  /** Asked by the write-behind. */
  release(): void {
    this.#checkFull()
  }

  #pushToMemory(bytes: Buffer): boolean {
    if (this.#onDisk !== null) return false // what is on disk comes first
    if (this.#inMemory.heldBytes + bytes.length > this.#store.answerBufferBytes) return false
    return this.#inMemory.push(bytes)
  }

  #pushToDisk(bytes: Buffer): void {
    this.#onDisk ??= this.#newDisk()
    this.#onDisk.push(bytes)
  }

  #newDisk(): DiskQueue {
    const { memory, spool, responseSpoolBytes } = this.#store
    spool.writeBehind.join(this)
    return new DiskQueue(memory, spool, responseSpoolBytes, this.#readerWaits, {
      onProgress: () => {
        this.#checkFull()
        this.#wakeReader()
      },
      onFailed: (error) => this.#fail(error),
    })
  }

  #dropDisk(): void {
    if (this.#onDisk === null) return
    this.#store.spool.writeBehind.leave(this)
    this.#onDisk.dispose()
    this.#onDisk = null
  }

  #fail(error: Error): void {
    this.dispose()
    this.#owner.onFailed(error)
  }

  #letGo(mayReuse: boolean): void {
    this.#out?.free(mayReuse)
    this.#out = null
  }

  #wakeReader(): void {
    if (!this.#readerWaits || this.#disposed) return
    if (this.#inMemory.heldBytes === 0 && !this.#onDisk?.hasPiece) return
    this.#readerWaits = false
    this.#owner.onReadable()
  }

  #checkFull(): void {
    if (this.#disposed) return
    if (!this.#full) {
      this.#full = this.#isBeyond(1)
    } else if (!this.#isBeyond(1 / 2)) {
      this.#full = false
      this.#owner.onRoom()
    }
  }

  #isBeyond(share: number): boolean {
    const disk = this.#onDisk
    if (disk === null) return false
    if (disk.stuck || this.#store.spool.writeBehind.full) return true
    return disk.pendingBytes > MAX_PENDING_BYTES * share || disk.heldBytes > this.#store.responseSpoolBytes * share
  }
}
