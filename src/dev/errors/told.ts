import type { Fault } from '../../faults/fault.ts'
import type { ErrorReport, ReportedException, ReportedFrame } from '../../faults/report.ts'
import { shownFields, withoutSecrets } from '../../kit/secrets.ts'
import { reason } from '../../respond/reasons.ts'
import type { ExchangeFacts } from '../../server/facts.ts'

/** What a page tells of a fault, in whatever form. */
export interface Told {
  /** Of the request; '' where it could not be read. */
  readonly method: string
  readonly status: number
  /** `Internal Server Error` */
  readonly reason: string
  readonly code: string
  readonly says: string
  readonly hint: string
  /** Text of the whole traceback; '': there is none. */
  readonly trace: string
  /** Without locals where `request` is null. */
  readonly report: ErrorReport | null
  /** Null: who asks has not shown the token. */
  readonly request: ToldRequest | null
}

export interface ToldRequest {
  readonly method: string
  readonly target: string
  readonly client: string
  readonly requestId: string
  /** Null: no worker had it. */
  readonly pid: number | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** @param showsData whether the request and what variables held may be told */
export function toldOf(request: ExchangeFacts, fault: Fault, showsData: boolean): Told {
  const status = fault.row.status ?? 500
  const { code, message, hint, trace, report } = fault
  return {
    method: request.head?.method ?? '',
    status,
    reason: reason(status),
    code,
    says: message,
    // What the table says of every exception leads to the log, whose traceback is here.
    hint: trace !== '' && hint === fault.row.hint ? '' : hint,
    trace,
    report: report === null ? null : withLocals(report, showsData),
    request: showsData ? requestOf(request) : null,
  }
}

function requestOf({ head, target, connection, requestId, place }: ExchangeFacts): ToldRequest {
  return {
    method: head?.method ?? '',
    target: withoutSecrets(head?.target ?? ''),
    client: target?.address ?? connection.peer.address,
    requestId,
    pid: place?.worker.pid ?? null,
    headers: shownFields(head?.block.fields ?? []),
  }
}

/** Python has masked what names tell of; here follow secrets within texts, a URL with a password for instance. */
function withLocals(report: ErrorReport, showsData: boolean): ErrorReport {
  const frame = (one: ReportedFrame): ReportedFrame => ({
    ...one,
    locals: showsData ? (one.locals?.map(([name, value]) => [name, withoutSecrets(value)] as const) ?? null) : null,
  })
  const exception = (one: ReportedException): ReportedException => ({
    ...one,
    frames: one.frames.map(frame),
    members: one.members.map((member) => withLocals(member, showsData)),
  })
  return { exceptions: report.exceptions.map(exception) }
}
