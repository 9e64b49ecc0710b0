import type { AnswerHead } from '../events/answer.ts'
import type { RequestHead } from '../events/request.ts'
import type { Fault } from '../faults/fault.ts'
import type { ExchangeFacts } from './facts.ts'
import type { Connected, ConnectionWitness } from './witness.ts'

/**
 * Stands beside the requests of a server that somebody develops with: has pages of its own, and finishes answers.
 * In production there is none. What it throws is a mistake of ours, and is as if it had said nothing.
 */
export interface Bystander {
  /** Who answers a request instead of the application; null: nobody does. */
  deskFor(request: ExchangeFacts): Desk | null
  /** What is changed of an answer of the application; null: nothing. One without a body, to HEAD or a 304, gets no tail. */
  finish(request: ExchangeFacts, head: AnswerHead): Finish | null
  /** What the client gets in the place of the plain page of a fault; null: that one. */
  faultPage(request: ExchangeFacts, fault: Fault): OwnAnswer | null
  /** Who looks on at a connection from its first byte on; null: nobody does. */
  connected?(connection: Connected): ConnectionWitness | null
}

export interface Finish {
  /** With a Content-Length, if it has one, that counts the tail. */
  readonly head: AnswerHead
  /** Follows the last byte of a body that came whole. */
  readonly tail: Buffer
}

export interface OwnAnswer {
  readonly head: AnswerHead
  readonly body: Buffer
}

/** Answers requests, whose bodies have come whole. */
export interface Desk {
  /**
   * Answers in any later turn, or at once. What it throws is a mistake of ours, and ends the connection, as does an
   * answer that is none.
   */
  ask(question: DeskQuestion, answer: DeskAnswer): void
}

export interface DeskQuestion {
  readonly head: RequestHead
  readonly facts: ExchangeFacts
  /** Null: it is too large to be held in memory (`--body-buffer`). */
  readonly body: Buffer | null
}

/** The client that waits: it gets one `whole`, or one `begun`, pieces, and an `ended`. What comes after its end is dropped. */
export interface DeskAnswer {
  whole(answer: OwnAnswer): void
  begun(head: AnswerHead): void
  piece(bytes: Buffer): void
  ended(): void
  /** Pieces that wait for the client, who reads more slowly than they come. */
  readonly waitingBytes: number
  /** Called once if the client leaves before the end. */
  onLeft: () => void
}
