import { close, constants, fstat, open, read } from 'node:fs'
import type { HandedOver } from '../events/worker.ts'

/** The budget that pays for large pieces. */
export interface MemoryBudget {
  take(bytes: number): boolean
  give(bytes: number): void
}

export interface HandedFileOwner {
  /** There is a piece, after `next` returned null. */
  onReadable(): void
  /** The rest can't be read, because the file shrank, for instance: what has been sent is not whole. */
  onFailed(error: Error): void
}

export type OpenedFile =
  | { readonly kind: 'opened'; readonly file: HandedFile }
  /** The worker has to read it itself. */
  | { readonly kind: 'refused'; readonly reason: string }

const SMALL_PIECE_BYTES = 16 * 1024
// Measured, 100 MiB to a loopback socket: 31 ms of CPU (2.4–2.8 GB/s); 44 ms at 32 KiB, 38 at 128, 55 at 256.
const PIECE_BYTES = 64 * 1024

/** Opens the file and makes sure that it is the one that was meant, regular, and long enough. */
export function openHandedFile(facts: HandedOver, memory: MemoryBudget, owner: HandedFileOwner): Promise<OpenedFile> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY // a FIFO must not hold up a thread
  return new Promise((resolve) => {
    open(facts.path, flags, (error, fd) => {
      if (error !== null) return resolve({ kind: 'refused', reason: error.code ?? error.message })
      fstat(fd, { bigint: true }, (_, found) => {
        const reason = objection(facts, found)
        if (reason === null) return resolve({ kind: 'opened', file: new HandedFile(fd, facts, memory, owner) })
        close(fd, () => resolve({ kind: 'refused', reason }))
      })
    })
  })
}

interface Found {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  isFile(): boolean
}

function objection(facts: HandedOver, found: Found | undefined): string | null {
  if (found === undefined) return 'it cannot be looked at'
  if (!found.isFile()) return 'it is not a regular file'
  if (found.dev !== facts.device || found.ino !== facts.inode) return 'it is another file'
  if (found.size < BigInt(facts.offset) + BigInt(facts.length)) return 'it is shorter'
  return null
}

interface Slot {
  readonly buffer: Buffer
  /** Taken from the budget. */
  readonly paidBytes: number
}

interface Piece {
  readonly slot: Slot
  readonly bytes: Buffer
}

/**
 * Pieces of a file in order, exactly as long as announced; one is read ahead where the budget pays for it.
 * It is read from as an `AnswerBuffer` is.
 */
export class HandedFile {
  readonly #fd: number
  readonly #memory: MemoryBudget
  readonly #owner: HandedFileOwner
  readonly #pieceBytes: number
  #position: number
  readonly #end: number
  #held: number
  /** Buffers in being, two at most: one is sent while the other is filled. */
  #slots = 0
  #free: Slot | null = null
  #reading: Slot | null = null
  #ready: Piece | null = null
  #out: Slot | null = null
  #wanted = false
  #disposed = false

  constructor(fd: number, { offset, length }: HandedOver, memory: MemoryBudget, owner: HandedFileOwner) {
    this.#fd = fd
    this.#memory = memory
    this.#owner = owner
    this.#pieceBytes = Math.min(PIECE_BYTES, length)
    this.#position = offset
    this.#end = offset + length
    this.#held = length
  }

  /** Bytes not yet handed out. */
  get held(): number {
    return this.#held
  }

  /** The next piece, to be read until `sent`. null: `onReadable` tells when there is one. */
  next(): Buffer | null {
    this.#dropOut()
    const piece = this.#ready
    this.#ready = null
    this.#out = piece?.slot ?? null
    this.#held -= piece?.bytes.length ?? 0
    this.#wanted = piece === null
    this.#fill()
    return piece?.bytes ?? null
  }

  /** The last piece has been written out whole: its buffer may be filled again. */
  sent(): void {
    if (this.#out === null) return
    if (this.#free === null) this.#free = this.#out
    else this.#giveUp(this.#out)
    this.#out = null
    this.#fill()
  }

  /** Closes the file and gives everything back. May be called twice, and while a piece is still being sent. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const slot of [this.#free, this.#reading, this.#ready?.slot, this.#out]) if (slot) this.#giveUp(slot)
    this.#free = this.#ready = this.#out = null
    if (this.#reading === null) close(this.#fd)
  }

  #fill(): void {
    if (this.#disposed || this.#reading !== null || this.#ready !== null || this.#position === this.#end) return
    const slot = this.#slotToFill()
    if (slot === null) return
    this.#reading = slot
    this.#read(slot.buffer.subarray(0, this.#end - this.#position), 0, (error, bytes) => {
      this.#reading = null
      if (this.#disposed) return close(this.#fd)
      if (error !== null) return this.#fail(slot, error)
      this.#ready = { slot, bytes }
      this.#position += bytes.length
      if (!this.#wanted) return
      this.#wanted = false
      this.#owner.onReadable()
    })
  }

  /** Reads until the buffer is full. */
  #read(into: Buffer, filled: number, done: (error: Error | null, bytes: Buffer) => void): void {
    read(this.#fd, into, filled, into.length - filled, this.#position + filled, (error, count) => {
      if (error !== null) return done(error, into)
      if (count === 0) return done(new Error('the file shrank while it was sent'), into)
      if (filled + count === into.length || this.#disposed) return done(null, into)
      this.#read(into, filled + count, done)
    })
  }

  /** A large buffer while the budget pays; else a small one, but only where there is no other. */
  #slotToFill(): Slot | null {
    const free = this.#free
    const isLarge = free?.buffer.length === this.#pieceBytes
    const others = this.#slots - (free === null ? 0 : 1)
    if (!isLarge && free === null && others > 1) return null
    if (!isLarge && this.#memory.take(this.#pieceBytes)) {
      if (free !== null) this.#giveUp(free)
      this.#free = null
      return this.#newSlot(this.#pieceBytes, this.#pieceBytes)
    }
    if (free === null && others > 0) return null
    this.#free = null
    return free ?? this.#newSlot(Math.min(SMALL_PIECE_BYTES, this.#pieceBytes), 0)
  }

  #newSlot(size: number, paidBytes: number): Slot {
    this.#slots++
    return { buffer: Buffer.allocUnsafeSlow(size), paidBytes }
  }

  #giveUp(slot: Slot): void {
    this.#slots--
    this.#memory.give(slot.paidBytes)
  }

  #dropOut(): void {
    if (this.#out !== null) this.#giveUp(this.#out)
    this.#out = null
  }

  #fail(slot: Slot, error: Error): void {
    this.#giveUp(slot)
    this.dispose()
    this.#owner.onFailed(error)
  }
}
