import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Scope } from '../kit/ends.ts'
import { gunicorn } from '../kit/gunicorn.ts'
import { LongRequest } from '../kit/longRequest.ts'
import { isAlive, sendSignal } from '../kit/processes.ts'
import { folder, type LiveServer, PYTHON, run } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const APP = 'green:application'

/** Two workers, and a request that one of them runs. */
async function busy(t: Scope, ...args: string[]): Promise<{ server: LiveServer; long: LongRequest }> {
  const server = await gunicorn(t, ['-w', '2', ...args, APP])
  return { server, long: await LongRequest.begin(t, server) }
}

test('TERM: what runs is finished, and another TERM takes nothing from it', async (t) => {
  const { server, long } = await busy(t)
  server.signal('SIGTERM')
  await server.until(/SIGTERM: stopping, 30 s at most/)
  server.signal('SIGTERM')
  server.signal('SIGHUP')
  await server.until(/SIGHUP is passed over: the server is stopping/)
  equal(long.isOver, false)
  long.letGo()
  equal((await long.answer).text, 'at last')
  deepEqual(await server.exit(), { code: 0, signal: null })
})

test('TERM with a graceful timeout that runs out', async (t) => {
  const { server, long } = await busy(t, '--graceful-timeout', '1')
  server.signal('SIGTERM')
  notEqual(await statusOf(long), 200)
  deepEqual(await server.exit(), { code: 0, signal: null })
})

for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
  test(`${signal}: a quick stop`, async (t) => {
    const { server, long } = await busy(t)
    server.signal(signal)
    await server.until(new RegExp(`${signal}: stopping at once`))
    deepEqual(await server.exit(), { code: 0, signal: null })
    notEqual(await statusOf(long), 200)
  })

  test(`${signal} makes a stop by TERM a quick one`, async (t) => {
    const { server, long } = await busy(t)
    server.signal('SIGTERM')
    await server.until(/SIGTERM: stopping/)
    server.signal(signal)
    deepEqual(await server.exit(), { code: 0, signal: null })
    notEqual(await statusOf(long), 200)
  })
}

/** 0: the connection ended without an answer. */
async function statusOf(long: LongRequest): Promise<number> {
  return long.answer.then(
    ({ status }) => status,
    () => 0,
  )
}

/** Sources of one size and one second are one to Python's cache. */
const COUNTED = (version: string): string => `def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'${version}']
`

test('HUP: configuration and code are read again; what fails to load replaces nothing', async (t) => {
  const cwd = folder(t, { 'site.conf.py': 'workers = 1\n', 'shop.py': COUNTED('one') })
  const server = await gunicorn(t, ['-c', 'site.conf.py', 'shop'], { cwd })
  equal((await server.get('/')).text, 'one')
  writeFileSync(join(cwd, 'site.conf.py'), 'workers = 3\n')
  writeFileSync(join(cwd, 'shop.py'), COUNTED('two, which is longer'))
  server.signal('SIGHUP')
  await server.until(/reloaded: generation 2/)
  equal((await server.get('/')).text, 'two, which is longer')
  await eventually(() => workersOf(server) === 3, 'three workers')
  writeFileSync(join(cwd, 'shop.py'), 'import nowhere_at_all\n')
  server.signal('SIGHUP')
  await server.until(/the reload failed, the old workers go on/)
  equal((await server.get('/')).text, 'two, which is longer')
  writeFileSync(join(cwd, 'site.conf.py'), 'workers = \n')
  const from = server.lines.length
  server.signal('SIGHUP')
  await server.until(/the reload failed, the old workers go on: .*site\.conf\.py/, { from })
  equal((await server.get('/')).text, 'two, which is longer')
  equal((await server.stop()).code, 0)
})

function workersOf(server: LiveServer): number {
  return server.processes().filter(({ command }) => / worker \d/.test(command)).length
}

test('USR1: the log files are opened anew', async (t) => {
  const logs = folder(t)
  const access = join(logs, 'access.log')
  const server = await gunicorn(t, ['-w', '1', '--access-logfile', access, APP])
  await server.get('/?before')
  await eventually(() => readFileSync(access, 'utf8').includes('before'), 'the first line')
  renameSync(access, `${access}.1`)
  server.signal('SIGUSR1')
  await eventually(async () => {
    await server.get('/?after')
    return readOr(access).includes('after')
  }, 'a line in the new file')
  equal(readFileSync(`${access}.1`, 'utf8').includes('before'), true)
})

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

test('USR2: a new server takes over, the pidfile names it, and the old one finishes and ends', async (t) => {
  const pidfile = join(folder(t), 'app.pid')
  const { server, long } = await busy(t, '--pid', pidfile)
  equal(Number(readFileSync(pidfile, 'utf8')), server.pid)
  server.signal('SIGUSR2')
  await server.until(/this server finishes what it has/)
  const heir = Number(readFileSync(pidfile, 'utf8'))
  notEqual(heir, server.pid)
  equal((await server.get('/')).text, 'hello')
  long.letGo()
  equal((await long.answer).text, 'at last')
  deepEqual(await server.exit(), { code: 0, signal: null })
  equal(Number(readFileSync(pidfile, 'utf8')), heir)
  equal((await server.get('/')).text, 'hello')
  sendSignal(heir, 'SIGTERM')
  await eventually(() => !isAlive(heir), 'the heir to end')
})

test('TTIN and TTOU: a worker more, a worker less, never none', async (t) => {
  const server = await gunicorn(t, ['-w', '1', APP])
  server.signal('SIGTTIN')
  await server.until(/from 1 to 2 workers/)
  equal((await server.workerPids(2)).length, 2)
  server.signal('SIGTTOU')
  await server.until(/from 2 to 1 workers/)
  server.signal('SIGTTOU')
  server.signal('SIGTTIN')
  await server.until(/from 1 to 2 workers/, { from: server.lines.findIndex((line) => line.includes('from 2 to 1')) })
  ok(!server.lines.some((line) => line.includes('to 0 workers')))
})

test('WINCH means nothing to a server in the foreground', async (t) => {
  const server = await gunicorn(t, ['-w', '1', APP])
  server.signal('SIGWINCH')
  server.signal('SIGTTIN')
  await server.until(/from 1 to 2 workers/)
  equal((await server.get('/')).text, 'hello')
  ok(!server.lines.some((line) => line.includes('paused')))
})

test('WINCH pauses a daemon, and HUP brings its workers back', async (t) => {
  const place = folder(t)
  const [pidfile, log] = [join(place, 'pid'), join(place, 'log')]
  const args = ['gunicorn', '-b', '127.0.0.1:0', '-w', '1', '--daemon', '--pid', pidfile, '--log-file', log, APP]
  const parent = run(t, args, { python: false, env: { DRAM_PYTHON: PYTHON } })
  const logged = (pattern: RegExp) => eventually(() => readOr(log).match(pattern), String(pattern))
  equal((await parent.exit()).code, 0)
  const [, port] = (await logged(/Listening at: http:\/\/127\.0\.0\.1:(\d+)/))!
  const hello = async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()
  const pid = Number(readFileSync(pidfile, 'utf8'))
  equal(await hello(), 'hello')
  sendSignal(pid, 'SIGWINCH')
  await logged(/Worker exiting.*ended: fewer workers are wanted/)
  const waiting = hello()
  sendSignal(pid, 'SIGHUP')
  equal(await waiting, 'hello')
  match(readOr(log), /paused/)
  sendSignal(pid, 'SIGTERM')
  await eventually(() => !isAlive(pid), 'the daemon to end')
})
