import { Buffer } from 'node:buffer'
import { isIP } from 'node:net'
import { plainAddress } from '../kit/address.ts'

/** Which versions of the PROXY protocol are looked for. Source: its specification (haproxy.org, proxy-protocol.txt). */
export type ProxyVersions = 'v1' | 'v2' | 'auto'

/** What a proxy says of the connection that it passes on. */
export interface ProxyFacts {
  /** `TCP4`, `TCP6`, `UNIX`; `UNKNOWN` (v1), `UNSPEC`, `LOCAL` (v2) where it says nothing: the peer is the client. */
  readonly protocol: 'TCP4' | 'TCP6' | 'UNIX' | 'UNKNOWN' | 'UNSPEC' | 'LOCAL'
  /** Null: nothing is said. Addresses are '' and ports 0 for Unix sockets. */
  readonly ends: ProxyEnds | null
}

export interface ProxyEnds {
  readonly client: string
  readonly clientPort: number
  /** Where the client connected to: an address of the proxy's. */
  readonly proxy: string
  readonly proxyPort: number
}

export type ProxyReading =
  /** It may yet become one: more bytes are needed. */
  | { readonly kind: 'more' }
  /** The connection begins without. */
  | { readonly kind: 'none' }
  | { readonly kind: 'facts'; readonly facts: ProxyFacts; readonly byteCount: number }
  | { readonly kind: 'refused'; readonly detail: string }

const MORE: ProxyReading = { kind: 'more' }
const NONE: ProxyReading = { kind: 'none' }

const V1_START = Buffer.from('PROXY ')
/** §2.1: no line is longer, its CRLF included. */
const V1_MOST_BYTES = 107
/** §2.2: no text of HTTP begins like this. */
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
const V2_HEAD_BYTES = 16
/** Addresses take 216 at most; the rest are notes (TLVs), of which a certificate's names are the longest. */
const V2_MOST_BYTES = 4 * 1024

/** No more than this is ever needed to know. */
export const PROXY_MOST_BYTES: number = V2_MOST_BYTES

/** Reads the PROXY protocol at the start of a connection. `bytes`: all that came until now. */
export function readProxy(bytes: Buffer, versions: ProxyVersions): ProxyReading {
  if (versions !== 'v2' && beginsAs(bytes, V1_START)) return bytes.length < V1_START.length ? MORE : readV1(bytes)
  if (versions !== 'v1' && beginsAs(bytes, V2_START)) return bytes.length < V2_HEAD_BYTES ? MORE : readV2(bytes)
  return NONE
}

/** As far as they have come. */
function beginsAs(bytes: Buffer, start: Buffer): boolean {
  const count = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, count, 0, count) === 0
}

// — version 1: a line —

function readV1(bytes: Buffer): ProxyReading {
  const end = bytes.subarray(0, V1_MOST_BYTES).indexOf('\n')
  if (end < 0) return bytes.length < V1_MOST_BYTES ? MORE : refused('its line is longer than 107 bytes')
  if (bytes[end - 1] !== 0x0d) return refused('its line ends with LF alone')
  const facts = readLine(bytes.latin1Slice(V1_START.length, end - 1))
  return typeof facts === 'string' ? refused(facts) : { kind: 'facts', facts, byteCount: end + 1 }
}

const FAMILIES: Readonly<Record<string, 4 | 6>> = { TCP4: 4, TCP6: 6 }

/** What stands behind `PROXY `; a text says what is wrong with it. */
function readLine(line: string): ProxyFacts | string {
  // §2.1: what follows UNKNOWN is not to be read.
  if (/^UNKNOWN(?: |$)/.test(line)) return { protocol: 'UNKNOWN', ends: null }
  const parts = line.split(' ')
  const [protocol = '', client = '', proxy = '', clientPort = '', proxyPort = ''] = parts
  const family = Object.hasOwn(FAMILIES, protocol) ? FAMILIES[protocol] : undefined
  if (family === undefined) return 'its protocol is not TCP4, TCP6 or UNKNOWN'
  if (parts.length !== 5) return 'it is not PROTOCOL, two addresses and two ports'
  if (!isAddress(client, family) || !isAddress(proxy, family)) return `an address is not one of ${protocol}`
  if (!isPort(clientPort) || !isPort(proxyPort)) return 'a port is not a number from 0 to 65535'
  return factsOf(protocol as 'TCP4' | 'TCP6', client, Number(clientPort), proxy, Number(proxyPort))
}

