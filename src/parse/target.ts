import { isHostAndPort } from './host.ts'
import { Refusal } from './refusal.ts'

export interface Target {
  /** The raw path and query of an absolute-form target; null for the other forms. */
  readonly origin: string | null
  /** The authority of an absolute-form target; null for the other forms. */
  readonly authority: string | null
}

const ORIGIN_OR_ASTERISK: Target = { origin: null, authority: null }

// More than RFC 3986 grants (browsers send | and " as they are), but all of it visible, and no fragment.
const NOT_IN_TARGET = /[^\x21-\x7e]|#/
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i

/** The forms of RFC 9112 §3.2 that an origin server takes. */
export function readTarget(method: string, target: string): Target {
  if (target === '') throw new Refusal('TARGET_MALFORMED', 'it is empty')
  const odd = NOT_IN_TARGET.exec(target)
  if (odd) throw new Refusal('TARGET_MALFORMED', odd[0] === '#' ? 'it holds a #' : 'it is not visible ASCII')
  if (target.startsWith('/')) return ORIGIN_OR_ASTERISK
  if (target !== '*') return readAbsolute(method, target)
  if (method !== 'OPTIONS') throw new Refusal('TARGET_MALFORMED', '* is for OPTIONS alone')
  return ORIGIN_OR_ASTERISK
}

function readAbsolute(method: string, target: string): Target {
  const parts = ABSOLUTE.exec(target)
  if (!parts) throw new Refusal('TARGET_MALFORMED', 'it is neither a path nor an http URL')
  const [, authority = '', rest = ''] = parts
  if (authority.includes('@')) throw new Refusal('TARGET_MALFORMED', 'it holds user information')
  if (!isHostAndPort(authority)) throw new Refusal('TARGET_MALFORMED', 'its authority is not HOST[:PORT]')
  return { authority, origin: originOf(method, rest) }
}

function originOf(method: string, rest: string): string {
  if (rest === '' && method === 'OPTIONS') return '*' // RFC 9112 §3.2.4
  return rest.startsWith('/') ? rest : `/${rest}`
}
