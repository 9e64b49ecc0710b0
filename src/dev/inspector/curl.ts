import type { HeaderField, RequestHead } from '../../events/request.ts'
import { Http1Parser, type ParseLimits } from '../../parse/http1.ts'
import { COOKIE_PREFIX } from '../guard.ts'

/** Of a body that stands in the command itself, as text or base64. */
const MOST_BODY_BYTES = 64 * 1024

/** What curl makes by itself: the URL, the framing of the body, and what would wait for a 100. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'expect'])
/** What curl adds, if it isn't told not to. */
const ADDED_FIELDS = ['accept', 'user-agent'] as const

export interface CurlFacts {
  readonly head: RequestHead
  /** The request's bytes, as far as they are kept; `isWhole`: all of them. */
  readonly bytes: Buffer
  readonly isWhole: boolean
  readonly limits: ParseLimits
  readonly isSecure: boolean
  /** "127.0.0.1:8000": where it came in. */
  readonly authority: string
}

/** A command for a POSIX shell that sends the same request again. */
export function curlOf({ head, bytes, isWhole, limits, isSecure, authority }: CurlFacts): string {
  const body = bodyOf(bytes, limits)
  const isText = isPlainText(body)
  const hasBody = head.method !== 'HEAD' && (body.length > 0 || head.block.contentLength === 0) // then curl is to say that it has none
  const words = [
    ...methodWords(head, hasBody),
    ...(head.minor === 0 ? ['--http1.0'] : []),
    ...(isSecure ? ['--insecure'] : []),
    ...(/[[\]{}]/.test(head.target) ? ['--globoff'] : []),
    ...(/\/\.\.?(?:[/?]|$)/.test(head.target) ? ['--path-as-is'] : []),
    ...fieldWords(head, hasBody),
    ...(!hasBody ? [] : isText ? ['--data-raw', body.toString('utf8')] : ['--data-binary', '@-']),
    ...targetWords(head, isSecure, authority),
  ]
  const command = `curl ${words.map(quoted).join(' ')}`
  const piped = !isText ? `printf %s ${quoted(body.toString('base64'))} | base64 -d | ${command}` : command
  return isWhole ? piped : `# the end of its body was not kept\n${piped}`
}

function methodWords({ method }: RequestHead, hasBody: boolean): string[] {
  if (method === 'HEAD') return ['--head']
  if (method === (hasBody ? 'POST' : 'GET')) return []
  return ['--request', method]
}

function fieldWords({ block }: RequestHead, hasBody: boolean): string[] {
  const sent = new Set(block.fields.map(({ name }) => name))
  const own = block.fields.filter(({ name }) => !OWN_FIELDS.has(name)).flatMap(withoutToken)
  const chunked = block.framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []
  const unwanted: string[] = ADDED_FIELDS.filter((name) => !sent.has(name))
  if (hasBody && !sent.has('content-type')) unwanted.push('content-type')
  // curl takes `Name:` for "without it", and `Name;` for an empty value.
  const lines = [
    ...own.map(({ name, value }) => (value === '' ? `${name};` : `${name}: ${value}`)),
    ...chunked,
    ...unwanted.map((name) => `${name}:`),
  ]
  return lines.flatMap((line) => ['--header', line])
}

/** A command is for others to see, too: what lets a browser see our pages is none of their business. */
function withoutToken(field: HeaderField): HeaderField[] {
  if (field.name !== 'cookie') return [field]
  const cookies = field.value.split(/;\s*/)
  const others = cookies.filter((cookie) => !cookie.startsWith(COOKIE_PREFIX))
  if (others.length === cookies.length) return [field]
  return others.length === 0 ? [] : [{ ...field, value: others.join('; ') }]
}

/** The host is sent as it was, the connection goes to where the request came in. */
function targetWords({ origin, target, block }: RequestHead, isSecure: boolean, authority: string): string[] {
  const scheme = isSecure ? 'https' : 'http'
  const path = origin ?? target
  const host = block.host === authority ? [] : ['--header', block.host === '' ? 'Host:' : `Host: ${block.host}`]
  const asterisk = path === '*' ? ['--request-target', '*'] : []
  return [...host, ...asterisk, `${scheme}://${authority}${path === '*' ? '/' : path}`]
}

/** The body without its framing. */
function bodyOf(bytes: Buffer, limits: ParseLimits): Buffer {
  const events = new Http1Parser(limits, null).feed(bytes, 1)
  const pieces = events.flatMap((event) => (event.kind === 'body' ? [event.bytes] : []))
  return Buffer.concat(pieces).subarray(0, MOST_BODY_BYTES)
}

function isPlainText(body: Buffer): boolean {
  const text = body.toString('utf8')
  return Buffer.from(text, 'utf8').equals(body) && !/[\0-\x08\x0b-\x1f\x7f]/.test(text)
}

/** As a POSIX shell takes it back for the same bytes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
