import type { AccessFormat } from '../observe/access.ts'
import type { Settings } from '../settings/registry.ts'
import type { ExchangeFacts } from './facts.ts'

/** Is a line per request written anywhere? */
export function wantsAccess({ accessLog, syslog, syslogAccess }: AccessSettings): boolean {
  return accessLog !== null || (syslog !== null && syslogAccess)
}

type AccessSettings = Pick<Settings, 'accessLog' | 'syslog' | 'syslogAccess'>

/** The access log's line for a request whose answer has ended. `nowMs`: on the clock of its start; `wallMs`: since 1970. */
export function accessLine(format: AccessFormat, exchange: ExchangeFacts, nowMs: number, wallMs: number): string {
  const { head, target, requestId, status, bodyBytes, answerHead, place, connection } = exchange
  return format({
    head,
    path: target?.path ?? null,
    address: target?.address ?? connection.peer.address,
    port: target?.port ?? connection.peer.port,
    block: target?.block ?? '',
    requestId,
    status,
    answerLines: answerHead === null ? '' : answerHead.head.slice(answerHead.head.indexOf('\r\n') + 2),
    bodyBytes,
    tookMicros: (nowMs - exchange.startedMs) * 1000,
    wallMs,
    workerPid: place?.worker.pid ?? 0,
  })
}
