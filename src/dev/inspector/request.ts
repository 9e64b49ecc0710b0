import type { AnswerHead } from '../../events/answer.ts'
import type { RequestHead } from '../../events/request.ts'
import type { SecureFacts } from '../../events/secure.ts'
import type { Fault } from '../../faults/fault.ts'
import type { FaultCode } from '../../faults/table.ts'
import { withoutSecrets } from '../../kit/secrets.ts'
import type { Asked } from '../../respond/framing.ts'
import type { Peer, Target } from '../../route/route.ts'
import type { ExchangeFacts } from '../../server/facts.ts'
import type { Connected, RequestWitness } from '../../server/witness.ts'
import type { Settings } from '../../settings/registry.ts'
import type { QuestionBody } from '../../worker/link.ts'
import type { JourneySummary } from './journey.ts'
import { isRefusal } from './rules.ts'
import { Tape } from './tape.ts'
import { Call } from './trace.ts'

/** The connection of a request, as its record knows it. */
export interface RecordOwner {
  readonly connected: Connected
  /** 1: the first that came. */
  readonly number: number
  /** 0: that of a Unix socket. */
  readonly clientPort: number
  /** Null: it has no TLS. */
  readonly secureFacts: SecureFacts | null
  /** Milliseconds of the recorder's clock. */
  readonly now: number
  changed(record: RequestRecord): void
  /** `gathered`: so many bytes of its answer, and of those before it, have yet to leave. */
  answered(record: RequestRecord, gathered: number): void
  abandoned(record: RequestRecord): void
}

/** All that is kept of one request: facts as they were told, and when, in the recorder's ms. `journey()` makes them readable. */
export class RequestRecord implements RequestWitness {
  /** 0: nobody is to hear of it. */
  number = 0
  requestId = ''
  replayOf: number | null = null
  readonly cameWallMs: number
  readonly came: number
  readonly conversation: RecordOwner
  /** 1: the first of its connection. */
  readonly requestNumber: number
  readonly bytesIn = new Tape()
  readonly bytesOut = new Tape()
  head: RequestHead | null = null
  peer: Peer | null = null
  target: Target | null = null
  settings: Settings | null = null
  body: QuestionBody['kind'] | 'none' | null = null
  call: Call | null = null
  fault: Fault | null = null
  /** It broke off without a fault: the application gave less than it had announced. */
  isShort = false
  answer: { readonly head: AnswerHead | null; readonly asked: Asked; readonly bodyBytes: number } | null = null
  worker: { readonly number: number; readonly pid: number } | null = null
  waitingBefore = 0
  /** How often it was sent to a worker. */
  sendings = 0
  wasHeldForReload = false
  wasHeldBack = false
  isPipelined = false
  /** What dram dev has changed of the answer. */
  finish: 'nothing' | 'head' | 'body' = 'nothing'
  hasLeft = false
  headAt: number | null = null
  lastInAt: number | null = null
  continuedAt: number | null = null
  bodyReadyAt: number | null = null
  queuedAt: number | null = null
  sentAt: number | null = null
  answeringAt: number | null = null
  overAt: number | null = null
  #facts: ExchangeFacts | null = null

  constructor(conversation: RecordOwner, requestNumber: number, now: number, wallMs: number) {
    this.conversation = conversation
    this.requestNumber = requestNumber
    this.came = now
    this.cameWallMs = wallMs
  }

  get #now(): number {
    return this.conversation.now
  }

  // — its bytes —

  share(bytes: Buffer): void {
    this.bytesIn.add(bytes, this.#now)
    this.lastInAt = this.#now
  }

  wrote(bytes: Buffer): void {
    this.bytesOut.add(bytes, this.#now)
  }

  headCame(head: RequestHead): void {
    this.head = head
    this.headAt = this.#now
  }

  /** The server has read it, or refused to. */
  begun(facts: ExchangeFacts, settings: Settings, isPipelined: boolean): void {
    this.#facts = facts
    this.head = facts.head ?? this.head
    this.headAt ??= facts.head === null ? null : this.#now
    this.peer = facts.connection.peer
    this.target = facts.target
    this.requestId = facts.requestId
    this.settings = settings
    this.isPipelined = isPipelined
  }

  /** Nobody will ask for it any more. */
  forgotten(): void {
    this.number = 0
    this.bytesIn.turnOff()
    this.bytesOut.turnOff()
  }

  /** The last byte of its answer is out, or none will come. */
  over(): void {
    if (this.overAt !== null) return
    this.overAt = this.#now
    this.#facts = null // it holds the body
    this.#changed()
  }

  // — told by the server —

  heldBack(): void {
    this.wasHeldBack = true
  }

  continued(): void {
    this.continuedAt = this.#now
  }

  bodyReady({ kind }: QuestionBody): void {
    this.body = this.head?.block.framing === 'none' ? 'none' : kind
    this.bodyReadyAt = this.#now
  }

  queued(waiting: number, isHeld: boolean): void {
    this.queuedAt = this.#now
    this.waitingBefore = waiting
    this.wasHeldForReload = isHeld
    this.#changed()
  }

  sent(): void {
    const worker = this.#facts?.place?.worker
    if (worker !== undefined) this.worker = { number: worker.number, pid: worker.pid }
    this.sentAt = this.#now
    this.sendings++
  }

  traced(text: string): void {
    if (this.number === 0) return
    this.call ??= new Call()
    this.call.tell(text)
    this.#changed()
  }

  finished(hasTail: boolean): void {
    this.finish = hasTail ? 'body' : 'head'
  }

  answering(head: AnswerHead, asked: Asked, bodyBytes: number): void {
    this.answer = { head, asked, bodyBytes }
    this.answeringAt = this.#now
    this.#changed()
  }

  failed(fault: Fault, asked: Asked): void {
    this.fault = fault
    this.answer ??= { head: null, asked, bodyBytes: 0 }
    this.answeringAt ??= this.#now
  }

  broke(fault: Fault | null): void {
    this.fault ??= fault
    this.isShort = fault === null
  }

  answered(gathered: number): void {
    this.conversation.answered(this, gathered)
  }

  left(): void {
    this.hasLeft = true
    this.conversation.abandoned(this)
  }

  #changed(): void {
    if (this.number > 0) this.conversation.changed(this)
  }

  // — as it is told of —

  /** About how many bytes it takes to keep. */
  get weight(): number {
    return 2048 + this.bytesIn.keptBytes + this.bytesOut.keptBytes + 2 * (this.call?.told ?? 0)
  }

  get status(): number {
    if (this.answer?.head != null) return this.answer.head.status
    return this.answer === null ? 0 : (this.fault?.row.status ?? 500)
  }

  get faultCode(): FaultCode | null {
    return this.fault?.code ?? null
  }

  get state(): JourneySummary['state'] {
    if (this.overAt === null) return 'running'
    if (this.fault !== null) return isRefusal(this.fault.code) ? 'refused' : 'failed'
    if (this.isShort) return 'failed'
    return this.hasLeft ? 'left' : 'done'
  }

  summary(): JourneySummary {
    return {
      number: this.number,
      requestId: this.requestId,
      cameAt: new Date(this.cameWallMs).toISOString(),
      method: this.head?.method ?? '',
      target: withoutSecrets(this.head?.target ?? ''),
      status: this.status,
      state: this.state,
      fault: this.faultCode,
      tookMs: this.overAt === null ? null : this.overAt - this.came,
      bytesIn: this.bytesIn.length,
      bytesOut: this.bytesOut.length,
      replayOf: this.replayOf,
    }
  }
}
