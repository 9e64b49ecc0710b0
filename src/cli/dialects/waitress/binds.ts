import { isIP } from 'node:net'
import type { Told } from '../verdict.ts'
import { optionOf } from './adjustments.ts'
import { usage } from './getopt.ts'

/** What excludes each other, as pairs. `--listen` and `--host`, say: which of them would count? */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ['listen', 'host'],
  ['listen', 'port'],
  ['listen', 'sockets'],
  ['sockets', 'host'],
  ['sockets', 'port'],
  ['sockets', 'unix_socket'],
  ['unix_socket', 'host'],
  ['unix_socket', 'port'],
  ['unix_socket', 'listen'],
]

const DEFAULT_HOST = '0.0.0.0'
const DEFAULT_PORT = '8080'

/** The names of services that somebody may listen as; the machine's own list is Python's to read. */
const SERVICES: Readonly<Record<string, string>> = { http: '80', https: '443', 'http-alt': '8080' }

interface Families {
  readonly ipv4: boolean
  readonly ipv6: boolean
}

export interface Binds {
  /** The adjustment that says so. */
  readonly name: string
  /** As `--bind` has them. */
  readonly words: readonly string[]
}

/**
 * Where to listen. Null: nothing says so.
 * @throws Fault DIALECT_USAGE
 */
export function bindsOf(told: ReadonlyMap<string, Told>): Binds | null {
  for (const [one, other] of EXCLUSIVE) {
    if (told.has(one) && told.has(other)) throw usage(`${optionOf(one)} and ${optionOf(other)} exclude each other`)
  }
  const families = { ipv4: told.get('ipv4')?.value !== false, ipv6: told.get('ipv6')?.value !== false }
  const name = ['unix_socket', 'sockets', 'listen', 'host', 'port'].find((one) => told.has(one))
  if (name !== undefined) return { name, words: wordsOf(name, told, families) }
  addressOf(`${DEFAULT_HOST}:${DEFAULT_PORT}`, families) // is it one of those allowed?
  return null
}

function wordsOf(name: string, told: ReadonlyMap<string, Told>, families: Families): string[] {
  const value = told.get(name)!.value
  switch (name) {
    case 'unix_socket':
      return [`unix:${value}`]
    case 'sockets':
      return handedSockets(value as readonly string[])
    case 'listen':
      return [...new Set((value as readonly string[]).flatMap((word) => addressOf(word, families)))]
    default:
      return addressOf(
        `${told.get('host')?.value ?? DEFAULT_HOST}:${told.get('port')?.value ?? DEFAULT_PORT}`,
        families,
      )
  }
}

/** White space between, as Waitress's lists have it. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}

function handedSockets(sockets: readonly string[]): string[] {
  if (sockets.length > 0 && sockets.every((word) => /^fd:\/\/\d+$/.test(word))) return [...sockets]
  throw usage(
    '--sockets takes sockets from Python alone',
    'call dram.serve(app, sockets=[…]), or write --sockets=fd://3',
  )
}

function addressOf(word: string, families: Families): string[] {
  const { host, port } = split(word)
  const { ipv4, ipv6 } = families.ipv4 || families.ipv6 ? families : { ipv4: true, ipv6: true }
  const both = ipv4 && ipv6
  if (host === '*') return both ? [`:${port}`] : [ipv4 ? `0.0.0.0:${port}` : `[::]:${port}`]
  const version = isIP(host.replace(/%.*$/, ''))
  if ((version === 4 && !ipv4) || (version === 6 && !ipv6)) {
    throw usage(`${word} is an IPv${version} address, and --no-ipv${version} says to use none`)
  }
  if (version === 6) return [`[${host}]:${port}`]
  if (version === 4 || both) return [`${host}:${port}`]
  if (host === 'localhost') return [ipv4 ? `127.0.0.1:${port}` : `[::1]:${port}`]
  throw usage(`${word} may stand for addresses of both families`, `write the IPv${ipv4 ? 4 : 6} address itself`)
}

/** The port is what follows the last colon, unless that is inside of an IPv6 address. */
function split(word: string): { host: string; port: string } {
  const at = word.lastIndexOf(':')
  const bare = at < 0 || word.indexOf(']', at) >= 0
  const host = (bare ? word : word.slice(0, at)).replace(/^\[|\]$/g, '')
  const written = bare ? DEFAULT_PORT : word.slice(at + 1)
  const port = SERVICES[written] ?? written
  if (host === '' || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw usage(`cannot read ${JSON.stringify(word)} as an address`, 'write ADDRESS:PORT, [V6]:PORT or *:PORT')
  }
  return { host, port }
}
