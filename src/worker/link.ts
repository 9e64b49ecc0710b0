import { connect, type Socket } from 'node:net'
import type { AnswerHead } from '../events/answer.ts'
import type { Asker, WorkerFacts } from '../events/worker.ts'
import { Fault, isFaultCode } from '../faults/fault.ts'
import type { ErrorReport } from '../faults/report.ts'

import { FrameReader, FrameWriter, isAfter, nextId } from './codec.ts'
import { Inquiry } from './inquiry.ts'
import { StatePage, type ThreadMark } from './page.ts'
import { Running } from './running.ts'
import { WIRE } from './table.ts'

const { front: F, worker: W, flags: FLAGS } = WIRE
const ROLE_DATA = 0
const ROLE_CONTROL = 1

/** Bytes of an answer that may be under way before the first CREDIT, and how many are granted at a time. */
export const WINDOW_BYTES = 1024 * 1024

/** What the worker's socket holds (SEND_BUFFER_BYTES in process.py) is read at once: 1 MiB took five turns of the loop (bench/anatomy.md). */
const READ_BYTES = 512 * 1024

/** A frame beyond this is no frame: something else wrote to the worker's socket. */
const MOST_FRAME_BYTES = 64 * 1024 * 1024

/** What one request takes to the worker: see REQUEST in wire/README.md. */
export interface Question {
  readonly own: string
  readonly block: string
  readonly explicitPath: boolean
  readonly http10: boolean
  readonly body: QuestionBody
}

export type QuestionBody =
  | { readonly kind: 'memory'; readonly bytes: Buffer | null; readonly setsLength: boolean }
  | { readonly kind: 'file'; readonly path: string; readonly setsLength: boolean }
  | { readonly kind: 'stream' }

export const EMPTY_BODY: QuestionBody = { kind: 'memory', bytes: null, setsLength: false }

/** One thread of the worker, as STACKS tells of it. */
export interface WireStack {
  readonly name: string
  readonly ident: number
  /** Id of the request it runs; 0: none. */
  readonly request: number
  readonly stack: string
}

/** Who is told what the worker says of itself; answers go to their askers directly. */
export interface LinkOwner<A extends Asker> {
  ready(facts: WorkerFacts): void
  unready(fault: Fault): void
  /** The answer begins, and does not end, with this: nothing is sent ahead behind a stream. */
  begun(asker: A): void
  /** The answer to `asker`, who is told of it next, has ended, after `serviceMicros` in the application (−1: unknown). */
  finished(asker: A, serviceMicros: number): void
  /** These were sent and not begun, in the order sent: they are the owner's again. `isAsked`: it answers RECALL. */
  returned(askers: A[], isAsked: boolean): void
  log(asker: A | null, level: string, text: string): void
  /** It was sent a signal that asks it to end. */
  leaving(isFast: boolean): void
  /** Whoever was told of a frame threw: a mistake of ours, which must not take the other requests along. */
  bug(error: unknown, asker: A | null): void
  /** All that came in one read has been told. */
  batchEnd(): void
  /** A connection to the worker ended or broke. Its end as a process is told elsewhere. */
  closed(why: string): void
}

/** One Python worker seen from here: two connections, the requests it was given, its state page. */
export class WorkerLink<A extends Asker> {
  readonly pid: number
  /** Requests that were sent and have not ended, oldest first. */
  readonly running = new Running<A>()
  lastSentId = 0
  readonly #owner: LinkOwner<A>
  readonly #page: StatePage
  readonly #reader = new FrameReader(READ_BYTES)
  readonly #data: Wire
  readonly #control: Wire
  readonly #stacks = new Inquiry<readonly WireStack[]>(() => this.#say(F.STACKS, 0, 0))
  readonly #metrics = new Inquiry<string>(() => this.#say(F.METRICS, 0, 0))
  /** What the worker says is read no more. */
  #deaf = false
  /** The owner has been told that a connection ended. */
  #lost = false
  /** Whom the frame that is read is for. */
  #told: A | null = null

