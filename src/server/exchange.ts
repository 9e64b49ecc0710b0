import type { AnswerHead } from '../events/answer.ts'
import { isLast, type RequestHead, SAFE_METHODS } from '../events/request.ts'
import type { HandedOver, RequestFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { FaultCode } from '../faults/table.ts'
import { shownFields, withoutSecrets } from '../kit/secrets.ts'
import { headText, smallAnswer } from '../respond/answer.ts'
import { faultPage } from '../respond/fault.ts'
import { type Asked, isBodiless, mayStay, plan } from '../respond/framing.ts'
import type { Page } from '../respond/health.ts'
import { earlyHints } from '../respond/interim.ts'
import { isLocal } from '../route/local.ts'
import { ownText, type Target } from '../route/route.ts'
import type { Question } from '../worker/link.ts'
import { AtDesk } from './atDesk.ts'
import type { Desk, Finish } from './bystander.ts'
import type { ServerContext } from './context.ts'
import type { ConnectionFacts, ExchangeFacts } from './facts.ts'
import { bufferedIntake, type Intake, type IntakeOwner, NO_INTAKE, StreamedIntake } from './intake.ts'
import type { Outlet } from './outlet.ts'
import type { Job, PlacedJob } from './pool.ts'
import { Stopwatch } from './stopwatch.ts'
import { AnswerStream, type StreamOwner } from './stream.ts'
import type { ConnectionWitness, RequestWitness } from './witness.ts'

/** A whole answer up to this size leaves as one text; larger ones as bytes, which are not copied twice. */
const SMALL_ANSWER_BYTES = 16 * 1024

/** What is here of the answer. */
type Answer =
  | { readonly kind: 'none' }
  /** Whole, but others are to be answered first. */
  | { readonly kind: 'whole'; readonly head: AnswerHead; readonly body: Buffer }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'stream'; readonly stream: AnswerStream; readonly staysOpen: boolean }
  | { readonly kind: 'done' }

/** Told to whoever ends the worker, with its stacks: one record for each is enough. */
const OVERDUE: ReadonlySet<FaultCode> = new Set(['REQUEST_TIMEOUT', 'STREAM_TIMEOUT'])

const NOTHING = Buffer.alloc(0)
const NONE: Answer = { kind: 'none' }
const DONE: Answer = { kind: 'done' }

/** The connection, as its exchanges see it. */
export interface Carrier extends ConnectionFacts {
  readonly outlet: Outlet
  readonly halfClosed: boolean
  /** Null: nobody looks on. */
  readonly witness: ConnectionWitness | null
  /** Request bodies are handed on as they come. */
  readonly streamsRequests: boolean
  /** Another exchange may be ready to run. */
  advance(): void
  bodyHold(): void
  bodyRoom(): void
  bodyFailed(exchange: Exchange, fault: Fault): void
  /** It waits for a worker no more. */
  unqueued(exchange: Exchange): void
  /** One that was submitted asks nothing more of the workers. */
  settled(): void
  touch(): void
  mustCloseAfter(exchange: Exchange): boolean
  answered(exchange: Exchange, staysOpen: boolean): void
  abort(reset: boolean): void
  destroy(): void
}

/** One request and its answer, from the head's arrival to the answer's last byte. */
export class Exchange implements Job, StreamOwner, IntakeOwner, ExchangeFacts {
  readonly head: RequestHead | null
  readonly requestId: string
  readonly target: Target | null
  readonly isSafe: boolean
  /** Null while the body is still coming. */
  question!: Question
  ready = false
  /** Others of its connection were not answered when it came. */
  isPipelined = false
  queuedAtMs = 0
  readonly startedMs: number
  requeues = 0
  streaming = false
  heard = false
  silentSinceMs = 0
  serviceMicros = -1
  place: PlacedJob | null = null
  intake: Intake = NO_INTAKE
  /** Not null: who answers it instead of the application. */
  desk: Desk | null = null
  #atDesk: AtDesk | null = null
  status = 0
  bodyBytes = 0
  answerHead: AnswerHead | null = null
  readonly connection: Carrier
  readonly #context: ServerContext
  #answer: Answer = NONE
  #hasTurn = false
  #submitted = false
  /** It was submitted and is not settled. */
  #asks = false
  readonly #stopwatch: Stopwatch | null
  /** Null: nobody looks on. */
  readonly witness: RequestWitness | null
  abandoned = false

