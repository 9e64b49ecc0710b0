import type { Fault } from '../faults/fault.ts'
import type { ChunkPool } from './chunks.ts'
import type { BodyMemory } from './memory.ts'
import { Pending } from './pending.ts'
import type { Spool } from './spool.ts'
import { SpoolFile } from './spoolFile.ts'
import { spoolFull } from './spoolFull.ts'

export interface RequestBodyStore {
  readonly memory: BodyMemory
  readonly spool: Spool
  /** Bodies up to this size stay in memory while the budget has room. */
  readonly bodyBufferBytes: number
}

/** Who reads the body from its connection. */
export interface RequestBodyOwner {
  /** Stop reading, until `onDrain`; also said by a `write` that returns false. */
  onHold(): void
  onDrain(): void
  /** What `finish` could not say at once. */
  onFinished(body: FinishedBody): void
  /** The body can't be kept (SPOOL_FULL); what comes of it now is dropped. Maybe from within `write`. */
  onFailed(fault: Fault): void
}

export type FinishedBody =
  | { readonly kind: 'memory'; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly path: string; readonly length: number }

// The first buffer of a body that didn't come whole with its head.
const FIRST_BUFFER_BYTES = 16 * 1024
/** Above this much that waits to be written its client is held; a write takes all that waits. */
const MAX_PENDING_BYTES = 1024 * 1024
/** … the same for those that are given large chunks: one is written, one waits, one fills. */
const MAX_PENDING_IN_LARGE_BYTES = 3 * 1024 * 1024
/** So much is gathered for a write while the write-behind has room: each goes by way of a thread, there and back. */
const GATHERED_BYTES = 256 * 1024
const EMPTY = Buffer.alloc(0)

/** A request body as it comes in: in memory while it is small and the budget has room, else in a file, all of it. */
export class RequestBody {
  rosterAt = -1
  readonly #store: RequestBodyStore
  readonly #owner: RequestBodyOwner
  /** −1: not known. */
  readonly #announcedBytes: number
  #receivedBytes = 0
  #buffer: Buffer = EMPTY
  /** Whose the buffer is; null: it is used once. */
  #pool: ChunkPool | null = null
  #file: RequestFile | null = null
  #joined = false
  #told = false
  #ended = false