/** Without a zone. */
function isAddress(text: string, family: 4 | 6): boolean {
  return isIP(text) === family && !text.includes('%')
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

// — version 2: a block —

const LOCAL: ProxyFacts = { protocol: 'LOCAL', ends: null }
const UNSPEC: ProxyFacts = { protocol: 'UNSPEC', ends: null }
const UNIX: ProxyFacts = { protocol: 'UNIX', ends: { client: '', clientPort: 0, proxy: '', proxyPort: 0 } }

/** §2.2: version and command, family and transport, length; then addresses, then TLVs, which are passed over. */
function readV2(bytes: Buffer): ProxyReading {
  const [version, command] = halves(bytes[12]!)
  const byteCount = V2_HEAD_BYTES + bytes.readUInt16BE(14)
  if (version !== 2) return refused(`its version is ${version}, not 2`)
  if (command > 1) return refused(`its command ${command} is not known`)
  if (byteCount > V2_MOST_BYTES) return refused(`it is longer than ${V2_MOST_BYTES} bytes`)
  if (bytes.length < byteCount) return MORE
  const facts = command === 0 ? LOCAL : readAddresses(bytes[13]!, bytes.subarray(V2_HEAD_BYTES, byteCount))
  return typeof facts === 'string' ? refused(facts) : { kind: 'facts', facts, byteCount }
}

function readAddresses(familyAndTransport: number, bytes: Buffer): ProxyFacts | string {
  const [family, transport] = halves(familyAndTransport)
  if (family === 0) return UNSPEC
  if (transport !== 1) return 'its transport is not a stream'
  const leastBytes = LEAST_BYTES[family]
  if (leastBytes === undefined) return `its address family ${family} is not known`
  if (bytes.length < leastBytes) return 'its addresses are cut short'
  if (family === 1) return pairOf('TCP4', bytes, 4)
  return family === 2 ? pairOf('TCP6', bytes, 16) : UNIX
}

/** Of the addresses of IPv4, IPv6 and Unix sockets. */
const LEAST_BYTES: Readonly<Record<number, number>> = { 1: 12, 2: 36, 3: 216 }

function pairOf(protocol: 'TCP4' | 'TCP6', bytes: Buffer, width: 4 | 16): ProxyFacts {
  const [client, proxy] = [bytes.subarray(0, width), bytes.subarray(width, 2 * width)].map(addressOf)
  return factsOf(protocol, client!, bytes.readUInt16BE(2 * width), proxy!, bytes.readUInt16BE(2 * width + 2))
}

function addressOf(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : v6Text(bytes)
}

/** RFC 5952 §4: the longest run of zeros is left out, the first of several. */
function v6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  const text = `:${groups.join(':')}:`
  const runs = text.match(/:0(?=:)(?::0(?=:))+/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return text.slice(1, -1)
  const at = text.indexOf(`${longest}:`)
  return `${text.slice(1, at)}::${text.slice(at + longest.length + 1, -1)}`
}

function factsOf(
  protocol: 'TCP4' | 'TCP6',
  client: string,
  clientPort: number,
  proxy: string,
  proxyPort: number,
): ProxyFacts {
  return { protocol, ends: { client: plainAddress(client), clientPort, proxy: plainAddress(proxy), proxyPort } }
}

function halves(byte: number): [high: number, low: number] {
  return [byte >> 4, byte & 0x0f]
}

function refused(detail: string): ProxyReading {
  return { kind: 'refused', detail }
}
