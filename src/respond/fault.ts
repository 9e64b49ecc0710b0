import type { AnswerHead } from '../events/answer.ts'
import type { Fault } from '../faults/fault.ts'
import { smallAnswer } from './answer.ts'
import type { Asked } from './framing.ts'
import { reason } from './reasons.ts'

/** When a client that got 503 may come back: queues empty within seconds, and a crowd shouldn't come back at once. */
export const RETRY_AFTER_SECONDS = 5

export const RETRY_AFTER = `Retry-After: ${RETRY_AFTER_SECONDS}\r\n`

/** The answer to a request that failed, whole, latin-1 text as `smallAnswer`; `lines` as there. */
export function faultAnswer(asked: Asked, fault: Fault, lines: string): string {
  const { head, body } = faultPage(fault)
  return smallAnswer(asked, head, body, lines)
}

/**
 * What a client is told of a failure; the body is latin-1 text that holds UTF-8. What happened inside (500, 502, 507) is
 * for the log alone: the client gets the code, by which the log is searched, and `trace`, if there is any to show.
 */
export function faultPage(fault: Fault, trace = ''): { readonly head: AnswerHead; readonly body: string } {
  const status = fault.row.status ?? 500
  const retry = status === 503 ? RETRY_AFTER : ''
  const head = `${status} ${reason(status)}\r\nContent-Type: text/plain; charset=utf-8\r\n${retry}`
  return {
    head: { status, head, hasLength: false, hasDate: false, hasServer: false, wantsClose: false },
    body: utf8AsLatin1(faultText(status, fault, trace)),
  }
}

/** What the page says. */
export function faultText(status: number, fault: Fault, trace: string): string {
  const told = INTERNAL.has(status) ? '' : `${visible(fault.message)}\n${fault.hint}\n`
  return `${status} ${reason(status)}\n\n${told}${fault.code}\n${trace === '' ? '' : `\n${trace}`}`
}

const INTERNAL: ReadonlySet<number> = new Set([500, 502, 507])

/** Details may hold bytes of the client's: they come back readable or not at all. */
function visible(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
