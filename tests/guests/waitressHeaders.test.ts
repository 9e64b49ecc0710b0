import { deepEqual, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RouteSettings } from '../../src/route/policy.ts'
import { route } from '../../src/route/route.ts'
import { blockOf, environ, headOf, PEER, PROXY, policyOf } from '../stages/route/kit.ts'
import { ask, has, numbers } from './oracles/oracle.ts'

/** Waitress's settings, and a request. */
interface Case {
  readonly peer: string
  readonly trusted: string | null
  readonly count: number
  readonly names: readonly string[]
  readonly clear: boolean
  readonly headers: readonly (readonly [name: string, value: string])[]
}

const skip = has('waitress') ? false : 'there is no waitress'

function settingsOf({ trusted, count, names, clear }: Case): Partial<RouteSettings> {
  return {
    trustedProxies: trusted === null ? [] : [trusted],
    proxyHops: count,
    forwardedRules: 'counted',
    forwardedHeaders: names as RouteSettings['forwardedHeaders'],
    untrustedForwarded: clear ? 'drop' : 'keep',
  }
}

/** What the application sees here, as far as waitress's wrapper touches it; the name of a header that is refused. */
function ours(one: Case): unknown {
  const lines = one.headers.map((pair) => pair.join(': '))
  const found = route(headOf('/', blockOf(lines)), policyOf(settingsOf(one)), PEER)
  if (found.kind === 'refused') return `400 Bad Request Header "${found.values.name}" malformed.`
  const { SCRIPT_NAME, ...rest } = environ(found)
  return { ...rest, REMOTE_ADDR: found.address, REMOTE_PORT: found.port }
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'X-Forwarded-For': [
    '203.0.113.9',
    '203.0.113.9:8080',
    '2001:db8::1',
    '[2001:db8::1]',
    '"203.0.113.9:80"',
    '198.51.100.1, 203.0.113.9',
    ' 198.51.100.1 ,203.0.113.9:80 ,  10.0.0.2',
    'unknown, _hidden',
    '1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4',
    '"unclosed',
    '1.1.1.1, "unclosed',
    '"a"b", 1.1.1.1',
    '',
    ',',
    '1.1.1.1,',
  ],
  'X-Forwarded-Host': [
    'shop.example',
    'shop.example:8443',
    'shop.example:80',
    '[2001:db8::1]',
    '[2001:db8::1]:8443',
    'a.example, b.example:81',
    '"shop.example"',
    '"shop.example',
    'Shop.Example',
    '',
  ],
  'X-Forwarded-Proto': ['http', 'https', 'HTTPS', '"https"', 'https, http', 'ftp', 'wss', '"https', ''],
  'X-Forwarded-Port': ['80', '443', '8443', '"8443"', '80, 443', '"80', ''],
  'X-Forwarded-By': ['10.0.0.1', ''],
  Forwarded: [
    'for=203.0.113.9',
    'For="[2001:db8::1]:4711";Host=Shop.Example:8443;Proto=HTTPS',
    'for=198.51.100.1;proto=https, for=203.0.113.9;host=b.example',
    'for=1.1.1.1;host=a.example,for=2.2.2.2,for=3.3.3.3;proto=http',
    'proto=https',
    'host=shop.example',
    'by=10.0.0.1;for=203.0.113.9;secret=x',
    'for=203.0.113.9; proto=https',
    'for = 203.0.113.9',
    'for',
    'for="unclosed',
    'proto=ftp',
    'for=unknown;;proto=https',
    ' for=203.0.113.9 , for=10.0.0.1 ',
    'by="a',
    '',
  ],
}

const NAMES: readonly (readonly string[])[] = [
  ['x-forwarded-for'],
  ['x-forwarded-proto'],
  ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-by'],
  ['x-forwarded-host', 'x-forwarded-port'],
  ['x-forwarded-for', 'x-forwarded-by'],
  ['forwarded'],
]

