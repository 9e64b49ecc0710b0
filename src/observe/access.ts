import type { RequestHead } from '../events/request.ts'
import { Fault } from '../faults/fault.ts'
import { briefLine } from './brief.ts'
import { escapedBytes } from './escape.ts'
import { bySecond, two, zone } from './localTime.ts'

/** All that a line of the access log can say. */
export interface AccessFacts {
  /** null: the bytes were no request. */
  readonly head: RequestHead | null
  /** The raw path where it isn't the target's (wire/README.md, PATH). */
  readonly path: string | null
  /** The client's, behind trusted proxies; '' where there is none. */
  readonly address: string
  readonly port: string
  /** The wire's *block*; '' where the request came to none. */
  readonly block: string
  readonly requestId: string
  readonly status: number
  /** The answer's own header lines, each ended by CRLF. */
  readonly answerLines: string
  /** Bytes of the answer's body, without its framing. */
  readonly bodyBytes: number
  readonly tookMicros: number
  /** Milliseconds since 1970 at the answer's end. */
  readonly wallMs: number
  /** 0: no worker saw it. */
  readonly workerPid: number
}

export type AccessFormat = (facts: AccessFacts) => string

const NAMED: Readonly<Record<string, string>> = {
  common: '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s',
  combined: '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
}

/**
 * `common`, `combined`, `json`, `brief` (for people, in `colors` or not), or a text with atoms as Gunicorn has them (`%(h)s`, `%({user-agent}i)s`), and `%(id)s`
 * for the request id. The function made writes one line, newline included. Throws SETTING_INVALID.
 */
export function accessFormat(format: string, colors = false): AccessFormat {
  if (format === 'json') return jsonLine
  if (format === 'brief') return (facts) => briefLine(facts, colors)
  const pieces = parse(NAMED[format] ?? format)
  return (facts) => {
    let line = ''
    for (const piece of pieces) line += typeof piece === 'string' ? piece : piece(facts)
    return `${line}\n`
  }
}

type Atom = (facts: AccessFacts) => string | number

// The part of Python's %-formatting that makes sense for text and numbers.
const ATOM = /%(?:%|\(([^)]*)\)([-0]*)(\d{0,3})(?:\.(\d{1,5}))?([sdiuf]))/y

function parse(format: string): (string | ((facts: AccessFacts) => string))[] {
  const pieces: (string | ((facts: AccessFacts) => string))[] = []
  for (let at = 0; at < format.length; ) {
    const next = format.indexOf('%', at)
    const literal = format.slice(at, next < 0 ? format.length : next)
    if (literal !== '') pieces.push(literal)
    if (next < 0) break
    ATOM.lastIndex = next
    const match = ATOM.exec(format)
    if (!match)
      throw new Fault('SETTING_INVALID', {
        detail: `--access-log-format: no atom at "${format.slice(next, next + 12)}"`,
      })
    pieces.push(match[0] === '%%' ? '%' : written(match))
    at = ATOM.lastIndex
  }
  return pieces
}

function written([, name, flags, width, precision, kind]: RegExpExecArray): (facts: AccessFacts) => string {
  const atom = atomNamed(name!)
  const columns = Number(width)
  const most = kind === 's' && precision !== undefined ? Number(precision) : Number.POSITIVE_INFINITY
  const plain = columns === 0 && most === Number.POSITIVE_INFINITY
  return (facts) => {
    const value = atom(facts)
    const text = escapedBytes(
      kind === 'f' ? Number(value).toFixed(Math.min(Number(precision ?? 6), 20)) : String(value),
    )
    if (plain) return text
    const cut = text.slice(0, most)
    return flags!.includes('-')
      ? cut.padEnd(columns)
      : cut.padStart(columns, flags!.includes('0') && kind !== 's' ? '0' : ' ')
  }
}

const NOTHING: Atom = () => '-'

function atomNamed(name: string): Atom {
  const [, inner, kind] = /^\{(.+)\}([ioe])$/.exec(name) ?? []
  if (inner === undefined) return Object.hasOwn(ATOMS, name) ? ATOMS[name]! : NOTHING
  const wanted = inner.toLowerCase()
  if (kind === 'i') return (facts) => requestHeader(facts, wanted)
  if (kind === 'o') return (facts) => answerHeader(facts, wanted)
  return (facts) => variable(facts, inner.toUpperCase())
}

