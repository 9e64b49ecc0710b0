import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from '../../../../src/cli/dialects/explain.ts'
import { gunicornExit } from '../../../../src/cli/dialects/gunicorn/exits.ts'
import { helpText } from '../../../../src/cli/dialects/gunicorn/help.ts'
import { readLine } from '../../../../src/cli/dialects/gunicorn/line.ts'
import { lineOf } from '../../../../src/cli/dialects/gunicorn/lineOf.ts'
import { GunicornSettings } from '../../../../src/cli/dialects/gunicorn/load.ts'
import { printConfig, pythonText } from '../../../../src/cli/dialects/gunicorn/printConfig.ts'
import { foreignNames, suggestions } from '../../../../src/cli/dialects/gunicorn/suggest.ts'
import { GUNICORN, gunicornRow } from '../../../../src/cli/dialects/gunicorn/table.ts'
import { mergeTold } from '../../../../src/cli/dialects/gunicorn/told.ts'
import { shellWords } from '../../../../src/cli/dialects/shellWords.ts'
import { translate } from '../../../../src/cli/dialects/translate.ts'
import type { Value } from '../../../../src/cli/dialects/verdict.ts'
import { Fault } from '../../../../src/faults/fault.ts'
import { NOTHING_INHERITED } from '../../../../src/house/birth.ts'
import { originText } from '../../../../src/settings/given.ts'
import { load } from '../../../../src/settings/load.ts'
import { fileKey, SETTING_KEYS } from '../../../../src/settings/registry.ts'

/** A folder without a configuration file. */
const FOLDER = '/nowhere'

type Variables = Readonly<Record<string, string>>

function reading(line: string, variables: Variables = {}, isLenient = false, activated = 0) {
  const world = {
    variables,
    folder: FOLDER,
    columns: 80,
    out: () => {},
    inherited: { ...NOTHING_INHERITED, activated },
  }
  return new GunicornSettings(readLine(line.split(' ').filter(Boolean), 'command line'), world).read(isLenient)
}

async function settingsOf(line: string, variables: Variables = {}) {
  return (await reading(line, variables)).loaded.settings
}

test('there are 120 settings, each with one verdict and words of its own', () => {
  equal(new Set(GUNICORN.map(({ name }) => name)).size, 120)
  for (const { name, help, verdict } of GUNICORN) {
    ok(help.length > 0, name)
    const words = 'to' in verdict ? verdict.to : 'why' in verdict ? verdict.why : verdict.instead
    ok(words.length > 2, name)
  }
})

test('its defaults are in force where nothing is told', async () => {
  const { loaded } = await reading('shop:app')
  const { settings } = loaded
  equal(settings.app, 'shop:app')
  deepEqual(settings.bind, ['127.0.0.1:8000'])
  deepEqual(settings.workers, { least: 1, most: 1 })
  equal(settings.threads, 1)
  equal(settings.gracefulTimeoutMs, 30_000)
  equal(settings.keepAliveMs, 2_000)
  equal(settings.backlog, 2048)
  equal(settings.maxRequestLineBytes, 4094)
  equal(settings.maxBodyBytes, 0)
  equal(settings.accessLog, null)
  equal(settings.unixMode, 0o777)
  equal(settings.minWorkerLifetimeMs, 0)
  deepEqual(loaded.warnings, [])
  equal(originText(loaded.origins.keepAliveMs), "Gunicorn's default")
})

test('what platforms set in the environment changes defaults, and is weaker than the command line', async () => {
  const platform = { PORT: '9000', WEB_CONCURRENCY: '3', FORWARDED_ALLOW_IPS: '*' }
  const settings = await settingsOf('shop:app', platform)
  deepEqual(settings.bind, ['0.0.0.0:9000'])
  equal(settings.workers.most, 3)
  ok(settings.trustedProxies.includes('*'))
  equal((await settingsOf('-w 2 -b :1 shop:app', platform)).workers.most, 2)
  await rejects(settingsOf('shop:app', { WEB_CONCURRENCY: 'many' }), { code: 'SETTING_INVALID' })
})

