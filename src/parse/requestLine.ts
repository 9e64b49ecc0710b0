import { isToken } from './grammar.ts'
import { Refusal } from './refusal.ts'
import { readTarget, type Target } from './target.ts'

export interface RequestLine extends Target {
  readonly method: string
  readonly target: string
  readonly minor: 0 | 1
}

/** METHOD SP TARGET SP VERSION, with single spaces (RFC 9112 §3). */
export function readRequestLine(line: string): RequestLine {
  const parts = line.split(' ', 4)
  const [method, target, version] = parts
  if (parts.length !== 3 || method === undefined || target === undefined || version === undefined) {
    throw new Refusal('REQUEST_LINE_MALFORMED')
  }
  if (!isToken(method)) throw new Refusal('METHOD_MALFORMED')
  // Before the target: `PRI * HTTP/2.0` opens HTTP/2 (RFC 9113 §3.4) and wants to hear about its version.
  const minor = readVersion(version)
  if (method === 'CONNECT') throw new Refusal('METHOD_CONNECT')
  return { method, target, minor, ...readTarget(method, target) }
}

/** RFC 9110 §2.5: a minor version above ours is read as the highest we know, 1. */
function readVersion(version: string): 0 | 1 {
  const digits = /^HTTP\/([0-9])\.([0-9])$/.exec(version)
  if (!digits) throw new Refusal('VERSION_MALFORMED')
  if (digits[1] !== '1') throw new Refusal('VERSION_UNSUPPORTED')
  return digits[2] === '0' ? 0 : 1
}