function cases(count: number): Case[] {
  const next = numbers(4)
  const one = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!
  return Array.from({ length: count }, () => ({
    peer: PROXY,
    trusted: one([PROXY, PROXY, PROXY, '*', '192.0.2.99', null]),
    count: one([1, 1, 2, 3]),
    names: one(NAMES),
    clear: next() < 0.7,
    headers: Object.entries(VALUES).flatMap(([name, values]) => {
      const times = one([0, 1, 1, 1, 2])
      return Array.from({ length: times }, () => [name, one(values)] as const)
    }),
  }))
}

/** Each header alone with each of its values, trusted. */
function singles(): Case[] {
  return Object.entries(VALUES).flatMap(([name, values]) =>
    values.flatMap((value) =>
      [1, 2].map((count) => ({
        peer: PROXY,
        trusted: PROXY,
        count,
        names: [name.toLowerCase()],
        clear: true,
        headers: [[name, value] as const],
      })),
    ),
  )
}

/** Where waitress says what was wrong by another name for the same header. */
const NAMED: Readonly<Record<string, string>> = { 'Forwarded Proto=': 'Forwarded' }

function comparable(theirs: unknown): unknown {
  if (typeof theirs !== 'string') return theirs
  return theirs.replace(/"(.*)"/, (_, name: string) => `"${NAMED[name] ?? name}"`)
}

test('the rules counted are waitress’s', { skip }, () => {
  const all = [...singles(), ...cases(600)]
  const theirs = ask('waitress_headers.py', all)
  let refused = 0
  for (const [at, one] of all.entries()) {
    deepEqual(ours(one), comparable(theirs[at]), JSON.stringify(one))
    if (typeof theirs[at] === 'string') refused++
  }
  ok(refused > 100 && refused < all.length / 2, `${refused} of ${all.length} were refused`)
})

describe('where they are not (docs/decisions/0017)', { skip }, () => {
  const alone = (name: string, value: string): Case => ({
    peer: PROXY,
    trusted: PROXY,
    count: 1,
    names: [name.toLowerCase()],
    clear: true,
    headers: [[name, value]],
  })
  const pick = (found: unknown, key: string) =>
    typeof found === 'string' ? found : (found as Record<string, string>)[key]
  const MALFORMED = (name: string) => `400 Bad Request Header "${name}" malformed.`

  const ROWS: readonly [name: string, value: string, key: string, theirs: string, ours: string][] = [
    ['X-Forwarded-For', 'a b', 'REMOTE_ADDR', 'a b', MALFORMED('X-Forwarded-For')],
    ['X-Forwarded-For', ':80', 'REMOTE_ADDR', ':80', MALFORMED('X-Forwarded-For')],
    ['X-Forwarded-For', '" "', 'REMOTE_ADDR', 'IndexError', MALFORMED('X-Forwarded-For')],
    ['X-Forwarded-For', '::ffff:192.0.2.7', 'REMOTE_ADDR', '::ffff', '::ffff:192.0.2.7'],
    ['X-Forwarded-For', '"[2001:db8::1]:4711"', 'REMOTE_ADDR', '[2001:db8::1]:4711', '2001:db8::1'],
    ['X-Forwarded-For', '203.0.113.9:_x', 'REMOTE_PORT', '_x', ''],
    ['X-Forwarded-Host', 'a/b', 'HTTP_HOST', 'a/b', MALFORMED('X-Forwarded-Host')],
    ['X-Forwarded-Host', 'a:b', 'SERVER_PORT', 'b', MALFORMED('X-Forwarded-Host')],
    ['X-Forwarded-Port', 'x', 'SERVER_PORT', 'x', MALFORMED('X-Forwarded-Port')],
    ['X-Forwarded-Port', '70000', 'SERVER_PORT', '70000', MALFORMED('X-Forwarded-Port')],
    ['Forwarded', 'host=a/b', 'HTTP_HOST', 'a/b', MALFORMED('Forwarded')],
  ]
  const theirs = skip
    ? []
    : ask(
        'waitress_headers.py',
        ROWS.map(([name, value]) => alone(name, value)),
      )
  for (const [at, [name, value, key, its, our]] of ROWS.entries())
    test(`${name}: ${value}`, () => {
      deepEqual([pick(theirs[at], key), pick(ours(alone(name, value)), key)], [its, our])
    })
})
