import type { WorkerFacts } from '../../events/worker.ts'
import { hostAndPort } from '../../listen/address.ts'
import type { Where } from '../../listen/listener.ts'
import { plan } from '../../respond/framing.ts'
import { blamedByte, blamedRouteByte } from './blame.ts'
import { decisionsOf } from './decisions.ts'
import { environEntry, type Origins } from './environ.ts'
import type { EnvironEntry, Journey, Mark, ParseRecord, Refusal } from './journey.ts'
import type { RequestRecord } from './request.ts'
import { isRefusal, ruleOf } from './rules.ts'

/** The record as people are to read it. `facts`: what its worker has said of itself; null: nothing. */
export function journeyOf(record: RequestRecord, facts: WorkerFacts | null): Journey {
  const { came, call, conversation } = record
  const { where, isSecure } = conversation.connected
  return {
    ...record.summary(),
    connection: {
      number: conversation.number,
      requestNumber: record.requestNumber,
      client: clientOf(record),
      isSecure,
      listener: urlOf(where, isSecure),
    },
    bytes: record.bytesIn.recorded(came),
    parse: parseOf(record),
    decisions: decisionsOf(record),
    dispatch: dispatchOf(record),
    worker:
      record.worker === null ? null : { ...record.worker, thread: call?.thread ?? '', python: facts?.python ?? '' },
    environ: environOf(record),
    call: call === null ? null : call.recorded(came, facts?.application ?? ''),
    answer: record.bytesOut.recorded(came),
    answerFraming: answerFramingOf(record),
    marks: marksOf(record),
  }
}

function clientOf({ peer }: RequestRecord): string {
  if (peer === null) return ''
  return peer.port === '' ? peer.address : hostAndPort(peer.address, Number(peer.port))
}

function urlOf(where: Where, isSecure: boolean): string {
  if (where.kind === 'unix') return `unix:${where.path}`
  return `${isSecure ? 'https' : 'http'}://${hostAndPort(where.address, where.port)}`
}

function parseOf(record: RequestRecord): ParseRecord {
  const { head } = record
  return {
    head: head && {
      method: head.method,
      target: head.target,
      version: head.minor === 0 ? '1.0' : '1.1',
      fields: head.block.fields,
      byteLength: headLength(record),
    },
    bodyFraming: head?.block.framing ?? 'none',
    refusal: refusalOf(record),
  }
}

/** Of METHOD SP TARGET SP VERSION, with single spaces, and lines that end with CRLF: else it would have been refused. */
function headLength({ head, bytesIn }: RequestRecord): number {
  const { method, target, block } = head!
  const [emptyLines = ''] = /^(?:\r\n)*/.exec(bytesIn.all().subarray(0, 32).latin1Slice()) ?? []
  const line = `${method} ${target} HTTP/1.1\r\n`
  return emptyLines.length + line.length + block.raw.length + (block.raw === '' ? 2 : 4)
}

function refusalOf({ fault, head, bytesIn, conversation }: RequestRecord): Refusal | null {
  if (fault === null || !isRefusal(fault.code)) return null
  const bytes = bytesIn.all()
  const { limits } = conversation.connected
  const byParser = blamedByte(bytes, limits, fault.code)
  const atByte = byParser ?? (head === null ? null : blamedRouteByte(bytes, head, fault.code, fault.message))
  return { code: fault.code, says: fault.message, hint: fault.hint, rule: ruleOf(fault.code), atByte }
}

function dispatchOf({ queuedAt, sentAt, came, waitingBefore }: RequestRecord): Journey['dispatch'] {
  if (queuedAt === null) return null
  return { queuedAtMs: queuedAt - came, sentAtMs: sentAt === null ? null : sentAt - came, waitingBefore }
}

function environOf({ call, head, peer, target, conversation }: RequestRecord): EnvironEntry[] {
  const { policy } = conversation.connected
  const origins: Origins | null = head && peer && target && { head, policy, client: target, peer }
  return (call?.environ ?? []).map(([key, value]) => environEntry(key, value, origins))
}

function answerFramingOf({ answer }: RequestRecord): Journey['answerFraming'] {
  if (answer === null) return null
  if (answer.head === null) return answer.asked.isHead ? 'none' : 'length' // a page of a fault is whole
  return plan(answer.asked, answer.head, answer.bodyBytes).framing
}

function marksOf(record: RequestRecord): Mark[] {
  const { call, came } = record
  const at = (stage: Mark['stage'], what: string, when: number | null | undefined): Mark[] =>
    when == null ? [] : [{ stage, what, atMs: when - came }]
  return [
    ...at('listen', 'first byte', came),
    ...at('parse', 'head read', record.headAt),
    ...at('parse', '100 Continue', record.continuedAt),
    ...at('parse', 'last byte', record.lastInAt),
    ...at('dispatch', 'queued', record.queuedAt),
    ...at('dispatch', 'sent to a worker', record.sentAt),
    ...at('application', 'called', call?.began),
    ...(call?.starts ?? []).flatMap(({ at: when }) => at('application', 'start_response', when)),
    ...at('application', 'returned', call?.returnedAt),
    ...at('application', 'first chunk', call?.chunks[0]?.at),
    ...at('application', 'last chunk', (call?.chunks.length ?? 0) > 1 ? call?.chunks.at(-1)?.at : null),
    ...at('application', 'closed', call?.closedAt),
    ...at('respond', 'answer begins', record.answeringAt),
    ...at('respond', 'over', record.overAt),
  ].sort((a, b) => a.atMs - b.atMs)
}
