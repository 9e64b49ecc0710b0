import type { ClientSocket } from '../listen/client.ts'
import type { ChunkPool } from '../spool/chunks.ts'
import type { BodyMemory } from '../spool/memory.ts'

/** Written at once where the memory for bodies has no room left: what one slow reader may hold outside of it. */
export const SMALL_PIECE_BYTES = 16 * 1024

/** Up to this size, joining is cheaper than a write of several parts. */
const SMALL_BYTES = 4 * 1024
/** Texts are gathered up to about this size. */
const MUCH_TEXT_BYTES = 16 * 1024

/** Where the text before some bytes is put for a write. */
const scratch = Buffer.allocUnsafeSlow(MUCH_TEXT_BYTES)

export interface OutletOwner {
  /** There is text to be flushed at the end of this turn. */
  outletText(): void
  /** The kernel did not take all at once: the client is slower than we. */
  outletBusy(): void
  /** By now it has. */
  outletIdle(): void
}

/**
 * The way out of one connection. Texts of one turn of the event loop are gathered and leave in one write; bytes leave
 * at once. Nothing here waits: whoever has more asks `idle` first, and goes on when told of `outletIdle`, for which
 * `drained` is to be called when the client took what it did not take at once.
 */
export class Outlet {
  readonly #client: ClientSocket
  readonly #memory: BodyMemory
  readonly #chunks: ChunkPool
  readonly #owner: OutletOwner
  #text = ''
  /** Bytes taken from the budget for what the kernel has not taken yet. */
  #counted = 0
  /** Copies of bytes that the kernel has not taken yet: fresh memory for each would be garbage faster than it is collected. */
  #borrowed: Buffer[] = []

  constructor(client: ClientSocket, memory: BodyMemory, chunks: ChunkPool, owner: OutletOwner) {
    this.#client = client
    this.#memory = memory
    this.#chunks = chunks
    this.#owner = owner
  }

  /** Hot. Latin-1 text, to leave with the next `flush`. */
  text(text: string): void {
    this.#text += text
  }

  /** Has the kernel taken all that was flushed? */
  get idle(): boolean {
    return this.#client.waitingBytes === 0
  }

  /** Bytes that were given to the client's socket and, as far as this side knows, not yet to the kernel. */
  get waiting(): number {
    return this.#client.waitingBytes + this.#text.length
  }

  /** Bytes that wait for the next flush. */
  get gathered(): number {
    return this.#text.length
  }

  /** Would so many bytes leave at once, or be paid for by the budget? */
  takes(bytes: number): boolean {
    return this.idle && this.#memory.free >= bytes
  }

  /** How many bytes one piece may have: little while memory is short. */
  pieceBytes(wanted: number): number {
    return this.#memory.free >= wanted ? wanted : Math.min(wanted, SMALL_PIECE_BYTES)
  }

  /** Bytes that nobody writes over until the outlet is idle again. */
  bytes(bytes: Buffer): void {
    this.framed('', bytes, '')
  }

  /** Bytes between two texts, in one write with what waits. */
  framed(before: string, bytes: Buffer, after: string): void {
    if (this.#client.isClosed || this.#joined(before, bytes, after)) return
    const text = this.#text
    this.#text = ''
    if (text === '' && after === '') this.#client.bytes(bytes)
    else this.#client.framed(text, bytes, after)
    this.#judge()
  }

  /** Hot. Bytes between two texts, of which only what the kernel doesn't take at once is copied: a view will do. */
  passed(before: string, view: Buffer, after: string): void {
    if (this.#client.isClosed || this.#joined(before, view, after)) return
    const taken = this.#text.length <= scratch.length ? this.#writeNow(view, after) : 0
    const text = this.#text.slice(taken)
    const ofView = Math.max(0, taken - this.#text.length)
    this.#text = ''
    if (ofView < view.length) this.#writeRest(text, view.subarray(ofView), after)
    else if (ofView - view.length < after.length) this.#client.text(after.slice(ofView - view.length))
    this.#judge()
  }

  /** How many bytes of the text that waits, the view, and the text after it the kernel has taken. */
  #writeNow(view: Buffer, after: string): number {
    const text = this.#text
    const parts = [view]
    if (text !== '') parts.unshift(scratch.subarray(0, scratch.latin1Write(text, 0)))
    if (after !== '') parts.push(Buffer.from(after, 'latin1'))
    return this.#client.now(parts)
  }

  #writeRest(text: string, view: Buffer, after: string): void {
    const client = this.#client
    const copies = this.#copies(view)
    if (text !== '') client.text(text)
    for (const copy of copies) client.bytes(copy)
    if (after !== '') client.text(after)
  }

  #copies(view: Buffer): Buffer[] {
    if (view.length <= SMALL_PIECE_BYTES) return [Buffer.from(view)]
    const { chunkBytes } = this.#chunks
    const copies: Buffer[] = []
    for (let at = 0; at < view.length; at += chunkBytes) {
      const chunk = this.#chunks.take()
      this.#borrowed.push(chunk)
      copies.push(chunk.subarray(0, view.copy(chunk, 0, at, at + chunkBytes)))
    }
    return copies
  }

  /** Adds the text before the bytes; true: also them and what follows, since they are few. */
  #joined(before: string, bytes: Buffer, after: string): boolean {
    this.#text += before
    if (bytes.length > SMALL_BYTES) return false
    this.#text += bytes.latin1Slice() + after
    if (this.#text.length > MUCH_TEXT_BYTES) this.flush()
    else this.#owner.outletText()
    return true
  }

  flush(): void {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    if (this.#client.isClosed) return
    this.#client.text(text)
    this.#judge()
  }

  /** The connection has ended: what was taken from the budget goes back. */
  dispose(): void {
    this.#memory.give(this.#counted)
    this.#counted = 0
  }

  /** By now the kernel has taken all. */
  drained(): void {
    this.dispose()
    if (this.#borrowed.length > 0) this.#giveBack()
    this.#owner.outletIdle()
  }

  #giveBack(): void {
    for (const chunk of this.#borrowed) this.#chunks.give(chunk)
    this.#borrowed = []
  }

  #judge(): void {
    if (this.idle) {
      // All was taken at once: nobody is going to be told.
      if (this.#borrowed.length > 0) this.#giveBack()
      return
    }
    this.#count()
    this.#owner.outletBusy()
  }

  #count(): void {
    const waiting = Math.max(this.#client.waitingBytes, this.#borrowed.length * this.#chunks.chunkBytes)
    // As much of it as there is: then none is free, and the next pieces are small.
    const more = Math.min(waiting - this.#counted, this.#memory.free)
    if (more > 0 && this.#memory.take(more)) this.#counted += more
  }
}
