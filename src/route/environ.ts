import type { BlockEnviron, HeaderBlock, RouteRefusal } from '../events/request.ts'
import type { FaultCode } from '../faults/table.ts'
import { isEnvironText } from './escapes.ts'
import { joined } from './fields.ts'
import { type Claims, Malformed, NO_CLAIMS, readClaims } from './forwarded.ts'
import type { PeerPolicy } from './policy.ts'

/** What a block means under a policy: made on first use, then kept in the block. */
export function environOf(block: HeaderBlock, policy: PeerPolicy): BlockEnviron {
  const kept = block.environ
  if (kept !== null && kept.policy === policy) return kept
  const made = encode(block, policy)
  block.environ = made
  return made
}

function encode(block: HeaderBlock, policy: PeerPolicy): BlockEnviron {
  try {
    const claims = policy.trusted
      ? readClaims(block.fields, policy.forwardedHeaders, policy.proxies, policy.proxyHops)
      : NO_CLAIMS
    return {
      policy,
      refusal: null,
      text: pairsText(block, policy, claims),
      address: claims.address,
      port: claims.port,
      cut: claims.prefix === null ? policy.scriptName : '',
      requestId: policy.trusted ? sentRequestId(block, policy) : null,
    }
  } catch (error) {
    if (error instanceof Malformed) return refused(policy, 'FORWARDED_INVALID', error.name)
    if (error instanceof BadHeader) return refused(policy, error.code, error.name)
    throw error
  }
}

function refused(policy: PeerPolicy, code: FaultCode, name: string): BlockEnviron {
  const refusal: RouteRefusal = { kind: 'refused', code, values: { name } }
  return { policy, refusal, text: '', address: null, port: '', cut: '', requestId: null }
}

class BadHeader {
  readonly code: FaultCode
  readonly name: string
  constructor(code: FaultCode, name: string) {
    this.code = code
    this.name = name
  }
}

function pairsText(block: HeaderBlock, policy: PeerPolicy, claims: Claims): string {
  const pairs = headerPairs(block, policy)
  const scheme = claims.scheme ?? policy.urlScheme
  const host = claims.host ?? block.host
  if (host !== '') pairs.set('HTTP_HOST', host)
  pairs.set('SERVER_NAME', policy.serverName ?? hostName(host))
  pairs.set(
    'SERVER_PORT',
    claims.serverPort ?? policy.serverPort ?? hostPort(host) ?? (scheme === 'https' ? '443' : '80'),
  )
  pairs.set('SCRIPT_NAME', claims.prefix ?? policy.scriptName)
  pairs.set('wsgi.url_scheme', scheme)
  return [...pairs].flat().join('\0')
}

/** HTTP_* and their kin. No name leads anywhere else: what a client sends can't set a key of ours. */
function headerPairs({ fields }: HeaderBlock, policy: PeerPolicy): Map<string, string> {
  const pairs = new Map<string, string>()
  const late: (typeof fields)[number][] = []
  for (const field of fields) {
    if (policy.dropped.has(field.name.replaceAll('_', '-'))) continue
    if (!isEnvironText(field.value)) throw new BadHeader('HEADER_VALUE_INVALID', field.name)
    if (!field.name.includes('_')) add(pairs, field.name, field.value)
    else if (policy.headerUnderscores === 'refuse') throw new BadHeader('HEADER_UNDERSCORE', field.name)
    else if (policy.headerUnderscores === 'keep') late.push(field)
  }
  // Kept names with underscores share keys with those a proxy sets, so these win: X_User adds nothing to X-User.
  const taken = new Set(pairs.keys())
  for (const { name, value } of late) if (!taken.has(keyOf(name))) add(pairs, name, value)
  return pairs
}

function add(pairs: Map<string, string>, name: string, value: string): void {
  const key = keyOf(name)
  const before = pairs.get(key)
  // RFC 6265 §5.4: cookies are joined as one cookie string.
  pairs.set(key, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`)
}

/** PEP 3333: these two are variables of CGI and have no prefix. */
const OWN_KEYS: ReadonlyMap<string, string> = new Map([
  ['content-type', 'CONTENT_TYPE'],
  ['content-length', 'CONTENT_LENGTH'],
])

function keyOf(name: string): string {
  return OWN_KEYS.get(name) ?? `HTTP_${name.toUpperCase().replaceAll('-', '_')}`
}

/** Visible ASCII: it goes into log lines and a response header as it is. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

function sentRequestId({ fields }: HeaderBlock, { requestIdHeader }: PeerPolicy): string | null {
  const id = requestIdHeader === '' ? null : joined(fields, requestIdHeader)
  return id !== null && REQUEST_ID.test(id) ? id : null
}

/** Without its port, IPv6 in brackets; a name that always leads here where the client named none. */
function hostName(host: string): string {
  return host.replace(/:\d*$/, '') || 'localhost'
}

function hostPort(host: string): string | undefined {
  return /:(\d+)$/.exec(host)?.[1]
}
