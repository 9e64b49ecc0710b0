import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { readLine } from '../../src/cli/dialects/gunicorn/line.ts'
import { GUNICORN, gunicornRow } from '../../src/cli/dialects/gunicorn/table.ts'
import type { Value } from '../../src/cli/dialects/verdict.ts'
import { Fault } from '../../src/faults/fault.ts'
import { PYTHON, ROOT } from '../kit/server.ts'

const ORACLE = join(ROOT, 'tests/guests/gunicorn_oracle.py')

/** Gunicorn 27 needs CPython 3.10. */
const skip = canAsk() ? false : 'this Python has no Gunicorn'

function canAsk(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import gunicorn'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function ask<T>(what: string, input: unknown = null): T {
  const { PORT, WEB_CONCURRENCY, FORWARDED_ALLOW_IPS, ...env } = process.env
  return JSON.parse(execFileSync(PYTHON, [ORACLE, what], { input: JSON.stringify(input), encoding: 'utf8', env }))
}

interface Listed {
  readonly name: string
  readonly section: string
  readonly flags: readonly string[]
  readonly takes: string | null
  readonly fixed: Value
  readonly metavar: string
  readonly default: Value
}

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1

/** Whoever installs a newer Gunicorn sees here what it has that we don't know. */
test('names, sections, flags and defaults are those of the installed Gunicorn', { skip }, () => {
  const ours = GUNICORN.map((row): Listed => {
    const isFlag = row.flags.length > 0
    return {
      name: row.name,
      section: row.section,
      flags: row.flags,
      takes: isFlag ? row.kind.takes : null,
      fixed: isFlag && row.kind.fixed !== true ? row.kind.fixed : null,
      metavar: row.metavar,
      default: row.default,
    }
  })
  deepEqual(ours.sort(byName), ask<Listed[]>('list').sort(byName))
})

type Outcome =
  | { readonly exit: number }
  | { readonly words: readonly string[]; readonly values: Readonly<Record<string, unknown>> }

function outcome(argv: readonly string[]): Outcome {
  try {
    const { told, words, switches } = readLine(argv, 'command line')
    if (switches.size > 0) return { exit: 0 }
    return { words, values: Object.fromEntries([...told].map(([row, { value }]) => [row.name, value])) }
  } catch (error) {
    if (error instanceof Fault && error.code === 'USAGE') return { exit: 2 }
    throw error
  }
}

const LINES = `

app
app other
app --workers 2
--workers 2 app
--workers=2 app:make("x")
-w2 app
-w=2 app
-w 2 -w 3 app
--work 2 app
--worker 2 app
--workers
--workers --bind
--workers=
--workers= 4
--workers +4
--workers 1_000
--workers 4.0
--workers 0x4
--workers -4
--workers -x
--max-requests-j 5 app
--max-requests 5 app
--max-r 5 app
-b :80 --bind 127.0.0.1:1 -b=[::1]:2 app
app -b :80 --bind unix:/x
-e A=1 -eB=2 --env C=3 app
-eA=1=2
-e=A=1
-D app
-Dw4 app
-DRw 4 app
-Dx app
-Dw
-D=1
--daemon=1
--daemon= app
--daemo app
--proxy-protocol app
--proxy-protocol v2 app
--proxy-protocol=v1 app
app --proxy-protocol
--proxy-protocol -D app
--proxy-protocol -- app
app -- -w
-- app -w 2
-- app -- x
-w 2 -- app
app --
-w -- 2
--umask 022 app
-m 0o22 app
-m 0x12 app
-m 18
-m 9z
-m 08
--control-socket-mode 0660 app
--limit-request-field_size 5
--limit-request-field-size 5
--limit-request-f 5
--limit-request-fields 5
--no-sendfile app
--no-control-socket app
--no-c
--no
--paste a.ini
--paster a.ini
--past a.ini
--paste-g k=v
--log-f x.log
--error x.log
--log-level debug app
--log-l debug app
--cert x.pem
--certf x.pem
--cert-reqs 2
-c conf.py -c other.py
-cconf.py
-v
--version
--vers
-h
--help
-w x -v
-v -w x
--unknown app
-x app
-x=1 app
-5 app
-5.5 app
- app
app -w 2 other
app other -w 2
-w 2 app other -D third
--access-logformat %(h)s
-k gthread --threads 4 -t 60 --graceful-timeout 10 --keep-alive 5 app
-n name -p pid -u me -g us app
--http-protocols h1,h2
--reload --reload-engine poll --reload-extra-file a --reload-extra-file b app
--dirty-app a:B --dirty-w 1 app
--chdir /tmp --pythonpath a,b app
--statsd-host localhost:8125 --statsd-p x --dogstatsd-tags a:b app
--enable-b app
--enable app
--suppress-ragged-eofs app
`
  .split('\n')
  .map((line) => (line === '' ? [] : line.split(' ')))

