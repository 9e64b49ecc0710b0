import type { AnswerHead } from '../events/answer.ts'
import type { RequestHead } from '../events/request.ts'
import { RETRY_AFTER } from './fault.ts'
import { reason } from './reasons.ts'

/** A whole answer of the server's own. */
export interface Page {
  readonly head: AnswerHead
  /** ASCII. */
  readonly body: string
}

/** The page for a request of the health paths; null: it is for the application. `isReady`: a worker can take requests. */
export function healthPage({ method, origin, target }: RequestHead, isReady: () => boolean): Page | null {
  const path = origin ?? target
  if (!path.startsWith('/-/')) return null
  const asks = path === '/-/health' ? 'health' : path === '/-/ready' ? 'ready' : null
  if (asks === null) return null
  if (method !== 'GET' && method !== 'HEAD') return page(405, 'Allow: GET, HEAD\r\n', 'method not allowed\n')
  if (asks === 'health') return page(200, '', 'ok\n')
  return isReady() ? page(200, '', 'ready\n') : page(503, RETRY_AFTER, 'not ready\n')
}

function page(status: number, lines: string, body: string): Page {
  const type = 'Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n'
  // RFC 9110 §9.3.2: HEAD gets the length that GET would have.
  const head = `${status} ${reason(status)}\r\n${type}Content-Length: ${body.length}\r\n${lines}`
  return { head: { status, head, hasLength: true, hasDate: false, hasServer: false, wantsClose: false }, body }
}
