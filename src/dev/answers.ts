import type { AnswerHead } from '../events/answer.ts'
import { reason } from '../respond/reasons.ts'
import type { OwnAnswer } from '../server/bystander.ts'

/** Header lines that each page of ours has: not kept, not framed by others, not taken for another type. */
const STANDING: readonly (readonly [name: string, value: string])[] = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
]

/** For pages that run scripts: our own files alone, no inline ones, no frames around them. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** A whole page. `type`: of its content, with the charset. */
export function page(
  status: number,
  type: string,
  body: string | Buffer,
  more: Readonly<Record<string, string>> = {},
): OwnAnswer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const { head, ...rest } = headOf(status, { 'Content-Type': type, 'Content-Length': String(bytes.length), ...more })
  return { head: { ...rest, head, hasLength: true }, body: bytes }
}

export function json(status: number, value: unknown): OwnAnswer {
  return page(status, 'application/json', JSON.stringify(value))
}

/** Of an answer that tells of events as they come (WHATWG HTML §9.2, server-sent events). */
export const eventStream = (): AnswerHead => headOf(200, { 'Content-Type': 'text/event-stream' })

/** One of them. `data`: as JSON. */
export function event(name: string, data: unknown): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** The head of an answer that comes in pieces. */
export function headOf(status: number, fields: Readonly<Record<string, string>>): AnswerHead {
  const lines = [...Object.entries(fields), ...STANDING].map(([name, value]) => `${name}: ${value}\r\n`)
  return {
    status,
    head: `${status} ${reason(status)}\r\n${lines.join('')}`,
    hasLength: false,
    hasDate: false,
    hasServer: false,
    wantsClose: false,
  }
}
