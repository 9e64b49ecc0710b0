import type { ClientSocket } from '../listen/client.ts'
import type { BodyMemory } from '../spool/memory.ts'

/** Written at once where the memory for bodies has no room left: what one slow reader may hold outside of it. */
export const SMALL_PIECE_BYTES = 16 * 1024

/** Up to this size, joining is cheaper than a write of several parts. */
const SMALL_BYTES = 4 * 1024

export interface OutletOwner {
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
  readonly #owner: OutletOwner
  #text = ''
  /** Bytes taken from the budget for what the kernel has not taken yet. */
  #counted = 0

  constructor(client: ClientSocket, memory: BodyMemory, owner: OutletOwner) {
    this.#client = client
    this.#memory = memory
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
    if (this.#client.isClosed) return
    this.#text += before
    if (bytes.length <= SMALL_BYTES) {
      this.#text += bytes.latin1Slice() + after
      this.flush()
    } else {
      const text = this.#text
      this.#text = ''
      if (text === '' && after === '') this.#client.bytes(bytes)
      else this.#client.framed(text, bytes, after)
      this.#judge()
    }
    this.#count()
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
    this.#owner.outletIdle()
  }

  #judge(): void {
    if (!this.idle) this.#owner.outletBusy()
  }

  #count(): void {
    const waiting = this.#client.waitingBytes
    if (waiting <= this.#counted) return
    if (this.#memory.take(waiting - this.#counted)) this.#counted = waiting
  }
}