test('GUNICORN_CMD_ARGS is stronger than DRAM_*, weaker than the command line; its APP counts for nothing', async () => {
  const variables = { GUNICORN_CMD_ARGS: '-w 3 --threads 4 other:app', DRAM_WORKERS: '9', DRAM_QUEUE: '7' }
  const { loaded } = await reading('--threads 2 shop:app', variables)
  equal(loaded.settings.workers.most, 3)
  equal(loaded.settings.threads, 2)
  equal(loaded.settings.queue, 7)
  equal(loaded.settings.app, 'shop:app')
  equal(originText(loaded.origins.workers), 'GUNICORN_CMD_ARGS, -w')
  equal(originText(loaded.origins.threads), 'command line, --threads')
})

test('a file is weaker than both, and a list that is given anew replaces its list', () => {
  const originOf = () => ({ kind: 'dialect', server: 'Gunicorn', source: 'g.py', name: '' }) as const
  const file = { values: { bind: ['a:1', 'b:2'], raw_env: ['A=1'], workers: 5 } as Record<string, Value>, originOf }
  const told = mergeTold(file, [readLine(['-b', 'c:3', '-b', 'd:4'], 'x'), readLine(['-w', '2'], 'y')], FOLDER)
  deepEqual(told.get('bind')!.value, ['c:3', 'd:4'])
  deepEqual(told.get('raw_env')!.value, ['A=1'])
  equal(told.get('workers')!.value, 2)
})

test('sockets of a service manager are all that is listened at', async () => {
  deepEqual((await reading('-b :80 shop:app', {}, false, 2)).loaded.settings.bind, ['fd://3', 'fd://4'])
})

const MEANINGS: readonly (readonly [line: string, expected: Readonly<Record<string, unknown>>])[] = [
  ['-b :80', { bind: ['0.0.0.0:80'] }],
  ['-b LOCALHOST', { bind: ['localhost'] }],
  ['-b tcp://1.2.3.4:5', { bind: ['1.2.3.4:5'] }],
  ['-b unix:///run/x -b [::1]:2 -b fd://3', { bind: ['unix:/run/x', '[::1]:2', 'fd://3'] }],
  ['-b unix:x --chdir /srv', { bind: ['unix:/srv/x'], chdir: '/srv' }],
  [
    '--chdir shop -p a.pid --log-file e.log --access-logfile -',
    { chdir: '/nowhere/shop', pidfile: '/nowhere/shop/a.pid', logFile: '/nowhere/shop/e.log', accessLog: '-' },
  ],
  ['--limit-request-line 0', { maxRequestLineBytes: 32_000 }],
  ['--limit-request-line 9000', { maxRequestLineBytes: 8190 }],
  ['--limit-request-fields 0', { maxHeaders: 10_000 }],
  [
    '--limit-request-fields 10 --limit-request-field_size 1000',
    { maxHeaders: 10, maxHeaderLineBytes: 998, maxHeaderBytes: 10_020 },
  ],
  ['--limit-request-field_size 0', { maxHeaderLineBytes: 0, maxHeaderBytes: 1024 * 1024 }],
  ['-t 0 --graceful-timeout 5 --keep-alive 0', { timeoutMs: 0, gracefulTimeoutMs: 5000, keepAliveMs: 0 }],
  ['-m 007', { unixMode: 0o770 }],
  ['-e A=1 -e B=2=3 -e SCRIPT_NAME=/shop', { env: { A: '1', B: '2=3', SCRIPT_NAME: '/shop' }, scriptName: '/shop' }],
  ['--pythonpath a,/b', { pythonpath: ['/b', '/nowhere/a'] }],
  ['--preload', { preload: 'always' }],
  ['-D', { daemon: true, logFile: '/dev/null' }],
  ['-D --log-file /x.log', { daemon: true, logFile: '/x.log' }],
  ['-n my:shop', { name: 'my-shop' }],
  ['-u www -g web --initgroups', { user: 'www', group: 'web', initgroups: true }],
  ['--no-control-socket', { control: false }],
  ['--header-map dangerous', { headerUnderscores: 'keep' }],
  ['--max-requests 0 --max-requests-jitter 10', { maxRequests: 0 }],
]

