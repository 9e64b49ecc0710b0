import type { HandedOver } from '../events/worker.ts'
import { type HandedFile, openHandedFile } from '../files/handedFile.ts'
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../respond/chunks.ts'
import type { Framing } from '../respond/framing.ts'
import { AnswerBuffer, type AnswerBufferOwner, type AnswerBufferStore } from '../spool/answerBuffer.ts'
import { WINDOW_BYTES } from '../worker/link.ts'
import type { Outlet } from './outlet.ts'

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i

export interface StreamOwner {
  readonly outlet: Outlet
  /** So many more bytes of this answer may come from the worker. */
  credit(bytes: number): void
  /** The worker may close the file it handed over … */
  opened(): void
  /** … or has to read it itself. */
  refused(): void
  /** All is written. `short`: it is less than was announced. */
  streamEnded(short: boolean): void
  streamBroke(why: string): void
}

/**
 * An answer that comes in pieces, from the worker at its pace to the client at its own. What the client doesn't take
 * at once waits in an AnswerBuffer (memory, then disk); beyond its limit the worker gets no more credit. A file that
 * was handed over is the rest of the answer.
 */
export class AnswerStream implements AnswerBufferOwner {
  bodyBytes = 0
  readonly framing: Framing
  readonly #head: string
  readonly #tail: Buffer
  readonly #store: AnswerBufferStore
  readonly #owner: StreamOwner
  #source: AnswerBuffer | HandedFile | null = null
  /** Bytes that came and for which no credit was given back yet. */
  #taken = 0
  /** Bytes that the worker may send in all. */
  #granted = WINDOW_BYTES
  #active = false
  #ended: 'no' | 'whole' | 'short' = 'no'
  #gone = false

  constructor(framing: Framing, head: string, tail: Buffer, store: AnswerBufferStore, owner: StreamOwner) {
    this.framing = framing
    this.#head = head
    this.#tail = tail
    this.#store = store
    this.#owner = owner
  }

  /** The worker gets no credit: the client is slower, and what may be kept for it is full. */
  get holdsBack(): boolean {
    return this.#source instanceof AnswerBuffer && this.#source.full
  }

  /** Bytes that wait for the client. */
  get held(): number {
    return this.#source?.held ?? 0
  }

  /** The answers before it are out: it may write. */
  activate(): void {
    this.#active = true
    this.#owner.outlet.text(this.#head)
    this.pump()
  }

  /** A view that holds for the call only. */
  piece(bytes: Buffer): void {
    this.#taken += bytes.length
    if (!this.#gone && this.framing !== 'none') this.#pass(bytes)
    this.#giveCredit()
  }

  async file(handed: HandedOver): Promise<void> {
    if (this.#gone || this.framing === 'none') return this.#owner.opened()
    if (this.#source !== null) return this.#owner.refused() // an earlier part still waits here
    const opened = await openHandedFile(handed, this.#store.memory, this)
    if (opened.kind === 'refused') return this.#owner.refused()
    this.#owner.opened()
    if (this.#gone) opened.file.dispose()
    else this.#source = opened.file
    this.pump()
  }

  ended(short: boolean): void {
    this.#ended = short ? 'short' : 'whole'
    this.pump()
  }

  /** Writes what the client takes now. To be called again once the outlet is idle. */
  pump(): void {
    if (!this.#active || this.#gone) return
    const source = this.#source
    while (source !== null && this.#owner.outlet.idle) {
      source.sent()
      const bytes = source.next()
      if (bytes === null) break
      this.#write(bytes)
    }
    if (this.#ended !== 'no' && !this.#gone && (source === null || source.held === 0)) this.#finish()
  }

  onReadable(): void {
    this.pump()
  }

  onRoom(): void {
    this.#giveCredit()
  }

  onFailed(error: Error): void {
    this.#owner.streamBroke(error.message)
  }

  /** The client is gone, or the answer can't go on. */
  dispose(): void {
    this.#gone = true
    this.#source?.dispose()
  }

  #pass(bytes: Buffer): void {
    const { outlet } = this.#owner
    const free = this.#active && outlet.idle && (this.#source === null || this.#source.held === 0)
    const now = free ? outlet.pieceBytes(bytes.length) : 0
    if (now > 0) this.#passOn(now === bytes.length ? bytes : bytes.subarray(0, now))
    if (now < bytes.length) this.#keep(bytes.subarray(now))
  }

  #keep(bytes: Buffer): void {
    const buffer = this.#source instanceof AnswerBuffer ? this.#source : new AnswerBuffer(this.#store, this)
    this.#source = buffer
    buffer.push(bytes)
    this.pump()
  }

  #passOn(view: Buffer): void {
    const { outlet } = this.#owner
    this.bodyBytes += view.length
    if (this.framing === 'chunked') outlet.passed(chunkStart(view.length), view, CHUNK_END)
    else outlet.passed('', view, '')
  }

  /** The bytes stay with the socket until it is idle. */
  #write(bytes: Buffer): void {
    const { outlet } = this.#owner
    this.bodyBytes += bytes.length
    if (this.framing === 'chunked') outlet.framed(chunkStart(bytes.length), bytes, CHUNK_END)
    else outlet.bytes(bytes)
  }

  /** In large parts of the window: each wakes the worker. */
  #giveCredit(): void {
    if (this.#taken < (WINDOW_BYTES * 3) / 4 || (this.#source instanceof AnswerBuffer && this.#source.full)) return
    if (this.#granted >= this.#wholeBytes) return
    this.#owner.credit(this.#taken)
    this.#granted += this.#taken
    this.#taken = 0
  }

  /** As the worker has announced it; it sends no more than that. */
  get #wholeBytes(): number {
    const found = this.framing === 'length' ? CONTENT_LENGTH.exec(this.#head) : null
    return found === null ? Number.POSITIVE_INFINITY : Number(found[1])
  }

  #finish(): void {
    this.dispose()
    const short = this.#ended === 'short'
    if (this.#tail.length > 0 && !short) this.#write(this.#tail)
    if (this.framing === 'chunked' && !short) this.#owner.outlet.text(LAST_CHUNK)
    this.#owner.streamEnded(short)
  }
}
