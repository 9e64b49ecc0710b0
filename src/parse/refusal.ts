import type { RequestEvent } from '../events/request.ts'
import type { FaultCode } from '../faults/table.ts'

type Refused = Extract<RequestEvent, { kind: 'refused' }>

/** Thrown by whatever reads a part of a request; `Http1Parser.feed` turns it into the last event. No stack: it is an answer, not a bug. */
export class Refusal {
  readonly event: Refused

  /** `detail` fills the braces of the fault's sentence; it never quotes what the client sent but for tokens. */
  constructor(code: FaultCode, detail: string | number = '') {
    this.event = { kind: 'refused', code, detail: String(detail) }
  }
}
