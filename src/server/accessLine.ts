import { type AccessFormat, accessFacts, accessFormat } from '../observe/access.ts'
import type { Settings } from '../settings/registry.ts'
import type { ExchangeFacts } from './facts.ts'

type AccessSettings = Pick<Settings, 'accessLog' | 'accessLogFormat' | 'syslog' | 'syslogAccess' | 'logConfig'>

/** How a line per request looks; null: none is written anywhere. Throws SETTING_INVALID. */
export function accessFormatOf(settings: AccessSettings, inColor = false): AccessFormat | null {
  const { accessLog, accessLogFormat, syslog, syslogAccess, logConfig } = settings
  const format = accessFormat(accessLogFormat, inColor)
  if (logConfig !== null) return accessFacts
  return accessLog !== null || (syslog !== null && syslogAccess) ? format : null
}

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