  constructor(connection: Carrier, context: ServerContext, head: RequestHead | null, target: Target | null) {
    this.connection = connection
    this.#context = context
    this.head = head
    this.target = target
    this.isSafe = head !== null && SAFE_METHODS.has(head.method)
    this.requestId = target?.requestId ?? context.newRequestId()
    this.#stopwatch = context.meter === null ? null : new Stopwatch(context.clock)
    this.startedMs = this.#stopwatch?.startedMs ?? (context.access === null ? 0 : context.clock.nowMs())
    this.witness = connection.witness === null ? null : connection.witness.request(this)
  }

  // — the request —

  /** Takes the request in; `bodyReady` follows at once where there is no body, or where it is streamed. */
  begin(head: RequestHead): void {
    if (head.block.framing === 'none') this.bodyReady()
    else if (this.connection.streamsRequests && this.desk === null) {
      this.intake = new StreamedIntake((bytes, last, broken) => this.#sendBody(bytes, last, broken), this)
      this.bodyReady()
    } else this.intake = bufferedIntake(this.#context.bodyStore, head.block, this)
  }

  bodyReady(): void {
    if (this.abandoned) return
    const target = this.target!
    const head = this.head!
    this.question = {
      own: ownText(head, target, this.requestId),
      block: target.block,
      explicitPath: target.path !== null,
      http10: head.minor === 0,
      body: this.intake.body,
    }
    this.ready = true
    this.witness?.bodyReady(this.intake.body)
    this.connection.advance()
  }

  bodyHold(): void {
    this.connection.bodyHold()
  }

  bodyRoom(): void {
    this.connection.bodyRoom()
  }

  bodyFailed(fault: Fault): void {
    if (this.abandoned) return
    this.connection.bodyFailed(this, fault)
  }

  /** So many bytes of its body came. */
  tookIn(bytes: number): void {
    if (this.#stopwatch !== null) this.#stopwatch.bytesIn += bytes
  }

  /** All of its body has come. */
  bodyEnded(): void {
    this.#stopwatch?.bodyEnded()
    this.intake.end()
  }

  #sendBody(bytes: Buffer | null, last: boolean, broken: boolean): void {
    this.place?.worker.link.body(this.place.id, bytes, last, broken)
  }

  get submitted(): boolean {
    return this.#submitted
  }

  submit(): void {
    this.#submitted = true
    this.#asks = true
    if (this.desk !== null) return this.#ask(this.desk)
    this.queuedAtMs = this.#context.nowMs
    this.witness?.queued(this.#context.pool.waiting, this.#context.pool.held)
    this.#context.pool.submit(this)
    if (this.#stopwatch !== null && this.place === null) this.#stopwatch.queued()
  }

  #ask(desk: Desk): void {
    const { body } = this.question
    this.connection.unqueued(this)
    this.#atDesk = new AtDesk(this)
    desk.ask(
      { head: this.head!, facts: this, body: body.kind === 'memory' ? Buffer.from(body.bytes ?? NOTHING) : null },
      this.#atDesk,
    )
  }

  /** Nobody waits for it any more. */
  #cancel(): void {
    if (this.#atDesk !== null) this.#atDesk.left()
    else this.#context.pool.cancel(this)
  }

  sent(): void {
    this.#stopwatch?.sent()
    this.witness?.sent()
    if (this.connection.halfClosed) this.halfClosed()
    this.connection.unqueued(this)
  }

  /** The client sends nothing more, but may still read. */
  halfClosed(): void {
    if (this.place !== null && !this.isDone) this.place.worker.link.halfClosed(this.place.id)
  }

  /** It asks nothing more of the workers: its connection may submit another. */
  #settle(): void {
    if (!this.#asks) return
    this.#asks = false
    this.connection.settled()
  }

  // — the answer, told by the worker —

  whole(head: AnswerHead, bytes: Buffer, start: number, end: number): void {
    if (this.abandoned) return
    const finish = this.#finishOf(head)
    if (finish === null) return this.#whole(head, bytes, start, end)
    const finished = Buffer.concat([bytes.subarray(start, end), finish.tail])
    this.#whole(finish.head, finished, 0, finished.length)
  }

  #whole(head: AnswerHead, bytes: Buffer, start: number, end: number): void {
    this.#settle()
    this.intake.dispose()
    const bodyBytes = end - start
    if (bodyBytes > SMALL_ANSWER_BYTES && !(this.#hasTurn && this.outlet.takes(bodyBytes))) {
      // What the client doesn't take at once is held as a stream's pieces are: within the budget, or on disk.
      const stream = this.#beginStream(head, bodyBytes)
      stream.piece(bytes.subarray(start, end))
      stream.ended(false)
    } else if (this.#hasTurn) return this.#writeWhole(head, bytes, start, end)
    else this.#answer = { kind: 'whole', head, body: Buffer.from(bytes.subarray(start, end)) }
    if (!head.wantsClose) this.connection.advance()
  }

  begun(head: AnswerHead): void {
    if (this.abandoned) return
    const finish = this.#finishOf(head)
    if (finish === null) this.#beginStream(head, -1)
    else this.#beginStream(finish.head, -1, finish.tail)
  }

  /** What a bystander changes of an answer of the application. */
  #finishOf(head: AnswerHead): Finish | null {
    const { bystander } = this.#context
    if (bystander === null || this.desk !== null) return null
    const finish = bystander.finish(this, head)
    if (finish === null) return null
    const hasBody = this.head!.method !== 'HEAD' && !isBodiless(head.status)
    this.witness?.finished(hasBody && finish.tail.length > 0)
    return hasBody ? finish : { head: finish.head, tail: NOTHING }
  }

  /** `tail`: follows the last byte of the body. */
  #beginStream(head: AnswerHead, bodyBytes: number, tail: Buffer = NOTHING): AnswerStream {
    const asked = this.#asked()
    const planned = plan(asked, head, bodyBytes)
    const text = headText(asked, head, planned, bodyBytes, this.#lines(head))
    const stream = new AnswerStream(planned.framing, text, tail, this.#context.answerStore, this)
    this.#noteHead(head)
    this.witness?.answering(head, asked, bodyBytes)
    this.#answer = { kind: 'stream', stream, staysOpen: planned.staysOpen }
    if (this.#hasTurn) stream.activate()
    this.connection.touch()
    return stream
  }

  get waitingBytes(): number {
    return this.#answer.kind === 'stream' ? this.#answer.stream.held : 0
  }

  piece(bytes: Buffer): void {
    this.heard = true
    if (this.#answer.kind === 'stream') this.#answer.stream.piece(bytes)
  }

  file(handed: HandedOver): void {
    if (this.#answer.kind !== 'stream') return this.opened()
    this.#answer.stream.file(handed).catch((error) => this.blundered(error))
  }

  /** A mistake of ours costs the connection, not the server. */
  blundered(error: unknown): void {
    this.#context.bug(error)
    this.connection.destroy()
  }

  get holdsBack(): boolean {
    if (this.abandoned) return false
    return !this.outlet.idle || (this.#answer.kind === 'stream' && this.#answer.stream.holdsBack)
  }

  ended(short: boolean): void {
    this.#settle()
    if (this.#answer.kind === 'stream') {
      const { stream, staysOpen } = this.#answer
      stream.ended(short)
      if (staysOpen && !short) this.connection.advance()
    }
    this.connection.touch()
  }

  earlyHints(lines: string): void {
    // RFC 9110 §15.2: a 1.0 client doesn't know interim answers. Those that come before their turn are of no use later,
    // and nothing is lost if a client that doesn't read goes without.
    if (!this.#hasTurn || this.#answer.kind !== 'none' || this.head?.minor !== 1 || !this.outlet.idle) return
    this.connection.outlet.text(earlyHints(lines))
    this.connection.outlet.flush()
  }

  failed(fault: Fault): void {
    if (this.abandoned || !(this.#answer.kind === 'none' || this.#answer.kind === 'stream')) return
    if (!OVERDUE.has(fault.code)) this.#context.failed(this, fault)
    this.#settle()
    this.connection.unqueued(this)
    this.#break(fault)
    this.connection.advance()
  }

  traced(text: string): void {
    this.witness?.traced(text)
  }

  granted(bytes: number): void {
    this.intake.granted(bytes)
  }

  discarded(): void {
    this.intake.discard()
  }

  // — the answer, on its way to the client —

  /** The client broke its own request. Whoever runs it already is told, and isn't listened to any more. */
  refuse(fault: Fault): void {
    this.intake.broken()
    if (this.hasAnswer) return
    this.abandoned = true
    if (this.#submitted) this.#cancel()
    this.#settle()
    this.connection.unqueued(this)
    this.fail(fault)
  }

  /** An answer of our own. */
  fail(fault: Fault): void {
    this.intake.dispose()
    this.#answer = { kind: 'fault', fault }
    this.witness?.failed(fault, this.#asked())
    if (this.#hasTurn) this.#writeFault(fault)
  }

  /** A page of our own, for which no worker is asked. */
  answer({ head, body }: Page): void {
    this.#submitted = true
    const bytes = Buffer.from(body, 'latin1')
    if (this.#hasTurn) this.#writeWhole(head, bytes, 0, bytes.length)
    else this.#answer = { kind: 'whole', head, body: bytes }
  }

  get isDone(): boolean {
    return this.#answer.kind === 'done'
  }

  /** An answer is here, or a part of one. */
  get hasAnswer(): boolean {
    return this.#answer.kind !== 'none'
  }

  /** All earlier answers of the connection are out. */
  takeTurn(): void {
    this.#hasTurn = true
    const answer = this.#answer
    if (answer.kind === 'whole') this.#writeWhole(answer.head, answer.body, 0, answer.body.length)
    else if (answer.kind === 'fault') this.#writeFault(answer.fault)
    else if (answer.kind === 'stream') answer.stream.activate()
  }

  /** The outlet has room again. */
  pump(): void {
    if (this.#answer.kind === 'stream') this.#answer.stream.pump()
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (this.abandoned || this.isDone) return
    this.abandoned = true
    this.witness?.left()
    this.#settle()
    this.intake.broken()
    this.intake.dispose()
    if (this.#answer.kind === 'stream') this.#answer.stream.dispose()
    if (!this.#submitted || this.#answer.kind === 'fault' || this.#answer.kind === 'whole') return
    this.#cancel()
    if (this.place !== null) this.#context.left(this)
  }

  // — as the owner of its stream —

  get outlet(): Outlet {
    return this.connection.outlet
  }

  credit(bytes: number): void {
    this.place?.worker.link.credit(this.place.id, bytes)
  }

  opened(): void {
    this.place?.worker.link.opened(this.place.id)
  }

  refused(): void {
    this.place?.worker.link.refused(this.place.id)
  }

  streamEnded(short: boolean): void {
    if (this.#answer.kind !== 'stream') return
    const { stream, staysOpen } = this.#answer
    this.bodyBytes = stream.bodyBytes
    this.intake.dispose()
    if (short) this.#abort(stream, null)
    else this.#done(staysOpen)
  }

  streamBroke(why: string): void {
    if (this.abandoned || this.#answer.kind !== 'stream') return
    const fault = new Fault('ANSWER_BROKEN', { detail: why })
    this.#context.failed(this, fault)
    this.#cancel()
    this.#settle()
    this.#break(fault)
  }

  /** No answer, or no more of it. The client must be able to tell: no last chunk; what only the connection's end would end is reset. */
  #break(fault: Fault): void {
    if (this.#answer.kind !== 'stream') return this.fail(fault)
    const { stream } = this.#answer
    stream.dispose()
    if (!this.#hasTurn) return this.fail(fault) // nothing of it was written
    this.bodyBytes = stream.bodyBytes
    this.intake.dispose()
    this.#abort(stream, fault)
  }

  /** `fault`: why; null: the application gave less than it had announced. */
  #abort(stream: AnswerStream, fault: Fault | null): void {
    this.#answer = DONE
    this.witness?.broke(fault)
    this.#tell()
    this.connection.abort(stream.framing === 'close')
  }

  /** Hot. */
  #writeWhole(head: AnswerHead, bytes: Buffer, start: number, end: number): void {
    const asked = this.#asked()
    const lines = this.#lines(head)
    const { outlet } = this.connection
    this.#noteHead(head)
    this.witness?.answering(head, asked, end - start)
    this.bodyBytes = asked.isHead ? 0 : end - start
    if (end - start <= SMALL_ANSWER_BYTES) {
      outlet.text(smallAnswer(asked, head, bytes.latin1Slice(start, end), lines))
      return this.#done(mayStay(asked, head))
    }
    const planned = plan(asked, head, end - start)
    outlet.text(headText(asked, head, planned, end - start, lines))
    if (planned.framing !== 'none') outlet.passed('', bytes.subarray(start, end), '')
    this.#done(planned.staysOpen)
  }

  #writeFault(fault: Fault): void {
    const page = this.#context.bystander?.faultPage(this, fault) ?? null
    if (page !== null) return this.#writeWhole(page.head, page.body, 0, page.body.length)
    const { head, body } = faultPage(fault, this.#exposesErrors ? fault.trace : '')
    const bytes = Buffer.from(body, 'latin1')
    this.#writeWhole(head, bytes, 0, bytes.length)
  }

  get #exposesErrors(): boolean {
    const { exposeErrors, exposeErrorsTo } = this.#context.settings
    if (!exposeErrors || exposeErrorsTo === 'anyone') return exposeErrors
    return this.head !== null && isLocal(this.connection.peer, this.head)
  }

  #asked(): Asked {
    const head = this.head
    return {
      isHead: head !== null && head.method === 'HEAD',
      minor: head === null ? 1 : head.minor,
      keepAlive: head !== null && !isLast(head),
      mustClose: this.connection.mustCloseAfter(this),
    }
  }

  #lines(head: AnswerHead): string {
    const { standing, idLine } = this.#context
    return standing.for(head, Date.now()) + idLine.for(head, this.requestId)
  }

  #noteHead(head: AnswerHead): void {
    this.status = head.status
    this.answerHead = head
  }

  #done(staysOpen: boolean): void {
    this.#answer = DONE
    this.#tell()
    this.connection.answered(this, staysOpen)
  }

  /** Hot. The answer is out, or broken off. */
  #tell(): void {
    this.witness?.answered(this.outlet.gathered)
    if (this.desk !== null) return // it was no request of the application's
    const { access, meter } = this.#context
    // A log that was asked for in the midst of a request can't tell how long it took.
    if (access !== null && this.startedMs > 0) access(this)
    if (meter !== null)
      this.#stopwatch!.answered(meter, this.head?.method ?? '', this.status, this.serviceMicros, this.bodyBytes)
  }

  // — for operators —

  /** Its worker has ended it, and its client is still taking the answer. */
  get isLeaving(): boolean {
    return this.place !== null && !this.#asks && !this.abandoned && this.#answer.kind === 'stream'
  }

  facts(state: RequestFacts['state'], ageMs: number, worker: number | null): RequestFacts {
    const { head } = this
    return {
      requestId: this.requestId,
      method: head?.method ?? '',
      target: withoutSecrets(head?.target ?? ''),
      client: this.target?.address ?? this.connection.peer.address,
      ageMs: Math.max(0, ageMs),
      state,
      worker,
      // Of thousands that wait few are looked at.
      get headers() {
        return shownFields(head?.block.fields ?? [])
      },
    }
  }
}
