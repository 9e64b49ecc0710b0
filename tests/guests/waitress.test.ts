import { deepEqual, equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { ADJUSTMENTS } from '../../src/cli/dialects/waitress/adjustments.ts'
import { readCommandLine } from '../../src/cli/dialects/waitress/arguments.ts'
import { translateAdjustments } from '../../src/cli/dialects/waitress/waitress.ts'
import { Fault } from '../../src/faults/fault.ts'
import { parseBind } from '../../src/listen/bind.ts'
import { PYTHON, ROOT } from '../kit/server.ts'

const ORACLE = join(ROOT, 'tests/guests/waitress_oracle.py')
const APP = 'wsgiref.simple_server:demo_app'

function ask<T>(what: string, input: unknown = null): T {
  return JSON.parse(execFileSync(PYTHON, [ORACLE, what], { input: JSON.stringify(input), encoding: 'utf8' }))
}

/** Whoever installs a newer Waitress sees here what it has that we don't know. */
test('names, kinds and defaults are those of the installed Waitress', () => {
  const theirs = ask<Record<string, { kind: string; default: unknown }>>('list')
  // Unset, it becomes 1 there.
  equal(theirs.trusted_proxy_count!.default, null)
  theirs.trusted_proxy_count!.default = 1
  const ours = Object.fromEntries(ADJUSTMENTS.map((row) => [row.name, { kind: row.kind, default: row.default }]))
  deepEqual(ours, theirs)
})

interface Outcome {
  readonly given: Readonly<Record<string, string>>
  readonly app: string
  readonly listen: readonly (readonly [string, number])[]
}

/** What a command line means here, in the oracle's words. */
function outcome(argv: readonly string[]): Outcome | 'help' | null {
  try {
    const { given, app, switches } = readCommandLine(argv)
    if (switches.has('help')) return 'help'
    const { given: settings, dialect } = translateAdjustments(given, (name) => ({ kind: 'flag', name }))
    const binds = [...dialect.defaults, ...settings].findLast(({ key }) => key === 'bind')!
    const listen = given.has('unix_socket') ? [['0.0.0.0', 8080] as const] : binds.words.flatMap(addresses)
    return { given: Object.fromEntries(given), app: app!.replace(/.*[:.]/, ''), listen }
  } catch (error) {
    if (error instanceof Fault) return null
    throw error
  }
}

function addresses(word: string): (readonly [string, number])[] {
  const spec = parseBind(word)
  if (spec.kind !== 'tcp') throw new Error(word)
  const hosts = spec.host === '' ? ['0.0.0.0', '::'] : [spec.host]
  return hosts.map((host) => [host, spec.port])
}

const LINES: readonly (readonly string[])[] = [
  [],
  ['--help'],
  ['--help', '--threads=2'],
  ['--help', 'a', 'b'],
  [APP],
  ['wsgiref.simple_server.demo_app'],
  ['--', APP],
  [APP, '--port=80'],
  [APP, APP],
  ['-p', '80', APP],
  ['--port=80', APP],
  ['--port', '80', APP],
  ['--port'],
  ['--port='],
  ['--port=', APP],
  ['--port=eighty', APP],
  ['--port= 8_0 ', APP],
  ['--po=80', APP],
  ['--p', '80', APP],
  ['--port=80', '--port=81', APP],
  ['--host=127.0.0.1', APP],
  ['--host=::1', APP],
  ['--host=*', APP],
  ['--host=127.0.0.1', '--port=9000', APP],
  ['--listen=127.0.0.1:80', '--listen=[::1]:81', APP],
  ['--listen=127.0.0.1:80 127.0.0.1:80', APP],
  ['--listen=*:8080', APP],
  ['--listen=*:8080', '--no-ipv6', APP],
  ['--listen=*:8080', '--no-ipv4', APP],
  ['--listen=*:8080', '--no-ipv4', '--no-ipv6', APP],
  ['--listen=*:8080', '--no-ipv6', '--ipv6', APP],
  ['--listen=[::1]:80', '--no-ipv6', APP],
  ['--listen=127.0.0.1:80', '--no-ipv4', APP],
  ['--listen=127.0.0.1', APP],
  ['--listen=[::1]', APP],
  ['--listen=*', APP],
  ['--listen=:8080', APP],
  ['--listen=127.0.0.1:http', APP],
  ['--listen=127.0.0.1:99999x', APP],
  ['--li=127.0.0.1:80', '--listen=127.0.0.1:81', APP],
  ['--host=127.0.0.1', '--listen=127.0.0.1:81', APP],
  ['--port=1', '--listen=127.0.0.1:81', APP],
  ['--unix-socket=/tmp/a', APP],
  ['--unix-socket=/tmp/a', '--unix-socket-perms=660', APP],
  ['--unix-socket=/tmp/a', '--unix-socket-perms=0660', APP],
  ['--unix-socket=/tmp/a', '--port=1', APP],
  ['--unix-socket=/tmp/a', '--host=a', APP],
  ['--unix-socket=/tmp/a', '--listen=127.0.0.1:1', APP],
  ['--unix-socket=/tmp/a', '--sockets=a', APP],
  ['--sockets=a', '--listen=127.0.0.1:1', APP],
  ['--expose-tracebacks', APP],
  ['--no-expose-tracebacks', APP],
  ['--expose-tracebacks=true', APP],
  ['--e', APP],
  ['--no-e', APP],
  ['--as', APP],
  ['--url-prefix=/a/', '--url-scheme=https', '--ident=', APP],
  ['--threads=x', APP],
  ['--trusted-proxy=10.0.0.1', APP],
  ['--trusted-proxy=', APP],
  ['--trusted-proxy=10.0.0.1', '--trusted-proxy-count=2', APP],
  ['--trusted-proxy-count=2', APP],
  ['--trusted-proxy-headers=forwarded', APP],
  ['--trusted-proxy=10.0.0.1', '--trusted-proxy-headers=Forwarded', APP],
  ['--trusted-proxy=10.0.0.1', '--trusted-proxy-headers=forwarded x-forwarded-for', APP],
  ['--trusted-proxy=10.0.0.1', '--trusted-proxy-headers=x-forwarded-for x-forwarded-by', APP],
  ['--trusted-proxy=10.0.0.1', '--trusted-proxy-headers=x-forwarded-prefix', APP],
  ['--thread=8', '--conn=1000', '--chan=3', APP],
  ['--channel-t=3', APP],
  ['--nothing', APP],
  ['--=1', APP],
]

/** Every beginning of every option: where it is one, and where it may be several. */
function beginnings(): string[][] {
  const flags = [...new Set([...ADJUSTMENTS.flatMap((row) => row.flags), '--help'])]
  const all = flags.flatMap((flag) => Array.from({ length: flag.length - 2 }, (_, at) => flag.slice(0, at + 3)))
  return [...new Set(all)].flatMap((flag) => [
    [flag, APP],
    [`${flag}=1`, APP],
  ])
}

test('command lines are taken as the installed Waitress takes them', () => {
  const lines = [...LINES, ...beginnings()]
  const theirs = ask<(Outcome | 'help' | null)[]>('lines', lines)
  for (const [index, argv] of lines.entries()) {
    if (isOurOwn(argv)) continue
    deepEqual([argv, outcome(argv)], [argv, theirs[index]])
  }
})

/** Refused here, with what to do instead; there it has an effect that nobody can want, or fails later. */
function isOurOwn(argv: readonly string[]): boolean {
  const [first = ''] = argv
  return first.startsWith('--so') || /^--(host|li\w*|ho\w*)=1$/.test(first) || /^--(unix-\w*|c\w*)/.test(first)
}
