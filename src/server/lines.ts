import type { Fault } from '../faults/fault.ts'
import type { FaultCode } from '../faults/table.ts'
import type { Fields, Level } from '../observe/level.ts'
import type { ConnectionFacts, ExchangeFacts } from './facts.ts'

/** One line of the log that tells of a client or a request, and what it counts for. It can travel between threads. */
export interface ServerLine {
  readonly level: Level
  readonly message: string
  readonly fields: Fields
  readonly trace: string
  readonly counted: Counted
}

export type Counted =
  | { readonly as: 'failure' | 'refusal'; readonly code: FaultCode }
  | { readonly as: 'turnedAway'; readonly code: FaultCode; readonly count: number }
  | { readonly as: 'clientAbort' }
  | { readonly as: 'notice' }
  | { readonly as: 'bug' }

export function failedLine({ head, requestId, place }: ExchangeFacts, fault: Fault): ServerLine {
  return {
    level: failureLevel(fault),
    message: `${head?.method} ${head?.target}: ${fault.message}`,
    fields: { event: 'request_failed', code: fault.code, requestId, pid: place?.worker.pid },
    trace: fault.trace,
    counted: { as: 'failure', code: fault.code },
  }
}

export function refusedLine({ peer }: ConnectionFacts, { code, message }: Fault): ServerLine {
  return {
    level: 'info',
    message: `refused: ${message}`,
    fields: { event: 'request_refused', code, client: peer.address || undefined },
    trace: '',
    counted: { as: 'refusal', code },
  }
}

export function untrustedLine({ peer }: ConnectionFacts, names: readonly string[]): ServerLine {
  return {
    level: 'warning',
    message: `forwarding headers that do not count: ${names.join(', ')}`,
    fields: { event: 'forwarded_untrusted', client: peer.address || undefined },
    trace: '',
    counted: { as: 'notice' },
  }
}

export function leftLine({ head, requestId, place }: ExchangeFacts): ServerLine {
  return {
    level: 'info',
    message: `${head?.method} ${head?.target}: the client left`,
    fields: { event: 'client_left', requestId, pid: place?.worker.pid },
    trace: '',
    counted: { as: 'clientAbort' },
  }
}

export function turnedAwayLine(count: number, { code, message, hint, trace }: Fault): ServerLine {
  return {
    level: 'warning',
    message,
    fields: { event: 'clients_turned_away', turnedAway: count, code, hint },
    trace,
    counted: { as: 'turnedAway', code, count },
  }
}

/** `fault`: INTERNAL. */
export function bugLine({ code, message, hint, trace }: Fault): ServerLine {
  return { level: 'error', message, fields: { code, hint }, trace, counted: { as: 'bug' } }
}

/** An overdue request has its line, with the stacks, when the supervisor tells of it: one record, not two. */
function failureLevel({ code, row }: Fault): Level {
  if (code === 'REQUEST_TIMEOUT' || code === 'STREAM_TIMEOUT') return 'debug'
  return row.status === 503 ? 'warning' : 'error'
}
