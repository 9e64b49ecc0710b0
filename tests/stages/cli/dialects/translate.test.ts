import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { translate } from '../../../../src/cli/dialects/translate.ts'
import type { ForeignRow, Told, Value, Verdict } from '../../../../src/cli/dialects/verdict.ts'
import { originText } from '../../../../src/settings/given.ts'
import { load } from '../../../../src/settings/load.ts'

const row = (name: string, normally: Value, verdict: Verdict): ForeignRow => ({
  name,
  section: 'Any',
  flags: [`--${name}`],
  default: normally,
  help: '',
  verdict,
})

const ROWS: readonly ForeignRow[] = [
  row('patience', 30, {
    kind: 'mapped',
    to: '--timeout',
    give: (value) => [{ key: 'timeoutMs', words: [`${value}s`] }],
  }),
  row('threads', 4, { kind: 'same', to: '--threads', give: (value) => [{ key: 'threads', words: [String(value)] }] }),
  row('heartbeat', '/tmp', { kind: 'accepted', why: 'there is none' }),
  row('h3', false, { kind: 'refused', instead: 'wait for it' }),
]

function told(values: Readonly<Record<string, Value>>): Map<string, Told> {
  const entries = Object.entries(values).map(([name, value]) => {
    const origin = { kind: 'dialect', server: 'Other', source: 'other.conf, line 3', name } as const
    return [name, { value, origin }] as const
  })
  return new Map(entries)
}

function loaded(values: Readonly<Record<string, Value>>, variables: Readonly<Record<string, string>> = {}) {
  const { given, ...dialect } = translate('Other', ROWS, told(values))
  return load(given, variables, '/here', () => null, dialect)
}

test('what was told is stronger than DRAM_*, which is stronger than the other server’s defaults', () => {
  equal(loaded({}).settings.threads, 4)
  equal(loaded({}, { DRAM_THREADS: '2' }).settings.threads, 2)
  equal(loaded({ threads: 8 }, { DRAM_THREADS: '2' }).settings.threads, 8)
})

test('PORT, WEB_CONCURRENCY and the usual files are left to the dialect; DRAM_CONFIG names a file of ours', () => {
  const { given, ...dialect } = translate('Other', ROWS, told({}))
  const variables = { PORT: '9000', WEB_CONCURRENCY: '7' }
  const files: Record<string, string> = { '/here/dram.toml': 'queue = 5', '/there/own.toml': 'queue = 6' }
  const read = (path: string): string | null => files[path] ?? null
  const without = load(given, variables, '/here', read, dialect)
  deepEqual(without.settings.bind, ['127.0.0.1:8000'])
  equal(without.settings.workers.most, 0)
  equal(without.settings.queue, 2048)
  equal(load(given, { DRAM_CONFIG: '/there/own.toml' }, '/here', read, dialect).settings.queue, 6)
})

test('an origin says where the words stood', () => {
  const { origins } = loaded({ patience: 20 })
  equal(originText(origins.timeoutMs), 'other.conf, line 3, patience')
  equal(originText(origins.threads), "Other's default")
})

test('what has no effect warns, unless it is the default anyway', () => {
  deepEqual(loaded({ heartbeat: '/dev/shm' }).warnings, [
    "Other's setting has no effect here (other.conf, line 3, heartbeat): there is none",
  ])
  deepEqual(loaded({ heartbeat: '/tmp' }).warnings, [])
})

test('what is refused says what to do instead, unless it is the default anyway', () => {
  throws(() => loaded({ h3: true }), {
    code: 'SETTING_REFUSED',
    message: 'not served here: other.conf, line 3, h3',
    hint: 'wait for it',
  })
  equal(loaded({ h3: false }).settings.threads, 4)
})

test('a value that ours can’t be names the other server’s setting', () => {
  throws(() => loaded({ patience: 900_000 }), { code: 'SETTING_INVALID', message: /^patience \(other\.conf, line 3\)/ })
})
