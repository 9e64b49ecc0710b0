import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { readSection } from '../../../src/cli/paste/ini.ts'
import { isPaste, PasteSettings } from '../../../src/cli/paste/paste.ts'
import { readArguments } from '../../../src/settings/arguments.ts'
import type { Given } from '../../../src/settings/given.ts'
import type { Loaded } from '../../../src/settings/load.ts'

const GLOBALS = { here: '/srv', percent: '50%' }

function section(text: string, name = 'server:main'): Record<string, string> | null {
  const found = readSection('/srv/a.ini', text, name, GLOBALS)
  return found && Object.fromEntries([...found].map(([key, { value }]) => [key, value]))
}

test('values, comments, lines that go on, values that stand in others', () => {
  const text = `
# a comment
[DEFAULT]
port = 80%(digit)s
digit = 8
[app:main]
port = 1
[server:main]
use: egg:waitress#main
  ; another
listen =
  127.0.0.1:%(port)s

  [::1]:%(port)s
where = %(here)s/x 100%%
share = %(percent)s
get mine = port
set other = 1
Case = kept
`
  deepEqual(section(text), {
    use: 'egg:waitress#main',
    listen: '\n127.0.0.1:808\n\n[::1]:808',
    where: '/srv/x 100%',
    share: '50%',
    mine: '808',
    Case: 'kept',
  })
  equal(section(text, 'server:other'), null)
})

test('what can’t be read is said with its line', () => {
  const cases: [text: string, says: RegExp][] = [
    ['[server:main]\nuse = %(nothing)s', /line 2: nothing says what %\(nothing\)s is/],
    ['[server:main]\nuse = 100%', /line 2: a % alone/],
    ['[server:main]\na = %(b)s\nb = %(a)s', /stand for each other/],
    ['use = a', /line 1: neither/],
    ['[server:main]\nword', /line 2: neither/],
  ]
  for (const [text, says] of cases) throws(() => section(text), { code: 'PASTE_FILE', message: says })
})

function loaded(server: string, line = 'production.ini', variables: Record<string, string> = {}) {
  const { given } = readArguments(line.split(' '))
  const app = given.find(({ key }) => key === 'app')!.words[0]!
  const files: Record<string, string> = {
    '/srv/production.ini': `[server:main]\n${server}`,
    '/srv/dram.toml': 'threads = 9',
  }
  return read(app, given, variables, files)
}

type Files = Readonly<Record<string, string>>

function read(app: string, given: readonly Given[], variables: Record<string, string>, files: Files): Promise<Loaded> {
  const world = { variables, folder: '/srv', columns: 80, out: () => {} }
  return new PasteSettings(app, given, world, (path) => files[path] ?? null).read()
}

test('which APP is such a file', () => {
  equal(isPaste('production.ini'), true)
  equal(isPaste('conf/production.ini#shop'), true)
  equal(isPaste('shop:app'), false)
  equal(isPaste(undefined), false)
})

test('egg:dram#main: our settings, stronger than defaults and PORT, weaker than variables and the command line', async () => {
  const server =
    'use = egg:dram#main\nbind = 127.0.0.1:1\n  127.0.0.1:2\nthreads = 4\nserver_header = off\nworkers = 2..3\nlog-level = debug'
  const { settings, origins } = await loaded(server, 'production.ini#shop --log-level error', {
    PORT: '5',
    DRAM_THREADS: '5',
  })
  equal(settings.paste, '/srv/production.ini#shop')
  equal(settings.app, null)
  deepEqual(settings.bind, ['127.0.0.1:1', '127.0.0.1:2'])
  deepEqual([settings.threads, settings.serverHeader, settings.logLevel], [5, '', 'error'])
  deepEqual(settings.workers, { least: 2, most: 3 })
  deepEqual(origins.bind, { kind: 'file', path: '/srv/production.ini', line: 3, name: 'bind' })
  await rejects(loaded('use = egg:dram\nwokers = 1'), {
    code: 'SETTING_UNKNOWN',
    message: /wokers.*line 3/,
    hint: /workers/,
  })
})

test('egg:waitress#main: Waitress’s meaning and defaults', async () => {
  const { settings, warnings } = await loaded(
    'use = egg:waitress#main\nhost = 127.0.0.1\nport = 6543\nasyncore_use_poll = true',
  )
  deepEqual(settings.bind, ['127.0.0.1:6543'])
  deepEqual([settings.threads, settings.timeoutMs, settings.untrustedForwarded], [4, 0, 'drop'])
  match(warnings[0]!, /production\.ini, line 5\).*epoll|epoll/)
  await rejects(loaded('use = egg:waitress#main\nthread = 1'), { code: 'SETTING_UNKNOWN', hint: /threads/ })
})

test('egg:gunicorn#main: Gunicorn’s meaning and defaults; host and port are bind', async () => {
  const server = 'use = egg:gunicorn#main\nhost = 127.0.0.1\nport = 6543\nworkers = 3\ntimeout = 45\naccesslog = -'
  const { settings, origins } = await loaded(server, 'production.ini#shop --threads 2 a=b')
  deepEqual(settings.bind, ['127.0.0.1:6543'])
  deepEqual(settings.workers, { least: 3, most: 3 })
  deepEqual([settings.timeoutMs, settings.threads, settings.accessLog], [45_000, 2, '-'])
  deepEqual([settings.paste, settings.pasteGlobal], ['/srv/production.ini#shop', { a: 'b' }])
  deepEqual(origins.workers, { kind: 'file', path: '/srv/production.ini', line: 5, name: 'workers' })
  const two = await loaded('use = egg:gunicorn\nhost = 127.0.0.1:1,127.0.0.1:2')
  deepEqual(two.settings.bind, ['127.0.0.1:1', '127.0.0.1:2'])
  await rejects(loaded('use = egg:gunicorn#main\nwokers = 1'), { code: 'SETTING_UNKNOWN', hint: /workers/ })
})

test('without [server:main] only the application is taken; an unknown server is told', async () => {
  const { given } = readArguments(['a.ini', '--paste-global', 'a=b'])
  const { settings } = await read('a.ini', given, { PORT: '5' }, { '/srv/a.ini': '[app:main]' })
  deepEqual(settings.bind, ['0.0.0.0:5', '[::]:5'])
  deepEqual(settings.pasteGlobal, { a: 'b' })
  await rejects(loaded('use = egg:pyramid#wsgiref'), { code: 'PASTE_SERVER', message: /use = egg:pyramid#wsgiref/ })
  await rejects(read('b.ini', [], {}, {}), { code: 'PASTE_FILE', message: /no file \/srv\/b\.ini/ })
})
