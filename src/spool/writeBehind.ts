import { type Enlisted, Roster } from '../kit/roster.ts'

/** Somebody whose bytes go to disk, and who can be asked to bring no more for now. */
export interface Writer extends Enlisted {
  hold(): void
  release(): void
}

/**
 * The bytes that wait to be written, of all spool files together. Above the limit all writers are held, not only
 * the one that brought the last bytes: a thousand sockets may be readable in one turn of the event loop.
 */
export class WriteBehind {
  readonly #limitBytes: number
  readonly #writers = new Roster<Writer>()
  #waitingBytes = 0
  #full = false

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get full(): boolean {
    return this.#full
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  join(writer: Writer): void {
    this.#writers.add(writer)
  }

  leave(writer: Writer): void {
    this.#writers.delete(writer)
  }

  add(bytes: number): void {
    this.#waitingBytes += bytes
    if (this.#full || this.#waitingBytes < this.#limitBytes) return
    this.#full = true
    for (const writer of this.#writers.all()) writer.hold()
  }

  remove(bytes: number): void {
    this.#waitingBytes -= bytes
    if (!this.#full || this.#waitingBytes > this.#limitBytes / 2) return
    this.#full = false
    for (const writer of this.#writers.all()) {
      if (this.#full) return // who was released may have filled it again
      writer.release()
    }
  }
}
