import type { Socket } from 'node:net'
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
 * at once. Nothing here waits: whoever has more asks `idle` first, and goes on when told of `outletIdle`.
 */
export class Outlet {
  readonly #socket: Socket
  readonly #memory: BodyMemory
  readonly #owner: OutletOwner
  #text = ''
  /** Bytes taken from the budget for what the kernel has not taken yet. */
  #counted = 0
  #asked = false

  constructor(socket: Socket, memory: BodyMemory, owner: OutletOwner) {
    this.#socket = socket
    this.#memory = memory
    this.#owner = owner
    socket.on('drain', () => this.#drained())
  }

  /** Hot. Latin-1 text, to leave with the next `flush`. */
  text(text: string): void {
    this.#text += text
  }

  /** Has the kernel taken all that was flushed? */
  get idle(): boolean {
    return this.#socket.writableLength === 0
  }

  /**
   * Bytes that the kernel has taken, ever. Node's own count moves only when a write is through, so a slow reader of
   * one large piece would look stuck; the handle's, on which Node's idle timer relies, follows each byte.
   */
  get takenBytes(): number {
    const socket = this.#socket as Socket & { _handle: { bytesWritten: number; writeQueueSize: number } | null }
    return socket._handle === null ? 0 : socket._handle.bytesWritten - socket._handle.writeQueueSize
  }

  /** Bytes that were given to the socket and, as far as this side knows, not yet to the kernel. */
  get waiting(): number {
    return this.#socket.writableLength + this.#text.length
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
    const socket = this.#socket
    this.#text += before
    if (socket.destroyed) return
    if (bytes.length <= SMALL_BYTES) {
      this.#text += bytes.latin1Slice() + after
      this.flush()
    } else if (this.#text === '' && after === '') socket.write(bytes)
    else {
      socket.cork()
      this.flush()
      socket.write(bytes)
      if (after !== '') socket.write(after, 'latin1')
      socket.uncork()
    }
    this.#count()
    this.#askForIdle()
  }

  flush(): void {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    if (this.#socket.destroyed) return
    this.#socket.write(text, 'latin1')
    this.#askForIdle()
  }

  /** The connection has ended: what was taken from the budget goes back. */
  dispose(): void {
    this.#memory.give(this.#counted)
    this.#counted = 0
  }

  #drained(): void {
    this.dispose()
    this.#owner.outletIdle()
  }

  /** Less than its high-water mark a socket writes late without a `drain`: an empty write behind tells. */
  #askForIdle(): void {
    const socket = this.#socket
    if (socket.writableLength === 0 || socket.writableCorked > 0) return
    this.#owner.outletBusy()
    if (socket.writableNeedDrain || this.#asked) return
    this.#asked = true
    socket.write('', () => {
      this.#asked = false
      if (this.idle && !socket.destroyed) this.#drained()
    })
  }

  #count(): void {
    const waiting = this.#socket.writableLength
    if (waiting <= this.#counted) return
    if (this.#memory.take(waiting - this.#counted)) this.#counted = waiting
  }
}
