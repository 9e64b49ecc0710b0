import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { besides } from '../../src/cli/dialects/gunicorn/besides.ts'
import { GUNICORN } from '../../src/cli/dialects/gunicorn/table.ts'
import { mergeTold } from '../../src/cli/dialects/gunicorn/told.ts'
import { translate } from '../../src/cli/dialects/translate.ts'
import type { Values } from '../../src/cli/dialects/verdict.ts'
import { Http1Parser } from '../../src/parse/http1.ts'
import { type ProxyVersions, readProxy } from '../../src/parse/proxyProtocol.ts'
import { ListenerPolicies } from '../../src/route/policy.ts'
import { TrustedProxies } from '../../src/route/proxies.ts'
import { route } from '../../src/route/route.ts'
import { proxyPairs } from '../../src/server/greeting.ts'
import { load } from '../../src/settings/load.ts'
import type { Settings } from '../../src/settings/registry.ts'
import { ROOMY } from '../stages/parse/record.ts'
import { environ } from '../stages/route/kit.ts'
import { ask, has, numbers } from './oracles/oracle.ts'

interface GunicornSettings {
  readonly forwarded_allow_ips: string
  readonly secure_scheme_headers: Readonly<Record<string, string>>
  readonly header_map: 'drop' | 'refuse' | 'dangerous'
  readonly forwarder_headers: string
  readonly proxy_protocol: 'off' | ProxyVersions
  readonly proxy_allow_ips: string
}

interface Case {
  readonly settings: GunicornSettings
  /** The variable SCRIPT_NAME. */
  readonly script_name: string
  /** '' for a peer on a Unix socket. */
  readonly peer: readonly [address: string, port: number] | ''
  /** As latin-1. */
  readonly bytes: string
}

const skip = has('gunicorn') ? false : 'there is no gunicorn for this Python'

const DEFAULTS: GunicornSettings = {
  forwarded_allow_ips: '127.0.0.1,::1',
  secure_scheme_headers: { 'X-FORWARDED-PROTOCOL': 'ssl', 'X-FORWARDED-PROTO': 'https', 'X-FORWARDED-SSL': 'on' },
  header_map: 'drop',
  forwarder_headers: 'SCRIPT_NAME,PATH_INFO',
  proxy_protocol: 'off',
  proxy_allow_ips: '127.0.0.1,::1',
}

/** As the dialect translates them. */
function translated({ settings, script_name }: Case): Settings {
  const file = { values: settings as unknown as Values, originOf: () => ({ kind: 'default' }) as const }
  const { given, defaults } = translate('Gunicorn', GUNICORN, mergeTold(file, [], '/'))
  const dialect = { defaults: [...besides({ SCRIPT_NAME: script_name }, false), ...defaults], warnings: [] }
  return load(given, {}, '/', () => null, dialect).settings
}