  /** `front`: the number of ours among those that share the worker. */
  constructor(pid: number, socketPath: string, pagePath: string, front: number, owner: LinkOwner<A>) {
    this.pid = pid
    this.#owner = owner
    this.#page = new StatePage(pagePath, front)
    this.#data = new Wire(
      this.#connect(socketPath, this.#reader, () => this.#readFrames()),
      ROLE_DATA,
      front,
    )
    const control = new FrameReader()
    this.#control = new Wire(
      this.#connect(socketPath, control, () => this.#readControl(control)),
      ROLE_CONTROL,
      front,
    )
  }

  /** The one that was sent first of those that run. */
  get oldest(): A | undefined {
    return this.running.oldest(this.lastSentId)
  }

  /** What its serving threads run just now. */
  marks(threads: number): ThreadMark[] {
    return this.#page.marks(threads)
  }

  /** Hot. Sends a request at the end of this turn of the event loop; returns its id on this link. */
  send(asker: A, question: Question): number {
    const id = nextId(this.lastSentId)
    const { body } = question
    let flags = (question.http10 ? FLAGS.REQUEST.HTTP10 : 0) | (question.explicitPath ? FLAGS.REQUEST.PATH : 0)
    let bytes: Buffer | null = null
    if (body !== EMPTY_BODY) {
      if (body.kind === 'stream') flags |= FLAGS.REQUEST.BODY_STREAM
      else {
        if (body.setsLength) flags |= FLAGS.REQUEST.BODY_LENGTH
        if (body.kind === 'file') flags |= FLAGS.REQUEST.BODY_FILE
        bytes = body.kind === 'file' ? Buffer.from(body.path) : body.bytes
      }
    }
    this.#data.writer.request(id, flags, question.own, question.block, bytes)
    this.#data.schedule()
    this.lastSentId = id
    this.running.set(id, asker)
    return id
  }

  /** Nobody waits for this answer any more. Of what has ended the worker isn't told: its flag word may be another's by now. */
  cancel(id: number): void {
    if (this.running.get(id) === undefined) return
    this.#page.flag(id, WIRE.page.HALF_CLOSED | WIRE.page.CANCELLED)
    this.#say(F.CANCEL, 0, id)
  }

  /** As `cancel`, and what the worker still says of it is dropped. */
  forget(id: number): void {
    this.cancel(id)
    this.running.delete(id)
  }

  halfClosed(id: number): void {
    if (this.running.get(id) !== undefined) this.#page.flag(id, WIRE.page.HALF_CLOSED)
  }

  credit(id: number, bytes: number): void {
    if (this.running.get(id) === undefined) return
    this.#control.writer.number(F.CREDIT, id, bytes)
    this.#control.schedule()
  }

  body(id: number, bytes: Uint8Array | null, last: boolean, broken: boolean): void {
    this.#say(F.BODY, (last ? FLAGS.BODY.LAST : 0) | (broken ? FLAGS.BODY.BROKEN : 0), id, bytes)
  }

  opened(id: number): void {
    this.#say(F.OPENED, 0, id)
  }

  refused(id: number): void {
    this.#say(F.REFUSED, 0, id)
  }

  /** Asks back what is not begun; `returned` follows, maybe with nothing. */
  recall(): void {
    this.#say(F.RECALL, 0, this.lastSentId)
  }

  /** The worker hands back what is not begun, finishes what runs, and ends. */
  stop(): void {
    this.#say(F.STOP, 0, 0)
  }

  /** Raises dram.RequestTimeout in the thread that runs this request, if one still does. */
  interrupt(id: number): void {
    this.#say(F.INTERRUPT, 0, id)
  }

  /** The stacks of all its threads; null: it is silent. */
  stacks(): Promise<readonly WireStack[] | null> {
    return this.#lost ? Promise.resolve(null) : this.#stacks.answer()
  }

  /** What prometheus_client counts there; '' where it isn't imported; null: it is silent. */
  metrics(): Promise<string | null> {
    return this.#lost ? Promise.resolve(null) : this.#metrics.answer()
  }

  /**
   * After the worker's death: which of the unanswered requests it had begun, and which it never will. The rest of
   * what it said has been read by then.
   */
  bury(): { begun: A[]; untouched: A[] } {
    const entered = this.#page.entered()
    const begun: A[] = []
    const untouched: A[] = []
    for (const [id, asker] of this.running.entries(this.lastSentId))
      (isAfter(id, entered) ? untouched : begun).push(asker)
    this.running.clear()
    this.close()
    return { begun, untouched }
  }

  close(): void {
    this.#deaf = this.#lost = true
    this.#data.socket.destroy()
    this.#control.socket.destroy()
    this.#page.close()
    this.#stacks.close()
    this.#metrics.close()
  }

  #say(type: number, flags: number, id: number, payload: Uint8Array | null = null): void {
    this.#control.writer.frame(type, flags, 0, id, payload)
    this.#control.schedule()
  }

  #connect(path: string, reader: FrameReader, read: () => void): Socket {
    let current: Buffer | null = null
    return this.#watch(
      connect({
        path,
        onread: {
          // Read in place, behind the part of a frame that is here already.
          buffer: () => {
            const target = reader.target()
            if (target === current) return null as unknown as Uint8Array
            current = target
            return target
          },
          callback: (count) => {
            reader.received(count)
            read()
            return true
          },
        },
      }),
    )
  }

  #watch(socket: Socket): Socket {
    socket.on('error', (error) => this.#lose(error.message))
    socket.on('close', () => this.#lose('end of file'))
    return socket
  }

  /** Of the two connections one may end before all that came on the other is read: that still counts. */
  #lose(why: string): void {
    if (this.#lost) return
    this.#lost = true
    this.#stacks.close()
    this.#metrics.close()
    this.#owner.closed(why)
  }

  #readFrames(): void {
    const reader = this.#reader
    while (!this.#deaf && reader.next()) {
      try {
        if (reader.type === W.HEAD) this.#head()
        else this.#other()
      } catch (error) {
        this.#owner.bug(error, this.#told)
      }
      this.#told = null
    }
    if (reader.begunBytes > MOST_FRAME_BYTES) this.#garbage(`a frame of ${reader.begunBytes} bytes`)
    this.#owner.batchEnd()
  }

  /** Hot: most answers are one HEAD frame. */
  #head(): void {
    const { id, flags, bytes, start, end } = this.#reader
    const asker = this.running.get(id)
    if (asker === undefined) return
    this.#told = asker
    const headBytes = bytes.readUInt32LE(start)
    const bodyStart = start + 8 + headBytes
    const head: AnswerHead = {
      status: this.#reader.aux,
      head: bytes.latin1Slice(start + 8, bodyStart),
      hasLength: (flags & FLAGS.HEAD.LENGTH) !== 0,
      hasDate: (flags & FLAGS.HEAD.DATE) !== 0,
      hasServer: (flags & FLAGS.HEAD.SERVER) !== 0,
      wantsClose: (flags & FLAGS.HEAD.CLOSE) !== 0,
    }
    if (flags & FLAGS.HEAD.LAST) {
      this.running.delete(id)
      this.#owner.finished(asker, bytes.readUInt32LE(start + 4))
      asker.whole(head, bytes, bodyStart, end)
      return
    }
    this.#owner.begun(asker)
    asker.begun(head)
    if (bodyStart < end) asker.piece(bytes.subarray(bodyStart, end))
  }

  #other(): void {
    const { type, flags, aux, id, bytes, start, end } = this.#reader
    const asker = this.running.get(id)
    this.#told = asker ?? null
    switch (type) {
      case W.DATA:
        asker?.piece(bytes.subarray(start, end))
        break
      case W.END:
        if (asker) this.#end(id, asker, () => asker.ended((flags & FLAGS.END.SHORT) !== 0), bytes.readUInt32LE(start))
        break
      case W.FILE:
        asker?.file({
          path: bytes.utf8Slice(start + 32, end),
          offset: Number(bytes.readBigUInt64LE(start)),
          length: Number(bytes.readBigUInt64LE(start + 8)),
          device: bytes.readBigUInt64LE(start + 16),
          inode: bytes.readBigUInt64LE(start + 24),
        })
        break
      case W.ERROR:
        if (asker) this.#end(id, asker, () => asker.failed(faultOf(this.#json(), 'APP_RAISED')), -1)
        break
      case W.GRANT:
        asker?.granted(bytes.readUInt32LE(start))
        break
      case W.DISCARD:
        asker?.discarded()
        break
      case W.RETURNED:
        this.#returned(id !== 0)
        break
      case W.EARLY_HINTS:
        asker?.earlyHints(bytes.latin1Slice(start, end))
        break
      case W.TRACE:
        asker?.traced(bytes.utf8Slice(start, end))
        break
      case W.LOG:
        this.#owner.log(asker ?? null, WIRE.logLevels[aux] ?? 'info', bytes.utf8Slice(start, end))
        break
      case W.READY:
        this.#owner.ready(this.#json() as unknown as WorkerFacts)
        break
      case W.UNREADY:
        this.#owner.unready(faultOf(this.#json(), 'APP_IMPORT_FAILED'))
        break
      default:
        this.#garbage(`frame type ${type}`)
    }
  }

  /** Answers to our questions; of PONG nothing is wanted but that it came. */
  #readControl(reader: FrameReader): void {
    while (!this.#deaf && reader.next()) {
      const { type, bytes, start, end } = reader
      try {
        if (type === W.STACKS) this.#stacks.tell(JSON.parse(bytes.utf8Slice(start, end)))
        else if (type === W.METRICS) this.#metrics.tell(bytes.utf8Slice(start, end))
        else if (type === W.LEAVING) this.#owner.leaving((reader.flags & FLAGS.LEAVING.FAST) !== 0)
        else if (type !== W.PONG) this.#garbage(`frame type ${type} on the control connection`)
      } catch (error) {
        this.#owner.bug(error, null)
      }
    }
    if (reader.begunBytes > MOST_FRAME_BYTES) this.#garbage(`a frame of ${reader.begunBytes} bytes`)
  }

  #garbage(detail: string): void {
    this.#deaf = true
    this.#data.socket.destroy(new Fault('WORKER_REPLY_INVALID', { detail }))
  }

  #end(id: number, asker: A, tell: () => void, serviceMicros: number): void {
    this.running.delete(id)
    this.#owner.finished(asker, serviceMicros)
    tell()
  }

  #returned(isAsked: boolean): void {
    const { bytes, start, end } = this.#reader
    const askers: A[] = []
    for (let at = start; at + 4 <= end; at += 4) {
      const id = bytes.readUInt32LE(at)
      const asker = this.running.get(id)
      if (asker !== undefined) askers.push(asker)
      this.running.delete(id)
    }
    this.#owner.returned(askers, isAsked)
  }

  #json(): Record<string, unknown> {
    const { bytes, start, end } = this.#reader
    return JSON.parse(bytes.utf8Slice(start, end))
  }
}

