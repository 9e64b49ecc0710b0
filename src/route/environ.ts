import type { BlockEnviron, HeaderBlock, HeaderField, RouteRefusal } from '../events/request.ts'
import type { FaultCode } from '../faults/table.ts'
import { applyCounted, type CountedClient } from './counted.ts'
import { isEnvironText } from './escapes.ts'
import { joined } from './fields.ts'
import { type Claims, NO_CLAIMS, readClaims } from './forwarded.ts'
import { sentScriptName, toldScheme } from './forwarder.ts'
import { Malformed } from './malformed.ts'
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
    const claims = claimsOf(block, policy)
    const pairs = allPairs(block, policy, claims)
    const client: CountedClient = isCounted(policy)
      ? applyCounted(pairs, policy.forwarded.counts, policy.proxyHops)
      : claims
    return {
      policy,
      refusal: null,
      text: [...pairs].flat().join('\0'),
      address: client.address,
      port: client.port,
      cut: claims.prefix === null ? (claims.scriptName ?? policy.scriptName) : '',
      requestId: policy.trusted ? sentRequestId(block, policy) : null,
      untrusted: untrustedNames(block, policy),
    }
  } catch (error) {
    if (error instanceof Malformed) return refused(policy, 'FORWARDED_INVALID', error.name)
    if (error instanceof BadHeader) return refused(policy, error.code, error.name)
    throw error
  }
}

function refused(policy: PeerPolicy, code: FaultCode, name: string): BlockEnviron {
  const refusal: RouteRefusal = { kind: 'refused', code, values: { name } }
  return { policy, refusal, text: '', address: null, port: null, cut: '', requestId: null, untrusted: null }
}

class BadHeader {
  readonly code: FaultCode
  readonly name: string
  constructor(code: FaultCode, name: string) {
    this.code = code
    this.name = name
  }
}

interface AllClaims extends Claims {
  /** SCRIPT_NAME as the proxy sent it, which is still on the path; null: it didn't. */
  readonly scriptName: string | null
}

function claimsOf({ fields }: HeaderBlock, policy: PeerPolicy): AllClaims {
  if (!policy.trusted) return { ...NO_CLAIMS, scriptName: null }
  const { forwarded, proxies, proxyHops, schemeHeaders, forwarderHeaders } = policy
  const claims = isCounted(policy) ? NO_CLAIMS : readClaims(fields, forwarded, proxies, proxyHops)
  const scheme = toldScheme(fields, schemeHeaders)
  if (scheme === 'disagree') throw new BadHeader('SCHEME_HEADERS_DISAGREE', [...schemeHeaders.keys()].join(', '))
  return { ...claims, scheme: scheme ?? claims.scheme, scriptName: sentScriptName(fields, forwarderHeaders) }
}

function isCounted({ trusted, forwardedRules }: PeerPolicy): boolean {
  return trusted && forwardedRules === 'counted'
}

function untrustedNames({ fields }: HeaderBlock, { reported }: PeerPolicy): readonly string[] | null {
  if (reported.size === 0) return null
  const names = new Set(fields.map(({ name }) => name).filter((name) => reported.has(name)))
  return names.size === 0 ? null : [...names]
}

function allPairs(block: HeaderBlock, policy: PeerPolicy, claims: AllClaims): Map<string, string> {
  const pairs = headerPairs(block, policy)
  const scheme = claims.scheme ?? policy.urlScheme
  const host = claims.host ?? block.host
  if (host !== '') pairs.set('HTTP_HOST', host)
  pairs.set('SERVER_NAME', policy.serverName ?? hostName(host))
  pairs.set(
    'SERVER_PORT',
    claims.serverPort ?? policy.serverPort ?? hostPort(host) ?? (scheme === 'https' ? '443' : '80'),
  )
  pairs.set('SCRIPT_NAME', claims.prefix ?? claims.scriptName ?? policy.scriptName)
  pairs.set('wsgi.url_scheme', scheme)
  if (policy.secure && scheme === 'https') pairs.set('HTTPS', 'on')
  return pairs
}

/** HTTP_* and their kin. No name leads anywhere else: what a client sends can't set a key of ours. */
function headerPairs({ fields }: HeaderBlock, policy: PeerPolicy): Map<string, string> {
  const pairs = new Map<string, string>()
  const late: HeaderField[] = []
  // What a proxy sets in its own names is stronger than what a client sent in names that share their keys.
  const reaching = fields.filter((field) => !policy.dropped.has(dashed(field)))
  const first = reaching.filter(({ name }) => name.includes('_') && policy.forwarderHeaders.has(name))
  for (const field of first) addChecked(pairs, field)
  const set = new Set(pairs.keys())
  for (const field of reaching) {
    if (set.has(keyOf(field.name))) continue
    if (!field.name.includes('_')) addChecked(pairs, field)
    else if (policy.headerUnderscores === 'refuse') throw new BadHeader('HEADER_UNDERSCORE', field.name)
    else if (policy.headerUnderscores === 'keep' && !policy.forwarded.counts.has(dashed(field))) late.push(field)
  }
  // Kept names with underscores share keys with those a proxy sets, so these win: X_User adds nothing to X-User. Nor does
  // X_Forwarded_For stand for what a proxy is believed in, where it has said nothing.
  const taken = new Set(pairs.keys())
  for (const field of late) if (!taken.has(keyOf(field.name))) addChecked(pairs, field)
  return pairs
}

function dashed({ name }: HeaderField): string {
  return name.replaceAll('_', '-')
}

function addChecked(pairs: Map<string, string>, { name, value }: HeaderField): void {
  if (!isEnvironText(value)) throw new BadHeader('HEADER_VALUE_INVALID', name)
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
