import type { AnswerHead } from '../events/answer.ts'

/** How the client finds the end of the body: there is none, by Content-Length, by chunks, by the connection's end. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** What an answer has to know of its request. */
export interface Asked {
  readonly isHead: boolean
  readonly minor: 0 | 1
  /** The client lets the connection stay: 1.1 without `close`, or 1.0 with `keep-alive`. */
  readonly keepAlive: boolean
  /** We end the connection after this answer, whatever the client wants. */
  readonly mustClose: boolean
}

export interface Plan {
  readonly framing: Framing
  /** The connection can carry another request after this answer. */
  readonly staysOpen: boolean
}

/**
 * How the answer is framed, and whether the connection outlives it (RFC 9112 §6.3).
 * `bodyBytes`: the length of the whole body where it is known from elsewhere than Content-Length; −1 where it isn't.
 */
export function plan(asked: Asked, answer: AnswerHead, bodyBytes: number): Plan {
  const framing = framingOf(asked, answer, bodyBytes)
  return { framing, staysOpen: framing !== 'close' && mayStay(asked, answer) }
}

function framingOf(asked: Asked, answer: AnswerHead, bodyBytes: number): Framing {
  if (asked.isHead || isBodiless(answer.status)) return 'none'
  if (answer.hasLength || bodyBytes >= 0) return 'length'
  return asked.minor === 1 ? 'chunked' : 'close'
}

/** Whether the connection outlives an answer whose end the client can see. */
export function mayStay(asked: Asked, answer: Pick<AnswerHead, 'wantsClose'>): boolean {
  return asked.keepAlive && !asked.mustClose && !answer.wantsClose
}

/** RFC 9110 §6.4.1: answers that never have content, whatever the method. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200
}
