import type { RequestHead } from '../../events/request.ts'
import type { FaultCode } from '../../faults/table.ts'
import { TCHAR } from '../../parse/grammar.ts'
import { Http1Parser, type ParseLimits } from '../../parse/http1.ts'

const NOT_TOKEN = new RegExp(`[^${TCHAR}]`)
const NOT_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * Where in a line the byte stands that is to blame, by the fault; null: not one byte's. The line is latin-1, with its
 * end as far as it came.
 */
const IN_LINE: Partial<Record<FaultCode, (line: string) => number | null>> = {
  TLS_UNEXPECTED: () => 0,
  LINE_BARE_LF: (line) => line.length - 1,
  METHOD_MALFORMED: (line) => first(line, NOT_TOKEN),
  METHOD_CONNECT: () => 0,
  REQUEST_LINE_MALFORMED: (line) => thirdSpace(line) ?? bare(line).length,
  VERSION_MALFORMED: (line) => line.lastIndexOf(' ') + 1,
  VERSION_UNSUPPORTED: (line) => line.lastIndexOf(' ') + 1,
  TARGET_MALFORMED: (line) => targetFault(line),
  HEADER_MALFORMED: (line) => bare(line).length,
  HEADER_FOLDED: () => 0,
  HEADER_NAME_INVALID: (line) => first(line, NOT_TOKEN),
  HEADER_VALUE_INVALID: (line) => after(line, line.indexOf(':') + 1, NOT_VALUE),
  CHUNK_MALFORMED: (line) => first(line, /[^0-9A-Fa-f]/),
  TRAILER_MALFORMED: () => 0,
}

/** Faults of a head as a whole, by the field they are about: the last one of these, and what in its value is wrong. */
const IN_FIELD: Partial<Record<FaultCode, { readonly names: readonly string[]; readonly odd?: RegExp }>> = {
  HOST_REPEATED: { names: ['host'] },
  HOST_INVALID: { names: ['host'], odd: /[^A-Za-z0-9.\-_~!$&'()*+;=%:[\]]/ },
  LENGTH_INVALID: { names: ['content-length'], odd: /[^0-9]/ },
  LENGTH_REPEATED: { names: ['content-length'] },
  LENGTH_AND_CHUNKED: { names: ['content-length', 'transfer-encoding'] },
  CODING_INVALID: { names: ['transfer-encoding'] },
  CODING_ON_1_0: { names: ['transfer-encoding'] },
  CODING_UNKNOWN: { names: ['transfer-encoding'] },
  EXPECTATION_UNKNOWN: { names: ['expect'] },
  BODY_TOO_LARGE: { names: ['content-length'] },
}

/** The byte after which it was too much: it was decided there. */
const AT_THE_LAST: ReadonlySet<FaultCode> = new Set([
  'REQUEST_LINE_TOO_LONG',
  'HEADERS_TOO_MANY',
  'HEADER_TOO_LONG',
  'HEADERS_TOO_LARGE',
  'CHUNK_LINE_TOO_LONG',
  'TRAILERS_TOO_LARGE',
  'BODY_TOO_LARGE',
  'CHUNK_MALFORMED',
])

/**
 * The offset of the byte for which the parser has refused a request; null where it wasn't one byte's fault, or it
 * wasn't the parser. `bytes`: the request's first ones.
 */
export function blamedByte(bytes: Buffer, limits: ParseLimits, code: FaultCode): number | null {
  const length = shortestRefused(bytes, limits, code)
  if (length === null) return null
  const field = IN_FIELD[code]
  const inField = field === undefined ? null : blamedField(bytes.latin1Slice(0, length), field.names, field.odd)
  if (inField !== null) return inField
  const start = lineStart(bytes, length)
  const inLine = IN_LINE[code]?.(bytes.latin1Slice(start, length)) ?? null
  if (inLine !== null) return start + inLine
  return AT_THE_LAST.has(code) ? length - 1 : null
}

/** How many bytes are enough to be refused so. What is refused stays refused, however much follows. */
function shortestRefused(bytes: Buffer, limits: ParseLimits, code: FaultCode): number | null {
  const isRefused = (length: number): boolean => {
    const events = new Http1Parser(limits, null).feed(bytes.subarray(0, length), 1)
    return events.some((event) => event.kind === 'refused' && event.code === code)
  }
  if (!isRefused(bytes.length)) return null
  let [enough, few] = [bytes.length, 0]
  while (enough - few > 1) {
    const middle = (enough + few) >> 1
    if (isRefused(middle)) enough = middle
    else few = middle
  }
  return enough
}

/** Faults of the route, which name the fields they are about. */
const OF_THE_ROUTE: ReadonlySet<FaultCode> = new Set([
  'FORWARDED_INVALID',
  'SCHEME_HEADERS_DISAGREE',
  'HEADER_UNDERSCORE',
  'HEADER_VALUE_INVALID',
])

/** The same for what the route has refused; `says`: the fault's sentence. */
export function blamedRouteByte(bytes: Buffer, { block }: RequestHead, code: FaultCode, says: string): number | null {
  if (!OF_THE_ROUTE.has(code)) return null
  const words = new Set(says.toLowerCase().split(/[ ,:]+/))
  const named = block.fields.find(({ name }) => words.has(name))
  return named === undefined ? null : blamedField(bytes.latin1Slice(), [named.name])
}

/** The value's odd byte, or its first one, of the last of these fields. */
function blamedField(head: string, names: readonly string[], odd?: RegExp): number | null {
  const line = new RegExp(`(?<=\\n)(?:${names.join('|')}):[ \\t]*([^\\r\\n]*)`, 'gi')
  const found = [...head.matchAll(line)].at(-1)
  if (found === undefined) return null
  const value = found[1]!
  const start = found.index + found[0].length - value.length
  return start + Math.max(0, odd === undefined ? 0 : value.search(odd))
}

function lineStart(bytes: Buffer, end: number): number {
  return bytes.lastIndexOf(0x0a, Math.max(0, end - 2)) + 1
}

function bare(line: string): string {
  return line.replace(/\r?\n$/, '')
}

function first(line: string, odd: RegExp): number | null {
  return after(line, 0, odd)
}

function after(line: string, from: number, odd: RegExp): number | null {
  const at = bare(line).slice(from).search(odd)
  return at < 0 ? null : from + at
}

function thirdSpace(line: string): number | null {
  const parts = line.split(' ')
  return parts.length > 3 ? parts.slice(0, 3).join(' ').length : null
}

function targetFault(line: string): number {
  const start = line.indexOf(' ') + 1
  const target = bare(line)
    .slice(start)
    .replace(/ [^ ]*$/, '')
  return start + Math.max(0, target.search(/[^\x21-\x7e]|#/))
}