  constructor(store: RequestBodyStore, announcedBytes: number, owner: RequestBodyOwner) {
    this.#store = store
    this.#announcedBytes = announcedBytes
    this.#owner = owner
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Copies what it keeps. False: stop reading until `onDrain`. */
  write(bytes: Buffer): boolean {
    if (this.#ended) return true
    if (this.#file === null && !this.#keep(bytes)) this.#file = this.#spill()
    this.#file?.write(bytes)
    this.#receivedBytes += bytes.length
    if (this.#ended) return true
    if (!this.#joined && this.#receivedBytes !== this.#announcedBytes) this.#join()
    this.#told = this.#isHeld()
    return !this.#told
  }

  /**
   * Where the next bytes are best read to: what is written from there is not copied. It is theirs until the next
   * `write`, from wherever. null: wherever.
   */
  room(): Buffer | null {
    return this.#ended || this.#file === null ? null : this.#file.room()
  }

  /** The body is complete; who was held is drained. null: `onFinished` tells, or `onFailed` did. */
  finish(): FinishedBody | null {
    if (this.#ended) return null
    this.#leave()
    this.release()
    if (this.#file === null) return { kind: 'memory', bytes: this.#buffer.subarray(0, this.#receivedBytes) }
    this.#file.finish((path) => this.#owner.onFinished({ kind: 'file', path, length: this.#receivedBytes }))
    return null
  }

  /** Gives everything back: when the request is over, or the memory's bytes have been sent on. May be called twice. */
  dispose(): void {
    this.#ended = true
    this.#leave()
    this.#giveBuffer()
    this.#file?.dispose()
    this.#file = null
  }

  /** Asked by the write-behind. */
  hold(): void {
    this.#file?.hurry()
    if (this.#told) return
    this.#told = true
    this.#owner.onHold()
  }

  /** Asked by the write-behind, and when this body's own bytes are on disk. */
  release(): void {
    if (!this.#told || this.#isHeld()) return
    this.#told = false
    this.#owner.onDrain()
  }

  #keep(bytes: Buffer): boolean {
    const total = this.#receivedBytes + bytes.length
    if (Math.max(total, this.#announcedBytes) > this.#store.bodyBufferBytes) return false
    if (total > this.#buffer.length && !this.#grow(total)) return false
    bytes.copy(this.#buffer, this.#receivedBytes)
    return true
  }

  #grow(neededBytes: number): boolean {
    const { memory, spool } = this.#store
    const size = Math.max(neededBytes, this.#sizeToGrowTo())
    const pool = poolFor(size, spool)
    const bytes = pool?.chunkBytes ?? size
    if (!memory.take(bytes)) return false
    const larger = pool?.take() ?? Buffer.allocUnsafe(size)
    this.#buffer.copy(larger, 0, 0, this.#receivedBytes)
    this.#giveBuffer()
    this.#buffer = larger
    this.#pool = pool
    return true
  }

  /** Gives the buffer back, of which nobody has a view any more: a worker is sent a copy. */
  #giveBuffer(): void {
    this.#store.memory.give(this.#buffer.length)
    this.#pool?.give(this.#buffer)
    this.#buffer = EMPTY
    this.#pool = null
  }

  /** Little at first, since announcing costs a client nothing; then what is announced, since growing often is garbage. */
  #sizeToGrowTo(): number {
    const isKnown = this.#announcedBytes >= 0
    const most = isKnown ? this.#announcedBytes : this.#store.bodyBufferBytes
    if (this.#buffer.length === 0) return Math.min(most, FIRST_BUFFER_BYTES)
    return isKnown ? most : Math.min(most, 2 * this.#buffer.length)
  }

  /** From now on everything goes to a file, what is in memory first. */
  #spill(): RequestFile {
    const { memory, spool } = this.#store
    const kept = this.#buffer
    this.#buffer = EMPTY
    this.#pool = null // the kernel may be reading it when the body is given up
    const first = { bytes: kept.subarray(0, this.#receivedBytes), free: () => memory.give(kept.length) }
    return new RequestFile(spool, memory, first, {
      onProgress: () => this.release(),
      onFailed: (fault) => this.#fail(fault),
    })
  }

  #fail(fault: Fault): void {
    this.dispose()
    this.#owner.onFailed(fault)
  }

  #isHeld(): boolean {
    if (!this.#joined) return false
    return this.#store.spool.writeBehind.full || (this.#file?.isFull ?? false)
  }

  #join(): void {
    this.#joined = true
    this.#store.spool.writeBehind.join(this)
  }

  #leave(): void {
    if (!this.#joined) return
    this.#joined = false
    this.#store.spool.writeBehind.leave(this)
  }
}

/** Those that it fills by half at least, since the whole chunk counts. */
function poolFor(bytes: number, { chunks, largeChunks, bodyChunks }: Spool): ChunkPool | null {
  for (const pool of [chunks, largeChunks, bodyChunks])
    if (bytes <= pool.chunkBytes && bytes > pool.chunkBytes / 2) return pool
  return null
}

interface FileOwner {
  onProgress(): void
  onFailed(fault: Fault): void
}

/** The file of one request body, written in order, one write at a time. */
class RequestFile {
  readonly #spool: Spool
  readonly #file: SpoolFile
  readonly #pending: Pending
  readonly #owner: FileOwner
  /** What had been kept in memory before. */
  #first: { readonly bytes: Buffer; free(): void } | null
  #acceptedBytes: number
  #writtenBytes = 0
  #writing = false
  #onFinished: ((path: string) => void) | null = null

  constructor(spool: Spool, memory: BodyMemory, first: { readonly bytes: Buffer; free(): void }, owner: FileOwner) {
    this.#spool = spool
    this.#file = new SpoolFile(spool, true)
    this.#pending = new Pending(spool, { memory, position: first.bytes.length })
    this.#first = first
    this.#acceptedBytes = first.bytes.length
    this.#owner = owner
  }

  /** As much waits to be written as may. */
  get isFull(): boolean {
    return this.#pending.bytes >= (this.#pending.isLarge ? MAX_PENDING_IN_LARGE_BYTES : MAX_PENDING_BYTES)
  }

  write(bytes: Buffer): void {
    this.#acceptedBytes += bytes.length
    if (this.#file.reserve(this.#acceptedBytes)) {
      this.#pending.push(bytes)
      this.#pump()
    } else {
      this.#owner.onFailed(spoolFull('limit'))
    }
  }

  room(): Buffer | null {
    return this.#pending.room()
  }

  /** Writes what was gathered. */
  hurry(): void {
    this.#pump(0)
  }

  finish(done: (path: string) => void): void {
    this.#onFinished = done
    this.#pending.end()
    this.#pump()
  }

  dispose(): void {
    this.#onFinished = null
    this.#first?.free()
    this.#first = null
    this.#pending.clear()
    this.#file.dispose()
  }

  #pump(leastBytes = GATHERED_BYTES): void {
    if (this.#writing) return
    const count = this.#isGathering ? this.#pending.gathered(leastBytes) : this.#pending.bytes
    const views = this.#first?.bytes.length ? [this.#first.bytes] : this.#pending.views(count)
    if (views.length > 0) this.#write(views)
    else if (this.#onFinished !== null) this.#seal(this.#onFinished)
  }

  /** The first bytes are written as they come: they show whether any can be. */
  get #isGathering(): boolean {
    return this.#writtenBytes > 0 && this.#onFinished === null && !this.#spool.writeBehind.full
  }

  #seal(done: (path: string) => void): void {
    this.#onFinished = null
    this.#file.seal(() => done(this.#file.path))
  }

  #write(views: Buffer[]): void {
    const length = views.reduce((sum, view) => sum + view.length, 0)
    this.#writing = true
    this.#file.write(views, this.#writtenBytes, (error) => {
      this.#writing = false
      if (error !== null) return this.#owner.onFailed(error as Fault)
      this.#writtenBytes += length
      this.#wrote(length)
      this.#owner.onProgress()
      this.#pump()
    })
  }

  #wrote(length: number): void {
    if (this.#first?.bytes.length) {
      this.#first.free()
      this.#first = null
    } else {
      this.#pending.drop(length)
    }
  }
}
