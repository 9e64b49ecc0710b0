import type { AnswerHead } from '../events/answer.ts'
import type { Fault } from '../faults/fault.ts'
import type { ClientSocket } from '../listen/client.ts'
import type { Where } from '../listen/listener.ts'
import type { ParseLimits } from '../parse/http1.ts'
import type { Asked } from '../respond/framing.ts'
import type { PeerPolicy } from '../route/policy.ts'
import type { Settings } from '../settings/registry.ts'
import type { QuestionBody } from '../worker/link.ts'
import type { ExchangeFacts } from './facts.ts'

/** A connection that was taken. */
export interface Connected {
  readonly client: ClientSocket
  readonly where: Where
  readonly isSecure: boolean
  readonly policy: PeerPolicy
  readonly limits: ParseLimits
  /** As they are in force now: a reload may have changed them since the connection came. */
  settings(): Settings
  /** A mistake of whoever looks on: the server goes on. */
  bug(error: unknown): void
}

/** Looks on at one connection, whose requests are being developed with. In production there is none. */
export interface ConnectionWitness {
  /** Through it the connection reads and writes, in the place of its socket. */
  readonly client: ClientSocket
  /** The next request of the connection: its head was read, or it never will be. Null: nobody looks at it. */
  request(exchange: ExchangeFacts): RequestWitness | null
}

/** Is told what becomes of one request, in this order, but for what does not happen. */
export interface RequestWitness {
  /** It waits for those that send singly: its connection pipelines. */
  heldBack(): void
  /** 100 Continue is said. */
  continued(): void
  /** Its body is here, or comes as a stream. */
  bodyReady(body: QuestionBody): void
  /** It asks for a worker. `waiting`: so many do already; `isHeld`: none is given one, for new code is being loaded. */
  queued(waiting: number, isHeld: boolean): void
  /** It was sent to the worker of `ExchangeFacts.place`; again, if one has handed it back. */
  sent(): void
  /** TRACE of its worker (wire/README.md). */
  traced(text: string): void
  /** A bystander has changed the head of its answer, and added to its body, or not. */
  finished(hasTail: boolean): void
  /** It gets the page of a fault. */
  failed(fault: Fault, asked: Asked): void
  /** The application's answer, or a page of ours, begins to leave. `bodyBytes`: −1 where that isn't known. */
  answering(head: AnswerHead, asked: Asked, bodyBytes: number): void
  /** The answer breaks off; null: the application gave less than it had announced. */
  broke(fault: Fault | null): void
  /** Its answer's last byte was written, or the one it breaks off after. `gathered`: so many bytes wait for the next flush. */
  answered(gathered: number): void
  /** Nobody waits for the answer any more. */
  left(): void
}
