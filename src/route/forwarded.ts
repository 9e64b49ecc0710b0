import { isIP } from 'node:net'
import type { HeaderField } from '../events/request.ts'
import { plainAddress } from '../kit/address.ts'
import { joined } from './fields.ts'
import { prefixOf } from './forwarder.ts'
import { Malformed } from './malformed.ts'
import type { TrustedProxies } from './proxies.ts'
import { parseForwarded } from './rfc7239.ts'

/** What trusted proxies say of the client. null: they don't say. */
export interface Claims {
  /** '' where the proxy doesn't know the client's address, or hides it. */
  readonly address: string | null
  /** '' where it is not said. */
  readonly port: string
  readonly scheme: 'http' | 'https' | null
  readonly host: string | null
  readonly serverPort: string | null
  /** Percent-decoded; '' is the root. */
  readonly prefix: string | null
}

export const NO_CLAIMS: Claims = { address: null, port: '', scheme: null, host: null, serverPort: null, prefix: null }

export type Family = 'x-forwarded' | 'forwarded'

/** Which headers count. */
export interface Families {
  /** The first one comes first. */
  readonly families: readonly Family[]
  /** Names of headers, in lower case. */
  readonly counts: ReadonlySet<string>
}

const X_FORWARDED = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
]

/** `list`: families, and single headers of the first one. */
export function familiesOf(list: readonly string[]): Families {
  const families = new Set(list.map((item): Family => (item === 'forwarded' ? item : 'x-forwarded')))
  return { families: [...families], counts: new Set(list.flatMap(namesOf)) }
}

/** `x-forwarded-by` counts for nothing here; but who names it wants it. */
function namesOf(item: string): string[] {
  return item === 'x-forwarded' ? [...X_FORWARDED, 'x-forwarded-by'] : [item]
}

/**
 * What a trusted peer's forwarding headers claim. The first family (`x-forwarded`, `forwarded`) of which the request has
 * a header that counts does, alone: mixing what two families say would let a client add to its proxy's word.
 *
 * Every proxy adds itself at the right, so entries are believed from the right, and only as deep as trust reaches: the
 * last entry is the word of the peer itself; one further left is believed if the entry to its right is a trusted
 * proxy's address, and down to `hops` entries in all. The client is the left-most entry that is believed. So neither a
 * wrong hop count nor a wrong list of networks makes us believe a stranger.
 *
 * Scheme, host, port and prefix are taken as deep as the address; where a list is shorter, as deep as it goes.
 *
 * Only entries that are believed are read: what a client made up at the left does no harm. Throws `Malformed`.
 */
export function readClaims(
  all: readonly HeaderField[],
  { families, counts }: Families,
  proxies: TrustedProxies,
  hops: number,
): Claims {
  const fields = all.filter(({ name }) => counts.has(name))
  for (const family of families) {
    const claims = READERS[family](fields, proxies, hops)
    if (claims) return claims
  }
  return NO_CLAIMS
}

type Reader = (fields: readonly HeaderField[], proxies: TrustedProxies, hops: number) => Claims | null

const READERS: Readonly<Record<Family, Reader>> = { 'x-forwarded': readXForwarded, forwarded: readForwarded }

function readXForwarded(fields: readonly HeaderField[], proxies: TrustedProxies, hops: number): Claims | null {
  const [chain, schemes, hosts, ports, prefixes] = X_FORWARDED.map((name) => entries(joined(fields, name)))
  if (!chain && !schemes && !hosts && !ports && !prefixes) return null
  const { depth, client } = walk(chain ?? [], 'X-Forwarded-For', proxies, hops)
  return {
    ...client,
    scheme: read(schemes, depth, schemeOf, 'X-Forwarded-Proto'),
    host: read(hosts, depth, hostOf, 'X-Forwarded-Host'),
    serverPort: read(ports, depth, portOf, 'X-Forwarded-Port'),
    prefix: read(prefixes, depth, prefixOf, 'X-Forwarded-Prefix'),
  }
}

function readForwarded(fields: readonly HeaderField[], proxies: TrustedProxies, hops: number): Claims | null {
  const text = joined(fields, 'forwarded')
  if (text === null) return null
  const elements = parseForwarded(text)
  if (!elements) throw new Malformed('Forwarded')
  // An element without `for` is a proxy that doesn't tell: the client is unknown there.
  const chain = elements.map((element) => element.get('for') ?? 'unknown')
  const { depth, client } = walk(chain, 'Forwarded', proxies, hops)
  const element = elements.at(-depth)
  const one = (name: string) => entry(element?.get(name))
  return {
    ...client,
    scheme: read(one('proto'), 1, schemeOf, 'Forwarded'),
    host: read(one('host'), 1, hostOf, 'Forwarded'),
    serverPort: null,
    prefix: null,
  }
}

function entries(list: string | null): string[] | null {
  const found = list
    ?.split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  return found?.length ? found : null
}

function entry(value: string | undefined): string[] | null {
  return value === undefined ? null : [value]
}

interface Walk {
  /** How many entries from the right are believed; 1 where there are none, for the peer's other headers. */
  readonly depth: number
  readonly client: { readonly address: string | null; readonly port: string }
}

function walk(chain: readonly string[], name: string, proxies: TrustedProxies, hops: number): Walk {
  let depth = 0
  let node: Node | null = null
  while (depth < Math.min(hops, chain.length) && (node === null || proxies.trusts(node.address))) {
    depth++
    node = nodeOf(chain.at(-depth)!)
    if (node === null) throw new Malformed(name)
  }
  return node ? { depth, client: node } : { depth: 1, client: { address: null, port: '' } }
}

function read<T>(
  list: readonly string[] | null | undefined,
  depth: number,
  reader: (text: string) => T | null,
  name: string,
): T | null {
  if (!list) return null
  const value = reader(list[Math.max(0, list.length - depth)]!)
  if (value === null) throw new Malformed(name)
  return value
}

interface Node {
  readonly address: string
  readonly port: string
}

// RFC 7239 §6: an IPv4 address or an IPv6 one in brackets, `unknown` or `_name`, each with a port or `_name` for it.
const NODE = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)|(unknown|_[A-Za-z0-9._-]+))(?::(?:(\d{1,5})|_[A-Za-z0-9._-]+))?$/i

/** One hop. X-Forwarded-For has IPv6 addresses without brackets mostly, so these are read too, in both families. */
function nodeOf(text: string): Node | null {
  if (isIP(text) === 6) return { address: plainAddress(text), port: '' }
  const [whole, v6, v4, hidden, port = ''] = NODE.exec(text) ?? []
  if (whole === undefined || Number(port) > 65_535) return null
  if (hidden !== undefined) return { address: '', port: '' }
  const address = v6 ?? v4!
  return isIP(address) === (v6 === undefined ? 4 : 6) ? { address: plainAddress(address), port } : null
}

/** Proxies that hand on WebSockets name the scheme of these too; the request is HTTP all the same. */
const SCHEMES: Readonly<Record<string, 'http' | 'https'>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

function schemeOf(text: string): 'http' | 'https' | null {
  return SCHEMES[text.toLowerCase()] ?? null
}

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+;=%]+)(?::(\d{1,5}))?$/

function hostOf(text: string): string | null {
  const match = HOST.exec(text)
  return match && Number(match[1] ?? 0) <= 65_535 ? text : null
}

function portOf(text: string): string | null {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? text : null
}
