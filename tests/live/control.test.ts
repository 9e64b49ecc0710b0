import { deepEqual, equal, match } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Status } from '../../src/control/operations.ts'
import { Client, request } from '../kit/client.ts'
import { Gate } from '../kit/gate.ts'
import { DRAM, folder, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A command, given in a folder of the test's own beside the runtime folder it is to look in. */
function dram(runtimeDir: string, ...argv: string[]): Promise<Ran> {
  const env = { PATH: process.env.PATH, DRAM_RUNTIME_DIR: runtimeDir }
  return new Promise((resolve) => {
    execFile(process.execPath, [DRAM, ...argv], { env, cwd: runtimeDir }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

test('a server is asked what it does, while it does it', async (t) => {
  const home = folder(t)
  const server = await start(t, 'probe.py', ['--workers', '2', '--runtime-dir', home, '--name', 'shop'])
  await server.workerPids(2)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(
    request('GET', `/wait?gate=${gate.path}`, [
      ['Cookie', 'secret=1'],
      ['X-Own', 'seen'],
    ]),
  )
  await gate.entered()

  const status = JSON.parse((await dram(home, 'status', '--json')).out) as Status
  deepEqual([status.name, status.pid, status.state, status.ready], ['shop', server.pid, 'serving', true])
  deepEqual(status.workersWanted, { least: 2, most: 2, now: 2 })
  equal(status.workers.length, 2)
  equal(status.workers.filter(({ current }) => current?.target.startsWith('/wait')).length, 1)
  match((await dram(home, 'status', '--name', 'shop')).out, /^shop: serving and ready, pid \d+/)

  const requests = await dram(home, 'requests', '--headers')
  match(requests.out, /running .*GET \/wait\?gate=/)
  match(requests.out, /^ {4}x-own: seen$/m)
  equal(requests.out.includes('secret=1'), false)

  const stacks = await dram(home, 'stacks')
  match(stacks.out, /runs GET \/wait.*:\n(?: {2}.*\n)* {2}File ".*probe\.py", line \d+, in wait\n/)
  gate.open()
  equal((await client.response()).status, 200)
})

test('only its own user may speak to it', async (t) => {
  const home = folder(t)
  const server = await start(t, 'probe.py', ['--workers', '1', '--runtime-dir', home])
  const { out } = await dram(home, 'status', '--pid', String(server.pid))
  match(out, new RegExp(`pid ${server.pid}`))
  const { socketPath } = await import('../../src/control/find.ts').then(
    ({ findServers }) => findServers([home]).servers[0]!,
  )
  equal(statSync(socketPath).mode & 0o777, 0o600)
  equal(statSync(join(socketPath, '..')).mode & 0o777, 0o700)
})

test('--no-control: no socket, and who asks is told so', async (t) => {
  const home = folder(t)
  const server = await start(t, 'probe.py', ['--workers', '1', '--runtime-dir', home, '--no-control'])
  const { code, err } = await dram(home, 'status', '--pid', String(server.pid))
  equal(code, 7)
  match(err, /SERVER_SILENT: .*it has no control socket/)
})

test('scale and reload; a reload that fails says why, and the old code goes on', async (t) => {
  const home = folder(t)
  const app = join(home, 'shop.py')
  const code = (word: string) =>
    `def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"${word}"]\n`
  writeFileSync(app, code('one'))
  const server = await start(t, app, ['--workers', '1', '--runtime-dir', home])
  equal((await dram(home, 'scale', '2')).out, 'workers: 1 → 2\n')

  writeFileSync(app, code('second'))
  match((await dram(home, 'reload')).out, /^generation 2 serves, after /)
  equal((await server.get('/')).text, 'second')

  writeFileSync(app, 'def application(:\n')
  const failed = await dram(home, 'reload')
  equal(failed.code, 6)
  match(failed.err, /^dram: RELOAD_FAILED: [\s\S]*shop\.py", line 1\n[\s\S]*SyntaxError[\s\S]*\nhint: /)
  equal((await server.get('/')).text, 'second')
  match((await dram(home, 'status')).out, /last reload .* failed/)
})

for (const flags of [[], ['--fast']]) {
  test(`dram stop ${flags.join('')} ends when the server has`, async (t) => {
    const home = folder(t)
    const server = await start(t, 'probe.py', ['--workers', '1', '--runtime-dir', home])
    equal((await dram(home, 'stop', ...flags)).out, `pid ${server.pid} has stopped\n`)
    await server.exit()
    await server.gone()
    match((await dram(home, 'status')).err, /SERVER_NOT_FOUND/)
  })
}

test('while the application loads the admin listener says that it lives and is not ready', async (t) => {
  const home = folder(t)
  const gate = new Gate(t)
  const app = join(home, 'slow.py')
  writeFileSync(app, `open(${JSON.stringify(gate.path)}).read()\ndef application(environ, start_response):\n    pass\n`)
  const path = join(home, 'admin.sock')
  const server = run(t, [app, '--bind', '127.0.0.1:0', '--workers', '1', '--admin-bind', `unix:${path}`])
  await gate.entered()
  deepEqual([await statusOf(path, '/-/health'), await statusOf(path, '/-/ready')], [200, 503])
  gate.open()
  await server.until(/event=started/)
  equal(await statusOf(path, '/-/ready'), 200)
  server.signal('SIGTERM')
  await server.gone()
  equal(existsSync(path), false)
})

async function statusOf(path: string, page: string): Promise<number> {
  const client = await Client.connect({ path })
  await client.write(request('GET', page, [['Connection', 'close']]))
  return (await client.response()).status
}

test('logs reopen says which log can’t be opened, and that one is written to as before', async (t) => {
  const home = folder(t)
  const log = join(home, 'dram.log')
  const server = run(t, [
    'probe.py',
    '--bind',
    '127.0.0.1:0',
    '--workers',
    '1',
    '--runtime-dir',
    home,
    '--log-file',
    log,
  ])
  await eventually(() => existsSync(log) && /event=started/.test(readFileSync(log, 'utf8')), 'the start')
  renameSync(log, `${log}.1`)
  mkdirSync(log)
  const refused = await dram(home, 'logs', 'reopen')
  equal(refused.code, 5)
  match(refused.err, /^dram: LOG_FILE: .*dram\.log/)
  match(readFileSync(`${log}.1`, 'utf8'), /event=logs_not_reopened/)
  rmdirSync(log)
  equal((await dram(home, 'logs', 'reopen')).code, 0)
  await eventually(() => existsSync(log) && /event=logs_reopened/.test(readFileSync(log, 'utf8')), 'the new log')
  server.signal('SIGTERM')
  await server.gone()
})

test('arguments of an application factory are shown without their secrets', async (t) => {
  const home = folder(t)
  writeFileSync(join(home, 'shop.py'), 'def make(password):\n    return lambda environ, start_response: None\n')
  const args = ['--workers', '1', '--runtime-dir', home]
  await start(t, 'shop:make(password="hunter2")', args, { cwd: home })
  const { out } = await dram(home, 'status', '--json')
  equal((JSON.parse(out) as Status).application, 'shop:make(password=***)')
  const { findServers } = await import('../../src/control/find.ts')
  equal(findServers([home]).servers[0]!.application, 'shop:make(password=***)')
})
