import { isIP } from 'node:net'
import { Malformed } from './malformed.ts'

/** What of the client doesn't stand in `environ` pairs. null: nothing is said. */
export interface CountedClient {
  readonly address: string | null
  /** null: nothing is said, so the peer's stays. */
  readonly port: string | null
}

/** Of a request, as far as trusted proxies tell; '' where they don't. */
interface Said {
  client: string
  host: string
  scheme: string
  port: string
}

const NOT_SAID: Readonly<Said> = { client: '', host: '', scheme: '', port: '' }

/**
 * The rules `counted` (decisions/0017): of the headers in `counts` (lower case) the last `hops` entries are kept, the
 * first of these is the client's, whoever made them; what is kept replaces the header. A host sets SERVER_NAME too, a
 * scheme the port it implies; a scheme and a port are one value each. `pairs` has all of `environ` that follows from the
 * headers, and is changed. Throws `Malformed`.
 */
export function applyCounted(pairs: Map<string, string>, counts: ReadonlySet<string>, hops: number): CountedClient {
  const forwarded = counts.has('forwarded') ? (pairs.get('HTTP_FORWARDED') ?? '') : ''
  const x = readX(pairs, counts, hops)
  const said = forwarded === '' ? x : readForwarded(pairs, forwarded, hops, x)
  applyScheme(pairs, said, forwarded === '' ? 'X-Forwarded-Proto' : 'Forwarded')
  applyHost(pairs, said, forwarded === '' ? 'X-Forwarded-Host' : 'Forwarded')
  if (said.port !== '') pairs.set('SERVER_PORT', said.port)
  return clientOf(said.client, forwarded === '' ? 'X-Forwarded-For' : 'Forwarded')
}

function readX(pairs: Map<string, string>, counts: ReadonlySet<string>, hops: number): Said {
  return {
    client: bracketed(firstKept(pairs, counts, 'X-Forwarded-For', hops)),
    host: firstKept(pairs, counts, 'X-Forwarded-Host', hops),
    scheme: single(pairs, counts, 'X-Forwarded-Proto'),
    port: single(pairs, counts, 'X-Forwarded-Port'),
  }
}

/** The first of the entries that are kept; the header is cut down to these. */
function firstKept(pairs: Map<string, string>, counts: ReadonlySet<string>, name: string, hops: number): string {
  const list = counted(pairs, counts, name)
  if (list === undefined) return ''
  const raw = list.split(',')
  const read = raw.map((entry) => unquoted(trimmed(entry), name))
  pairs.set(keyOf(name), trimmed(raw.slice(-hops).join(',')))
  return read.at(-Math.min(hops, read.length))!
}

/** Nobody says what several values of these mean. */
function single(pairs: ReadonlyMap<string, string>, counts: ReadonlySet<string>, name: string): string {
  const value = unquoted(counted(pairs, counts, name) ?? '', name)
  if (value.includes(',')) throw new Malformed(name)
  return value
}

function counted(pairs: ReadonlyMap<string, string>, counts: ReadonlySet<string>, name: string): string | undefined {
  return counts.has(name.toLowerCase()) ? pairs.get(keyOf(name)) : undefined
}

function keyOf(name: string): string {
  return `HTTP_${name.toUpperCase().replaceAll('-', '_')}`
}

/** Of what is kept, the oldest entry that says a thing says it. Names and values are read in lower case. */
function readForwarded(pairs: Map<string, string>, text: string, hops: number, before: Readonly<Said>): Said {
  const raw = text.split(',')
  const elements = raw.map((element) => readElement(trimmed(element))).slice(-hops)
  pairs.set('HTTP_FORWARDED', trimmed(raw.slice(-hops).join(',')))
  const oldest = (part: keyof Said) => elements.find((element) => element[part] !== '')?.[part]
  return {
    client: oldest('client') ?? before.client,
    // Of Forwarded alone: its element replaces what X-Forwarded-* said, also where it says nothing.
    host: oldest('host') ?? '',
    scheme: oldest('scheme') ?? '',
    port: '',
  }
}

const PARTS: Readonly<Record<string, keyof Said>> = { for: 'client', host: 'host', proto: 'scheme' }

function readElement(element: string): Said {
  const said = { ...NOT_SAID }
  for (const pair of element.toLowerCase().split(';')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)]
    if (equals < 0 || trimmed(name) !== name || trimmed(value) !== value) throw new Malformed('Forwarded')
    const part = PARTS[name]
    if (part !== undefined) said[part] = unquoted(value, 'Forwarded')
    else if (name === 'by') unquoted(value, 'Forwarded')
  }
  return said
}

function applyScheme(pairs: Map<string, string>, said: Said, name: string): void {
  if (said.scheme === '') return
  const scheme = said.scheme.toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') throw new Malformed(name)
  pairs.set('wsgi.url_scheme', scheme)
  if (said.port === '') said.port = DEFAULT_PORTS[scheme]
}

const DEFAULT_PORTS = { http: '80', https: '443' } as const

// What else came there would be part of the links an application makes.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+;=%]+)$/

/** A port of the host's own is stronger than all others. */
function applyHost(pairs: Map<string, string>, said: Said, name: string): void {
  if (said.host !== '') {
    const [host, port] = withoutPort(said.host)
    if (!HOST.test(host)) throw new Malformed(name)
    if (port !== null) said.port = port
    pairs.set('SERVER_NAME', host)
    const isImplied = said.port === '' || said.port === DEFAULT_PORTS[pairs.get('wsgi.url_scheme') as 'http' | 'https']
    pairs.set('HTTP_HOST', port !== null ? said.host : isImplied ? host : `${host}:${said.port}`)
  }
  if (said.port !== '' && !(/^\d{1,5}$/.test(said.port) && Number(said.port) <= 65_535))
    throw new Malformed(said.host.endsWith(`:${said.port}`) ? name : 'X-Forwarded-Port')
}

// Instead of an address: `unknown`, a hidden name (RFC 7239 §6.3), a name.
const NAME = /^[A-Za-z0-9._-]+$/

function clientOf(client: string, name: string): CountedClient {
  if (client === '') return { address: null, port: null }
  const [host, port] = withoutPort(client)
  const address = /^\[.*\]$/.test(host) ? host.slice(1, -1) : host
  if (isIP(address) === 0 && !NAME.test(address)) throw new Malformed(name)
  if (port === null) return { address, port }
  return { address, port: /^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? port : '' }
}

/** An IPv6 address alone stands in brackets here, so that its end is no port. */
function bracketed(client: string): string {
  const isBare = client.includes(':') && !client.includes('.') && !client.startsWith('[')
  return isBare || isIP(client) === 6 ? `[${client}]` : client
}

function withoutPort(text: string): [host: string, port: string | null] {
  const colon = text.endsWith(']') ? -1 : text.lastIndexOf(':')
  return colon < 0 ? [text, null] : [trimmed(text.slice(0, colon)), trimmed(text.slice(colon + 1))]
}

const QUOTED = /^"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"$/

function unquoted(text: string, name: string): string {
  if (!text.startsWith('"') && !text.endsWith('"')) return text
  if (!QUOTED.test(text)) throw new Malformed(name)
  return text.slice(1, -1).replace(/\\(.)/g, '$1')
}

function trimmed(text: string): string {
  return text.replace(/^[\t \x85\xa0]+|[\t \x85\xa0]+$/g, '')
}
