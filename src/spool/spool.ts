import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ChunkPool } from './chunks.ts'
import { isInMemory, makeFolder } from './folder.ts'
import type { BodyMemory } from './memory.ts'
import { WriteBehind } from './writeBehind.ts'

export interface SpoolOptions {
  /** The folder in which the spool makes its own, private one. */
  readonly parent: string
  /** Bytes on disk of all spool files together. */
  readonly limitBytes: number
  /** Descriptors that spool files may use at once. */
  readonly maxOpenFiles?: number
  /** Bytes that may wait in memory to be written, of all files together. */
  readonly writeBehindBytes?: number
}

const WRITE_BEHIND_BYTES = 4 * 1024 * 1024
const CHUNK_BYTES = 16 * 1024
const LARGE_CHUNK_BYTES = 64 * 1024
const BODY_CHUNK_BYTES = 128 * 1024
// bench/anatomy.md: smaller ones cost more, since each is written by another thread, on another core maybe.
const FILE_CHUNK_BYTES = 1024 * 1024
/** Two uploads at full speed. More are no faster on the same disk, and what isn't used again is garbage that stays. */
const FILE_CHUNKS = 8

/** The bodies on disk: their folder, their limits, and the buffers on the way there and back. */
export class Spool {
  readonly folder: string
  /** The folder lives in memory: spooling works but saves none. Worth a warning. */
  readonly inMemory: boolean
  readonly writeBehind: WriteBehind
  /** For the one small buffer that a body may have outside the budget. */
  readonly chunks: ChunkPool
  /** For reading faster, as long as the budget allows. */
  readonly largeChunks: ChunkPool
  /** For request bodies in memory that are larger than those. */
  readonly bodyChunks: ChunkPool
  /** For request bodies that come fast: read into and written whole, as long as the budget allows. */
  readonly fileChunks: ChunkPool
  readonly #limitBytes: number
  readonly #maxOpenFiles: number
  #usedBytes = 0
  #openFiles = 0
  #fileChunksOut = 0
  #lastName = 0

  /** Faults: SPOOL_FOLDER. */
  constructor(options: SpoolOptions) {
    const writeBehindBytes = options.writeBehindBytes ?? WRITE_BEHIND_BYTES
    this.folder = makeFolder(options.parent)
    this.inMemory = isInMemory(this.folder)
    this.writeBehind = new WriteBehind(writeBehindBytes)
    this.chunks = new ChunkPool(CHUNK_BYTES, writeBehindBytes)
    this.largeChunks = new ChunkPool(LARGE_CHUNK_BYTES, writeBehindBytes)
    this.bodyChunks = new ChunkPool(BODY_CHUNK_BYTES, writeBehindBytes)
    this.fileChunks = new ChunkPool(FILE_CHUNK_BYTES, FILE_CHUNKS * FILE_CHUNK_BYTES)
    this.#limitBytes = options.limitBytes
    this.#maxOpenFiles = options.maxOpenFiles ?? Number.POSITIVE_INFINITY
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get openFiles(): number {
    return this.#openFiles
  }

  /** Is there room, by the limit, for a body of this size? Lets an announced body be refused before it is read. */
  hasRoom(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.#limitBytes
  }

  take(bytes: number): boolean {
    if (!this.hasRoom(bytes)) return false
    this.#usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
  }

  /** A large chunk, counted by `memory` until it is given back; null: half of that is used, or all chunks are out. */
  takeFileChunk(memory: BodyMemory): Buffer | null {
    if (this.#fileChunksOut >= FILE_CHUNKS || memory.free - FILE_CHUNK_BYTES < memory.limitBytes / 2) return null
    if (!memory.take(FILE_CHUNK_BYTES)) return null
    this.#fileChunksOut++
    return this.fileChunks.take()
  }

  giveFileChunk(memory: BodyMemory, chunk: Buffer, mayReuse: boolean): void {
    memory.give(FILE_CHUNK_BYTES)
    this.#fileChunksOut--
    if (mayReuse) this.fileChunks.give(chunk)
  }

  takeDescriptor(): boolean {
    if (this.#openFiles >= this.#maxOpenFiles) return false
    this.#openFiles++
    return true
  }

  giveDescriptor(): void {
    this.#openFiles--
  }

  newPath(): string {
    return join(this.folder, (++this.#lastName).toString(36))
  }

  /** Removes the folder with all that is in it; blocks, for the end of the process. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
