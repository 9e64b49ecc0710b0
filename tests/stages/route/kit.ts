import type { HeaderBlock, RequestHead } from '../../../src/events/request.ts'
import { type ListenerFacts, ListenerPolicies, type PeerPolicy, type RouteSettings } from '../../../src/route/policy.ts'
import { route, type Target } from '../../../src/route/route.ts'

export const PROXY = '192.0.2.1'
export const PEER = { address: PROXY, port: '4711', pairs: '' }
const TCP: ListenerFacts = { kind: 'tcp', address: '127.0.0.1', port: 8000 }

export const SETTINGS: RouteSettings = {
  trustedProxies: [],
  proxyHops: 1,
  forwardedHeaders: ['x-forwarded', 'forwarded'],
  forwardedRules: 'chain',
  untrustedForwarded: 'keep',
  logUntrustedForwarded: false,
  schemeHeaders: [],
  forwarderHeaders: [],
  headerUnderscores: 'drop',
  proxyHeader: 'drop',
  scriptName: '',
  scriptNameMismatch: 'pass',
  serverName: null,
  urlScheme: 'http',
  requestIdHeader: 'X-Request-ID',
  streamRequests: false,
}

export function policyOf(settings: Partial<RouteSettings> = {}, listener = TCP, peerAddress = PROXY): PeerPolicy {
  return new ListenerPolicies({ ...SETTINGS, ...settings }, listener).of(peerAddress)
}

/** `lines`: `Name: value`, a line each. */
export function blockOf(lines: readonly string[], host = 'example.org'): HeaderBlock {
  const fields = lines.map((line) => ({
    name: line.slice(0, line.indexOf(':')).toLowerCase(),
    value: line.slice(line.indexOf(':') + 1).trim(),
  }))
  return {
    raw: lines.join('\r\n'),
    fields,
    host,
    framing: 'none',
    contentLength: -1,
    connection: 'default',
    expectsContinue: false,
    environ: null,
  }
}

export function headOf(target: string, block = blockOf([]), origin: string | null = null): RequestHead {
  return { method: 'GET', target, origin, minor: 1, block }
}

/** Routes what must be routable. */
export function routed(
  lines: readonly string[],
  settings: Partial<RouteSettings> = {},
  target = '/',
  host?: string,
): Target {
  const found = route(headOf(target, blockOf(lines, host)), policyOf(settings), PEER)
  if (found.kind === 'refused') throw new Error(`${found.code} ${JSON.stringify(found.values)}`)
  return found
}

export function environ(target: Target): Record<string, string> {
  const parts = target.block.split('\0')
  const pairs: Record<string, string> = {}
  for (let at = 0; at < parts.length; at += 2) pairs[parts[at]!] = parts[at + 1]!
  return pairs
}
