import { Fault } from '../faults/fault.ts'
import type { Settings } from '../settings/registry.ts'
import { unescaped } from './escapes.ts'
import { type Families, familiesOf } from './forwarded.ts'
import { ForwarderHeaders } from './forwarder.ts'
import { TrustedProxies } from './proxies.ts'

export type RouteSettings = Pick<
  Settings,
  | 'trustedProxies'
  | 'proxyHops'
  | 'forwardedHeaders'
  | 'forwardedRules'
  | 'untrustedForwarded'
  | 'logUntrustedForwarded'
  | 'schemeHeaders'
  | 'forwarderHeaders'
  | 'headerUnderscores'
  | 'proxyHeader'
  | 'scriptName'
  | 'scriptNameMismatch'
  | 'serverName'
  | 'urlScheme'
  | 'requestIdHeader'
  | 'streamRequests'
>

/** Where a listener listens. A wildcard address (`0.0.0.0`, `::`) is as good as none: nobody can be sent there. */
export type ListenerFacts =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix' }

/**
 * All that decides what a header block means, but for the block. Two per listener, compared by identity: what is
 * made of a block under one policy is kept beside the block.
 */
export interface PeerPolicy {
  /** The peer is a trusted proxy: its forwarding headers and request id count. */
  readonly trusted: boolean
  readonly proxies: TrustedProxies
  readonly proxyHops: number
  /** Which forwarding headers count; none of a peer that isn't trusted. */
  readonly forwarded: Families
  readonly forwardedRules: 'chain' | 'counted'
  /** Names of forwarding headers that don't count, in lower case, to be told of; empty where nobody asks. */
  readonly reported: ReadonlySet<string>
  /** Names in lower case, and the value that means https. */
  readonly schemeHeaders: ReadonlyMap<string, string>
  readonly forwarderHeaders: ForwarderHeaders
  readonly headerUnderscores: 'drop' | 'keep' | 'refuse'
  /** Names of headers that don't reach `environ`, in lower case. */
  readonly dropped: ReadonlySet<string>
  /** Lower case; '' for none. */
  readonly requestIdHeader: string
  /** Percent-decoded, latin-1. */
  readonly scriptName: string
  /** A path that doesn't begin with SCRIPT_NAME is refused. */
  readonly refusesMismatch: boolean
  /** The connection has TLS. */
  readonly secure: boolean
  readonly urlScheme: string
  /** null: take it from the Host. */
  readonly serverName: string | null
  /** null: take it from the Host, or from the scheme. */
  readonly serverPort: string | null
}

/** The policies of one listener. */
export class ListenerPolicies {
  readonly trusted: PeerPolicy
  readonly untrusted: PeerPolicy
  readonly #listener: ListenerFacts

  /** Throws SETTING_INVALID for a script name that can't be in `environ`. */
  constructor(settings: RouteSettings, listener: ListenerFacts, secure = false) {
    this.#listener = listener
    this.trusted = policy(settings, listener, true, secure)
    this.untrusted = policy(settings, listener, false, secure)
  }

  /** The policy for a connection. `peerAddress`: IPv4 or IPv6; '' for the peer of a Unix socket. */
  of(peerAddress: string): PeerPolicy {
    const { proxies } = this.trusted
    const believed = this.#listener.kind === 'unix' ? proxies.unix : proxies.trusts(peerAddress)
    return believed ? this.trusted : this.untrusted
  }
}

const NONE: Families = familiesOf([])

function policy(settings: RouteSettings, listener: ListenerFacts, trusted: boolean, secure: boolean): PeerPolicy {
  const forwarded = trusted ? familiesOf(settings.forwardedHeaders) : NONE
  const uncounted = FORWARDED[settings.forwardedRules].filter((name) => !forwarded.counts.has(name))
  return {
    trusted,
    proxies: new TrustedProxies(settings.trustedProxies),
    proxyHops: settings.proxyHops,
    forwarded,
    forwardedRules: settings.forwardedRules,
    reported: new Set(settings.logUntrustedForwarded ? uncounted : []),
    schemeHeaders: new Map(trusted ? settings.schemeHeaders.map(headerAndValue) : []),
    forwarderHeaders: new ForwarderHeaders(trusted ? settings.forwarderHeaders : []),
    headerUnderscores: settings.headerUnderscores,
    dropped: new Set([...droppedNames(settings), ...(settings.untrustedForwarded === 'drop' ? uncounted : [])]),
    requestIdHeader: settings.requestIdHeader.toLowerCase(),
    scriptName: scriptNameOf(settings.scriptName),
    refusesMismatch: settings.scriptNameMismatch === 'refuse',
    secure,
    urlScheme: secure ? 'https' : settings.urlScheme,
    serverName: settings.serverName ?? addressOf(listener),
    serverPort: listener.kind === 'tcp' ? String(listener.port) : null,
  }
}

const NAMES = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-by']

/** The forwarding headers that rules know of. A prefix is nothing to `counted`: it neither counts nor is taken away. */
const FORWARDED: Readonly<Record<PeerPolicy['forwardedRules'], readonly string[]>> = {
  chain: [...NAMES, 'x-forwarded-prefix', 'forwarded'],
  counted: [...NAMES, 'forwarded'],
}

function headerAndValue(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=')
  return [pair.slice(0, equals).toLowerCase(), pair.slice(equals + 1)]
}

function droppedNames({ proxyHeader, streamRequests }: RouteSettings): ReadonlySet<string> {
  const names = new Set(['host'])
  if (proxyHeader === 'drop') names.add('proxy')
  // A body that was taken in whole has a length and no coding any more.
  if (!streamRequests) names.add('transfer-encoding')
  return names
}

function scriptNameOf(setting: string): string {
  const name = unescaped(setting)
  if (name === null) throw new Fault('SETTING_INVALID', { detail: `--script-name ${setting}: not a path` })
  return name
}

function addressOf(listener: ListenerFacts): string | null {
  return listener.kind === 'tcp' && !isWildcard(listener.address) ? bracketed(listener.address) : null
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** RFC 3875 §4.1.14: SERVER_NAME holds an IPv6 address in brackets, as a URL does. */
function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