/** One connection to a worker: what is to be sent in this turn of the event loop goes in one write at its end. */
class Wire {
  readonly socket: Socket
  readonly writer = new FrameWriter()
  #scheduled = false

  constructor(socket: Socket, role: number, front: number) {
    this.socket = socket
    const hello = JSON.stringify({ version: WIRE.version, window: WINDOW_BYTES, front })
    this.writer.frame(F.HELLO, role, 0, 0, Buffer.from(hello))
    this.schedule()
    socket.on('drain', () => this.#recycle())
  }

  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    if (this.writer.pending === 0 || this.socket.destroyed) return
    this.socket.write(this.writer.take())
    this.#recycle()
  }

  /** What the kernel has taken is ours to write over. */
  #recycle(): void {
    if (this.socket.writableLength === 0) this.writer.recycle()
  }
}

function faultOf(told: Record<string, unknown>, otherwise: 'APP_RAISED' | 'APP_IMPORT_FAILED'): Fault {
  const code = String(told.code)
  const fault = new Fault(
    isFaultCode(code) ? code : otherwise,
    {},
    String(told.traceback ?? ''),
    String(told.hint ?? ''),
    (told.report ?? null) as ErrorReport | null,
  )
  if (told.says) fault.message = String(told.says)
  return fault
}