const ATOMS: Readonly<Record<string, Atom>> = {
  h: ({ address }) => address || '-',
  l: NOTHING,
  u: (facts) => basicUser(requestHeader(facts, 'authorization')),
  t: ({ wallMs }) => commonTime(wallMs),
  r: ({ head }) => (head === null ? '-' : `${head.method} ${head.target} ${protocol(head)}`),
  m: ({ head }) => head?.method ?? '-',
  U: (facts) => unescapedPath(facts),
  q: ({ head }) => (head === null ? '-' : query(head)),
  H: ({ head }) => (head === null ? '-' : protocol(head)),
  s: ({ status }) => status,
  B: ({ bodyBytes }) => bodyBytes,
  b: ({ bodyBytes }) => bodyBytes,
  f: (facts) => requestHeader(facts, 'referer'),
  a: (facts) => requestHeader(facts, 'user-agent'),
  T: ({ tookMicros }) => Math.floor(tookMicros / 1_000_000),
  M: ({ tookMicros }) => Math.floor(tookMicros / 1000),
  D: ({ tookMicros }) => Math.floor(tookMicros),
  L: ({ tookMicros }) => (tookMicros / 1_000_000).toFixed(6),
  p: ({ workerPid }) => `<${workerPid}>`,
  id: ({ requestId }) => requestId || '-',
}

function requestHeader({ head }: AccessFacts, name: string): string {
  const values = head?.block.fields.filter((field) => field.name === name).map((field) => field.value)
  return values?.length ? values.join(', ') : '-'
}

function answerHeader({ answerLines }: AccessFacts, name: string): string {
  const values = answerLines
    .split('\r\n')
    .filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    .map((line) => line.slice(name.length + 1).trim())
  return values.length ? values.join(', ') : '-'
}

/** A variable of `environ` that the front knows. */
function variable(facts: AccessFacts, key: string): string {
  const own = Object.hasOwn(OWN_VARIABLES, key) ? OWN_VARIABLES[key]!(facts) : undefined
  return String(own ?? blockVariable(facts.block, key) ?? '-')
}

const OWN_VARIABLES: Readonly<Record<string, Atom>> = {
  REMOTE_ADDR: ATOMS.h!,
  REMOTE_PORT: ({ port }) => port || '-',
  REQUEST_METHOD: ATOMS.m!,
  REQUEST_URI: ({ head }) => head?.target ?? '-',
  RAW_URI: ({ head }) => head?.target ?? '-',
  PATH_INFO: ATOMS.U!,
  QUERY_STRING: ATOMS.q!,
  SERVER_PROTOCOL: ATOMS.H!,
}

function blockVariable(block: string, key: string): string | undefined {
  const parts = block.split('\0')
  for (let at = 0; at + 1 < parts.length; at += 2) if (parts[at]!.toUpperCase() === key) return parts[at + 1]
  return undefined
}

function protocol({ minor }: RequestHead): string {
  return minor === 0 ? 'HTTP/1.0' : 'HTTP/1.1'
}

function query({ target }: RequestHead): string {
  const mark = target.indexOf('?')
  return mark < 0 ? '' : target.slice(mark + 1)
}

function unescapedPath({ head, path }: AccessFacts): string {
  if (head === null) return '-'
  const raw = path ?? head.target.split('?', 1)[0]!
  return raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function basicUser(authorization: string): string {
  const [, credentials] = /^basic +(\S+)$/i.exec(authorization) ?? []
  return (credentials && Buffer.from(credentials, 'base64').toString('latin1').split(':', 1)[0]) || '-'
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `[10/Oct/2000:13:55:36 -0700]`, local time. */
const commonTime = bySecond((at) => {
  const day = `${two(at.getDate())}/${MONTHS[at.getMonth()]}/${at.getFullYear()}`
  return `[${day}:${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone(-at.getTimezoneOffset())}]`
})

/** All of it, as JSON in one line, for whoever writes the access log in our place. */
export function accessFacts(facts: AccessFacts): string {
  const { head, path, address, port, block, requestId, status, answerLines, bodyBytes, tookMicros, wallMs, workerPid } =
    facts
  return JSON.stringify({
    method: head?.method ?? null,
    target: head?.target,
    protocol: head === null ? null : protocol(head),
    path: path ?? head?.target.split('?', 1)[0],
    fields: head?.block.fields.map(({ name, value }) => [name, value]),
    ...{ address, port, block, requestId, status, answerLines, bodyBytes, wallMs, workerPid },
    tookMicros: Math.round(tookMicros),
  })
}

function jsonLine(facts: AccessFacts): string {
  const { head, address, status, bodyBytes, tookMicros, wallMs, workerPid, requestId } = facts
  const line = {
    time: new Date(wallMs).toISOString(),
    address: address || undefined,
    method: head?.method,
    target: head?.target,
    protocol: head === null ? undefined : protocol(head),
    host: head?.block.host || undefined,
    status,
    bodyBytes,
    tookMicros: Math.floor(tookMicros),
    referer: known(requestHeader(facts, 'referer')),
    agent: known(requestHeader(facts, 'user-agent')),
    workerPid: workerPid || undefined,
    requestId: requestId || undefined,
  }
  return `${JSON.stringify(line)}\n`
}

function known(text: string): string | undefined {
  return text === '-' ? undefined : text
}
