import type { Level } from './level.ts'

/** RFC 3164 §4.1.1, with the names that Python's SysLogHandler has. */
export const FACILITIES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  security: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const

export type Facility = keyof typeof FACILITIES

const SEVERITIES: Readonly<Record<Level, number>> = { critical: 2, error: 3, warning: 4, info: 6, debug: 7 }
/** A datagram of UDP holds less than 64 KiB; most receivers take far less. */
const MOST_BYTES = 32 * 1024

/** `<14>gunicorn.shop.error: [71] text`: the frame of Python's SysLogHandler, without its NUL. */
export function syslogMessage(facility: Facility, tag: string, level: Level, pid: number, text: string): string {
  const message = `<${FACILITIES[facility] * 8 + SEVERITIES[level]}>${tag}: [${pid}] ${text}`
  return Buffer.byteLength(message) <= MOST_BYTES ? message : Buffer.from(message).toString('utf8', 0, MOST_BYTES)
}

export interface SyslogAddress {
  readonly kind: 'udp' | 'tcp' | 'unix' | 'unix-stream'
  /** Or the path of a Unix socket. */
  readonly host: string
  readonly port: number
}

const USUAL_PORT = 514
const ADDRESS =
  /^(?:(udp|tcp):\/\/(?:\[([0-9a-f:.]+)\]|([^:[\]/\s\0]*))(?::(\d{1,5}))?|(unix|unix-stream):\/\/([^\0]{1,107}))$/i

/** `udp://HOST:PORT`, `tcp://HOST:PORT`, `unix:///dev/log` (datagrams), `unix-stream://PATH`; null: none of these. */
export function syslogAddress(text: string): SyslogAddress | null {
  const [, scheme, v6, name, port, unix, path] = ADDRESS.exec(text) ?? []
  if (unix !== undefined) return { kind: unix.toLowerCase() as 'unix', host: path!, port: 0 }
  if (scheme === undefined) return null
  const number = port === undefined ? USUAL_PORT : Number(port)
  return number > 65_535
    ? null
    : { kind: scheme.toLowerCase() as 'udp', host: v6 ?? (name || 'localhost'), port: number }
}