for (const [line, expected] of MEANINGS) {
  test(`${line} means ${JSON.stringify(expected)}`, async () => {
    const settings = await settingsOf(`${line} shop:app`)
    for (const [key, value] of Object.entries(expected)) deepEqual(settings[key as keyof typeof settings], value, key)
  })
}

test('what has no meaning here warns, what is refused says what to do', async () => {
  const { loaded } = await reading('--reuse-port --worker-tmp-dir /dev/shm shop:app other')
  equal(loaded.warnings.length, 3)
  match(loaded.warnings.join('\n'), /command line, --worker-tmp-dir\): workers have no heartbeat file/)
  match(loaded.warnings[0]!, /counts for nothing, as in Gunicorn: other$/)
  const refusal = await reading('--spew shop:app').catch((error: unknown) => error)
  ok(refusal instanceof Fault && refusal.code === 'SETTING_REFUSED')
  match(refusal.message, /--spew/)
  match(refusal.hint, /dram stacks/)
  const { refusals } = await reading('--spew --dirty-workers 1 shop:app', {}, true)
  equal(refusals.length, 2)
})

test('every default of Gunicorn translates to nothing that is refused', () => {
  const { given, warnings } = translate('Gunicorn', GUNICORN, new Map())
  deepEqual([given, warnings], [[], []])
})

const EXPLAINED: readonly (readonly [line: string, variables: Variables])[] = [
  ['shop:app', {}],
  ['-w 4 --threads 2 -b unix:/run/x -b :80 --log-file /l --access-logfile - shop:app', {}],
  ['-e A=1 -e B="x --pythonpath a,b --chdir /srv --no-control-socket --preload shop:make("a\\b")', {}],
  ['--limit-request-line 0 -m 022 -t 0 --keep-alive 0 --max-requests 100 --max-requests-jitter 7 shop:app', {}],
  ['-D -p /p -u www -g 33 --initgroups -n shop --header-map refuse --statsd-host localhost:1 shop:app', {}],
  ['shop:app', { DRAM_QUEUE: '5', DRAM_SERVER_HEADER: 'off', DRAM_WORKERS: '2..4', FORWARDED_ALLOW_IPS: '10.0.0.0/8' }],
  ['shop:app', { WEB_CONCURRENCY: '3' }],
]

for (const [line, variables] of EXPLAINED) {
  test(`what --explain prints for ${line} ${JSON.stringify(variables)} has the same settings`, async () => {
    const { loaded } = await reading(line, variables)
    const text = explain(loaded, { command: 'dram gunicorn', refusals: [], notes: [] })
    const read = (path: string): string | null => (path === '/nowhere/dram.toml' ? text : null)
    const again = load([], variables, FOLDER, read).settings
    for (const key of SETTING_KEYS) deepEqual(again[key], loaded.settings[key], `${fileKey(key)}\n${text}`)
  })
}