/** With spaces in their words. */
const SPACED: readonly (readonly string[])[] = [
  ['--access-logformat', '%(h)s %(t)s', 'app'],
  ['--access-logformat', '-x y', 'app'],
  ['--access-logformat', '-e y', 'app'],
  ['--access-logformat=--x y', 'app'],
  ['-b', '', 'app'],
  ['--workers', ' 4 ', 'app'],
  ['', 'app'],
  ['--work ers', '2'],
]

test('command lines mean what they mean to the installed Gunicorn', { skip }, () => {
  const lines = [...LINES, ...SPACED]
  const theirs = ask<Outcome[]>('parse', lines)
  for (const [at, line] of lines.entries()) deepEqual(outcome(line), theirs[at], line.join(' '))
})

const PIECES =
  'app 2 x - -- -1 -1.5 a=b v1 0x1 022 -Dw -Dw4 -DR -b = -= --= -w= -we -c --b --w --no --p --paste ---workers'
    .split(' ')
    .concat('', 'a b', '-x y', '-w y')

/** The same at each run: what fails can be looked at again. */
function* lines(count: number): Generator<string[]> {
  let seed = 1
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return (seed >> 8) % limit
  }
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!
  const flags = GUNICORN.flatMap((row) => row.flags)
  const piece = (): string => {
    const flag = one(flags)
    const word = one(PIECES)
    const begun = flag.slice(0, 2 + below(flag.length))
    // `--flag=--` is an empty list to argparse before Python 3.13, which nobody can want.
    const glued = word === '--' ? 'x' : word
    return one([
      flag,
      flag,
      begun,
      `${flag}=${glued}`,
      `${begun}=${glued}`,
      flag.length === 2 ? flag + glued : flag,
      word,
      word,
    ])
  }
  for (let line = 0; line < count; line++) yield Array.from({ length: below(6) }, piece)
}

/** An option of our own, which theirs can't know. */
const isOurs = (word: string): boolean => word.startsWith('--ex')

test('command lines of chance mean what they mean to the installed Gunicorn', { skip }, () => {
  const all = [...lines(1500)].filter((line) => !line.some(isOurs))
  const theirs = ask<Outcome[]>('parse', all)
  const readByBoth = theirs.filter((each) => !('exit' in each)).length
  ok(readByBoth > 300, `${readByBoth} lines can be read`)
  for (const [at, line] of all.entries()) deepEqual(outcome(line), theirs[at], JSON.stringify(line))
})

const VALUES: readonly (readonly [name: string, value: Value])[] = [
  ...[4, '4', '0x10', '0o17', '010', ' 4', -1, '-1', true, null, '', 'x', '1_0'].map((v) => ['workers', v] as const),
  ...[true, false, 'true', ' False ', 'yes', 1, null].map((v) => ['daemon', v] as const),
  ...['a', ['a', ' b '], [], '', null, ['a', 1]].map((v) => ['bind', v] as const),
  ...[' x ', '', null, 5, ['x']].map((v) => ['pidfile', v] as const),
  ...['*', '10.0.0.0/8', '10.0.0.1/8', '127.0.0.1, ::1', '', null, 'nobody', 'fe80::/10', '1.2.3.4/33'].map(
    (v) => ['forwarded_allow_ips', v] as const,
  ),
  ...['off', 'V1', 'auto', true, false, 'none', '0', '1', 'v3', null, 1].map((v) => ['proxy_protocol', v] as const),
  ...['drop', ' Refuse', 'dangerous', 'keep', 1].map((v) => ['header_map', v] as const),
  ...['h1', 'h2,h1', 'h3', 'h1,h1', '', ' H2 ', null, 1].map((v) => ['http_protocols', v] as const),
  ...['off', 'upgrade', true, false, 'x', null].map((v) => ['http2_cleartext', v] as const),
  ...[16384, 1, '16777215', 16777216].map((v) => ['http2_max_frame_size', v] as const),
  ...['auto', 'FAST', 'c'].map((v) => ['http_parser', v] as const),
  ...[{ a: 1 }, {}, [], 'x'].map((v) => ['logconfig_dict', v] as const),
  ...['a,b', 'a', '', null, 'a, b,,c'].map((v) => ['forwarder_headers', v] as const),
  ...['auto', 'poll', 'x'].map((v) => ['reload_engine', v] as const),
]

test('values are taken and refused as the installed Gunicorn does', { skip }, () => {
  const theirs = ask<({ value: Value } | { error: string })[]>('check', VALUES)
  for (const [at, [name, value]] of VALUES.entries()) {
    const expected = theirs[at]!
    const ours = gunicornRow(name)!.kind.check(value)
    const shown = `${name} = ${JSON.stringify(value)}`
    if ('error' in expected) equal(ours, undefined, shown)
    else deepEqual(ours, expected.value, shown)
  }
})