/** What the application sees here, or the code of a fault. */
function ours(one: Case): unknown {
  const { peer } = one
  const settings = translated(one)
  const bytes = Buffer.from(one.bytes, 'latin1')
  const listener =
    peer === '' ? ({ kind: 'unix' } as const) : { kind: 'tcp' as const, address: '127.0.0.1', port: 8000 }
  const policies = new ListenerPolicies(settings, listener)
  const [peerAddress, peerPort] = peer === '' ? ['', ''] : [peer[0], String(peer[1])]
  let [address, port, pairs, start] = [peerAddress, peerPort, '', 0]
  if (settings.proxyProtocol !== 'off') {
    const reading = readProxy(bytes, settings.proxyProtocol)
    if (reading.kind === 'refused') return 'PROXY_PROTOCOL_INVALID'
    if (reading.kind === 'facts') {
      const from = new TrustedProxies(settings.proxyProtocolFrom)
      if (!(peer === '' ? from.unix : from.trusts(peerAddress))) return 'PROXY_PROTOCOL_FORBIDDEN'
      if (reading.facts.ends) [address, port] = [reading.facts.ends.client, String(reading.facts.ends.clientPort)]
      pairs = proxyPairs(reading.facts)
      start = reading.byteCount
    }
  }
  const [event] = new Http1Parser(ROOMY, null).feed(bytes.subarray(start))
  if (event?.kind !== 'head') return event?.kind === 'refused' ? event.code : 'nothing'
  const found = route(event.head, policies.of(peerAddress), { address, port, pairs })
  if (found.kind === 'refused') return found.code
  const { CONTENT_LENGTH, ...rest } = environ(found)
  const [path, query = ''] = event.head.target.split('?')
  return {
    ...rest,
    PATH_INFO: found.path ?? path,
    QUERY_STRING: query,
    REMOTE_ADDR: found.address,
    REMOTE_PORT: found.port,
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  InvalidSchemeHeaders: 'SCHEME_HEADERS_DISAGREE',
  InvalidHeaderName: 'HEADER_UNDERSCORE',
  ConfigurationProblem: 'SCRIPT_NAME_MISMATCH',
  ForbiddenProxyRequest: 'PROXY_PROTOCOL_FORBIDDEN',
  InvalidProxyLine: 'PROXY_PROTOCOL_INVALID',
  InvalidProxyHeader: 'PROXY_PROTOCOL_INVALID',
}

const CODES: ReadonlySet<string> = new Set(Object.values(FAULTS))

/** Repeated headers are joined with a comma there, with a comma and a space here. */
function comparable(found: unknown): unknown {
  if (typeof found === 'string') return FAULTS[found] ?? found
  return Object.fromEntries(
    Object.entries(found as Record<string, string>).map(([key, value]) => [key, String(value).replaceAll(', ', ',')]),
  )
}

const PEERS: readonly Case['peer'][] = [['127.0.0.1', 4711], ['::1', 4711], ['192.0.2.1', 4711], '']
const LINES = [
  'X-Forwarded-Proto: https',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Proto: HTTPS',
  'X-Forwarded-Ssl: on',
  'X-Forwarded-Protocol: ssl',
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Port: 1',
  'Forwarded: for=6.6.6.6;proto=https;host=evil.example',
  'SCRIPT_NAME: /shop',
  'SCRIPT_NAME: /shop/eu',
  'Script_Name:',
  'Script-Name: /evil',
  'PATH_INFO: /evil',
  'REMOTE_USER: ann',
  'X_Custom: 1',
  'X-Other: 2',
  'X-Other: 3',
]
const PROXY_V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071090a000001126701bb', 'hex').toString('latin1')
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex').toString('latin1')
const GREETINGS = ['', '', 'PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n', PROXY_V2, 'PROXY TCP4 203.0.113.9\r\n']

function cases(count: number): Case[] {
  const next = numbers(27)
  const one = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!
  return Array.from({ length: count }, () => {
    const proxy_protocol = one(['off', 'off', 'v1', 'v2', 'auto'] as const)
    const settings: GunicornSettings = {
      forwarded_allow_ips: one(['127.0.0.1,::1', '*', '10.0.0.0/8', '192.0.2.0/24']),
      secure_scheme_headers: one([DEFAULTS.secure_scheme_headers, { 'X-FORWARDED-PROTO': 'https' }, {}]),
      header_map: one(['drop', 'drop', 'refuse', 'dangerous']),
      forwarder_headers: one(['SCRIPT_NAME,PATH_INFO', 'REMOTE_USER', '*', '']),
      proxy_protocol,
      proxy_allow_ips: one(['127.0.0.1,::1', '*', '192.0.2.1']),
    }
    const lines = Array.from({ length: Math.floor(next() * 5) }, () => one(LINES))
    const target = one(['/shop/eu/a', '/shop', '/shop/?q=1', '/other', '/shop/eu'])
    const head = [`GET ${target} HTTP/1.1`, 'Host: example.org', ...new Set(lines), '', ''].join('\r\n')
    const greeting = proxy_protocol === 'off' ? '' : one(GREETINGS)
    return { settings, script_name: one(['', '', '', '/shop']), peer: one(PEERS), bytes: greeting + head }
  })
}

/** Cases in which two things differ on purpose: see below. */
function differs({ settings, bytes }: Case): boolean {
  const names = bytes.split('\r\n').map((line) => line.split(':')[0]!.toUpperCase())
  const share = names.some((name) => names.some((other) => other !== name && other.replaceAll('-', '_') === name))
  const scripts = names.filter((name) => name === 'SCRIPT_NAME').length
  // Two names for one key; several SCRIPT_NAME; SCRIPT_NAME of anybody.
  return share || scripts > 1 || (settings.header_map === 'dangerous' && scripts > 0)
}

test('header policies, SCRIPT_NAME and the PROXY protocol are gunicorn’s', { skip }, () => {
  const all = cases(1200).filter((one) => !differs(one))
  const theirs = ask('gunicorn_headers.py', all)
  const seen = new Map<string, number>()
  for (const [at, one] of all.entries()) {
    const [our, its] = [comparable(ours(one)), comparable(theirs[at])]
    const kind = typeof its === 'string' ? its : 'taken'
    // Which of two mistakes is named depends on the order of reading; others than these are not looked at here.
    if (typeof our === 'string' && typeof its === 'string') equal(CODES.has(our), CODES.has(its), `${its} ${one.bytes}`)
    else deepEqual(our, its, JSON.stringify(one))
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
  }
  for (const kind of ['taken', ...CODES]) ok((seen.get(kind) ?? 0) > 10, `${kind}: ${seen.get(kind)}`)
})

describe('one mistake has one name', { skip }, () => {
  const ROWS: readonly [name: string, lines: string, change: Partial<Case>][] = [
    ['SCHEME_HEADERS_DISAGREE', 'X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off', {}],
    ['HEADER_UNDERSCORE', 'X_Custom: 1', { settings: { ...DEFAULTS, header_map: 'refuse' } }],
    ['SCRIPT_NAME_MISMATCH', 'SCRIPT_NAME: /other', {}],
    ['SCRIPT_NAME_MISMATCH', 'X-A: 1', { script_name: '/other' }],
  ]
  const all = ROWS.map(([, lines, change]): Case => {
    const bytes = `GET /shop HTTP/1.1\r\nHost: example.org\r\n${lines}\r\n\r\n`
    return { settings: DEFAULTS, script_name: '', peer: ['127.0.0.1', 4711], bytes, ...change }
  })
  const theirs = skip ? [] : ask('gunicorn_headers.py', all)
  for (const [at, [code, lines]] of ROWS.entries())
    test(`${code}: ${lines.replaceAll('\r\n', ', ')}`, () =>
      deepEqual([ours(all[at]!), comparable(theirs[at])], [code, code]))
})

describe('where they are not (docs/decisions/0017)', { skip }, () => {
  const asked = (lines: string, target: string, change: Partial<GunicornSettings>, start = ''): Case => ({
    settings: { ...DEFAULTS, ...change },
    script_name: '',
    peer: ['127.0.0.1', 4711],
    bytes: `${start}GET ${target} HTTP/1.1\r\nHost: example.org\r\n${lines}\r\n\r\n`,
  })
  const proxied = { proxy_protocol: 'auto' } as const
  const pick = (found: unknown, key: string) =>
    typeof found === 'string' ? found : ((found as Record<string, unknown>)[key] ?? null)

  const ROWS: readonly [name: string, one: Case, key: string, theirs: unknown, ours: unknown][] = [
    [
      'a prefix ends with a segment',
      asked('SCRIPT_NAME: /shop', '/shopping', {}),
      'PATH_INFO',
      'ping',
      'SCRIPT_NAME_MISMATCH',
    ],
    ['… also one with a slash at its end', asked('SCRIPT_NAME: /shop/', '/shop/a', {}), 'PATH_INFO', 'a', '/a'],
    [
      'a prefix that is no path',
      asked('SCRIPT_NAME: //evil', '//evil/a', {}),
      'SCRIPT_NAME',
      '//evil',
      'FORWARDED_INVALID',
    ],
    [
      'what a client sent with hyphens is not joined to the word of a proxy',
      asked('Remote-User: evil\r\nREMOTE_USER: ann', '/', { forwarder_headers: 'REMOTE_USER' }),
      'HTTP_REMOTE_USER',
      'evil,ann',
      'ann',
    ],
    [
      'dangerous lets nobody but a trusted proxy set SCRIPT_NAME',
      asked('SCRIPT_NAME: /shop', '/shop/a', { header_map: 'dangerous', forwarded_allow_ips: '10.0.0.1' }),
      'SCRIPT_NAME',
      '/shop',
      '',
    ],
    ['LOCAL leaves the peer', asked('', '/', proxied, LOCAL), 'REMOTE_ADDR', null, '127.0.0.1'],
    ['UNKNOWN is taken', asked('', '/', proxied, 'PROXY UNKNOWN\r\n'), 'REMOTE_ADDR', 'InvalidProxyLine', '127.0.0.1'],
    [
      'a port with a sign is none',
      asked('', '/', proxied, 'PROXY TCP4 203.0.113.9 10.0.0.1 +4711 443\r\n'),
      'REMOTE_PORT',
      '4711',
      'PROXY_PROTOCOL_INVALID',
    ],
  ]
  const theirs = skip
    ? []
    : ask(
        'gunicorn_headers.py',
        ROWS.map(([, one]) => one),
      )
  for (const [at, [name, one, key, its, our]] of ROWS.entries())
    test(name, () => deepEqual([pick(theirs[at], key), pick(ours(one), key)], [its, our]))
})