test('--explain says what a file can’t hold, and nothing that is said runs over its line', async () => {
  const { loaded, refusals } = await reading('--spew --reuse-port shop:app', {}, true)
  const text = explain(loaded, { command: 'dram gunicorn', refusals, notes: ['two\nlines'] })
  match(text, /^# NOT POSSIBLE: .*--spew.*Instead: /m)
  match(text, /^# .*--reuse-port/m)
  match(text, /^# two lines$/m)
})

test('names that are like a setting are suggested, helpers are not', () => {
  deepEqual(suggestions(['log_level', 'tiemout', 'Workers', 'keep_alive'], []), [
    ['log_level', 'loglevel'],
    ['tiemout', 'timeout'],
    ['Workers', 'workers'],
    ['keep_alive', 'keepalive'],
  ])
  deepEqual(
    suggestions(['worker', 'host', 'port', 'cpu_count', 'cores', 'app_name', 'x', 'BASE_DIR', 'env_name'], ['workers']),
    [],
  )
})

test('a name that is one of ours is told to be', () => {
  deepEqual(foreignNames(['max_worker_memory', 'log_file', 'host', 'queue', 'preload']), [
    ['max_worker_memory', 'DRAM_MAX_WORKER_MEMORY'],
  ])
})

test('the line of a name in a configuration file', () => {
  const text =
    'import os\nworkers = 1\nif os.environ:\n    workers = 2\n\ndef post_fork(server, worker):\n    timeout = 3\nworkers_max == 1\ntimeout: int = 4\n'
  equal(lineOf(text, 'workers'), 4)
  equal(lineOf(text, 'post_fork'), 6)
  equal(lineOf(text, 'timeout'), 9)
  equal(lineOf(text, 'bind'), null)
})

test('words of a shell', () => {
  deepEqual(shellWords(`a  'b c' "d \\"e\\" \\x" f\\ g '' h'i'j\n`, 'X'), ['a', 'b c', 'd "e" \\x', 'f g', '', 'hij'])
  deepEqual(shellWords('', 'X'), [])
  for (const open of [`'a`, '"a', 'a\\']) {
    const fault = (() => {
      try {
        return shellWords(open, 'GUNICORN_CMD_ARGS')
      } catch (error) {
        return error
      }
    })()
    ok(fault instanceof Fault && fault.code === 'USAGE', open)
  }
})

test('--print-config is written as Gunicorn writes it', async () => {
  const { told, defaults } = await reading('-w 3 -b :80 shop:app', { FORWARDED_ALLOW_IPS: '*' })
  const text = printConfig(told, defaults, FOLDER)
  match(text, /^workers {28}= 3$/m)
  match(text, /^bind {31}= \[':80'\]$/m)
  match(text, /^forwarded_allow_ips {16}= \['\*'\]$/m)
  match(text, /^chdir {30}= \/nowhere$/m)
  equal(text.trimEnd().split('\n').length, 120)
  equal(pythonText({ a: [1, true, null, "it's"] }), `{'a': [1, True, None, "it's"]}`)
  equal(pythonText({ $: 'function', name: '__config__.post_fork' }), '<__config__.post_fork()>')
})

test('the help fits and has every flag', () => {
  const help = helpText(80)
  for (const { flags } of GUNICORN) for (const flag of flags) ok(help.includes(flag), flag)
  ok(help.split('\n').every((line) => line.length <= 80))
})

test('exit codes are those that service managers know of Gunicorn', () => {
  equal(gunicornExit(new Fault('SETTING_INVALID')), 1)
  equal(gunicornExit(new Fault('BIND_FAILED')), 1)
  equal(gunicornExit(new Fault('APP_IMPORT_FAILED')), 3)
  equal(gunicornExit(new Fault('APP_ATTRIBUTE_MISSING')), 4)
  equal(gunicornExit(new Fault('USAGE')), 2)
})

test('words that are empty say what they say there', async () => {
  const empty = async (flag: string) => {
    const world = { variables: {}, folder: FOLDER, columns: 80, out: () => {} }
    return (await new GunicornSettings(readLine([flag, '', 'shop:app'], 'x'), world).read()).loaded.settings
  }
  equal((await empty('-c')).app, 'shop:app')
  equal((await empty('-n')).name, null)
  equal((await empty('--chdir')).chdir, FOLDER)
  deepEqual((await empty('--pythonpath')).pythonpath, [])
  deepEqual((await empty('-b')).bind, ['0.0.0.0:8000'])
  equal((await empty('--log-level')).logLevel, 'info')
})

test('a misspelled option is asked after, a bad value sends to the page', async () => {
  await rejects(async () => readLine(['--wokers', '2'], 'x'), { code: 'USAGE', hint: 'did you mean --workers?' })
  await rejects(async () => readLine(['--workers'], 'x'), { code: 'USAGE', hint: 'see dram gunicorn --help' })
  await rejects(reading('--header-map maybe shop:app'), { code: 'SETTING_INVALID', hint: 'see docs/gunicorn.md' })
  await rejects(reading('--backlog 0 shop:app'), { code: 'SETTING_INVALID', hint: 'see docs/gunicorn.md' })
})

test('a row is found by its name', () => {
  equal(gunicornRow('bind')!.flags[0], '-b')
  equal(gunicornRow('binds'), undefined)
})
