import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { isAlive, sendSignal } from '../kit/processes.ts'
import { DRAM, FULL, folder, type LiveServer, type Server, start } from '../kit/server.ts'
import { Shop } from '../kit/shop.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const TWO = ['--workers', '2']
const UPGRADES = FULL ? 20 : 3

/** SIGUSR2 to the server with this pid; resolves with the pid of its successor once that serves. */
async function upgrade(server: Server, pid = server.pid): Promise<number> {
  const from = server.lines.length
  sendSignal(pid, 'SIGUSR2')
  const [, successor] = await server.until(/upgraded successor=(\d+)/, { from })
  return Number(successor)
}

async function untilGone(pid: number): Promise<void> {
  await eventually(() => !isAlive(pid), `process ${pid} to be gone`)
}

const FAILED = /UPGRADE_(?:FAILED|REFUSED)/

test(`${UPGRADES} upgrades under load, GET and POST by turns on kept-alive connections: not one request fails`, {
  timeout: 300_000,
}, async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', TWO)
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 32, mayClose: true })
  await load.more(500)
  const pids = [server.pid]
  for (let at = 0; at < UPGRADES; at++) {
    pids.push(await upgrade(server, pids.at(-1)))
    await untilGone(pids.at(-2)!)
    await load.more(500)
  }
  judgeFlawless(await load.stop(), notes)
  equal(new Set(pids).size, UPGRADES + 1)
  deepEqual(await server.exit(), { code: 0, signal: null })
  sendSignal(pids.at(-1)!, 'SIGTERM')
  await server.gone()
})

test('a kept-alive connection gets its POST answered by the old one, which then closes it', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const idle = await server.connect()
  await idle.write(request('GET', '/'))
  equal((await idle.response()).header('connection'), null)
  const successor = await upgrade(server)
  await idle.write(request('POST', '/echo', [], 'a body'))
  const last = await idle.response()
  equal(last.text, 'a body')
  equal(last.header('connection'), 'close')
  equal((await idle.rest()).length, 0)
  equal((await server.exit()).code, 0)
  equal((await server.get('/')).status, 200)
  ok(isAlive(successor))
})

test('what the old one runs is finished by it, while the new one answers', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}&name=long`))
  await gate.entered()
  await upgrade(server)
  equal((await server.get('/')).status, 200)
  ok(isAlive(server.pid))
  gate.open()
  equal((await client.response()).text, 'waited long')
  equal((await server.exit()).code, 0)
})

test('a Unix socket answers throughout: the same file, until the last server ends', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const server = await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`])
  const { ino } = statSync(path)
  const refused: unknown[] = []
  let isOver = false
  const knocking = (async () => {
    while (!isOver) {
      await new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.end())
        socket.on('error', (error) => refused.push(error))
        socket.on('close', () => resolve())
        socket.resume()
      })
    }
  })()
  const second = await upgrade(server)
  equal((await server.exit()).code, 0)
  const third = await upgrade(server, second)
  await untilGone(second)
  isOver = true
  await knocking
  deepEqual(refused, [])
  equal(statSync(path).ino, ino)
  const client = await Client.connect({ path })
  await client.write(request('GET', '/', [['Connection', 'close']]))
  equal((await client.response()).status, 200)
  sendSignal(third, 'SIGTERM')
  await server.gone()
  equal(existsSync(path), false)
})

test('binds that are new are opened, those that are not wanted any more are closed', async (t) => {
  const here = folder(t)
  const [first, second] = [join(here, 'first.sock'), join(here, 'second.sock')]
  const file = join(here, 'dram.toml')
  const bind = (...paths: string[]) =>
    writeFileSync(file, `bind = ${JSON.stringify(paths.map((path) => `unix:${path}`))}\n`)
  bind(first)
  const server = await start(t, 'probe.py', [...ONE, '--config', file], { bind: false })
  bind(second)
  await upgrade(server)
  equal(existsSync(first), false)
  const client = await Client.connect({ path: second })
  await client.write(request('GET', '/', [['Connection', 'close']]))
  equal((await client.response()).status, 200)
  equal((await server.exit()).code, 0)
  ok(existsSync(second))
})

test('a new server that fails changes nothing; mended, it takes over', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const shop = await Shop.open(t, [...ONE, '--bind', `unix:${path}`])
  const { server } = shop
  shop.write('2', 'def f(:')
  for (let at = 0; at < 2; at++) {
    const from = server.lines.length
    server.signal('SIGUSR2')
    match((await server.until(FAILED, { from })).input!, /UPGRADE_FAILED/)
    match(server.stderr, /SyntaxError/)
    equal(await shop.version(), '1')
    ok(existsSync(path))
  }
  shop.write('2')
  await upgrade(server)
  equal((await server.exit()).code, 0)
  equal(await shop.version(), '2')
})

test('one at a time; a stop ends the one that is being started, too', async (t) => {
  const shop = await Shop.open(t, ONE)
  const { server } = shop
  shop.write('2', `open(${JSON.stringify(shop.notes.path)}, "a").write("importing\\n"); import time; time.sleep(60)`)
  server.signal('SIGUSR2')
  await shop.notes.until(1)
  server.signal('SIGUSR2')
  match((await server.until(FAILED)).input!, /UPGRADE_REFUSED/)
  equal((await server.stop()).code, 0)
  await server.gone()
})

test('the pid file changes hands', async (t) => {
  const pidfile = join(folder(t), 'dram.pid')
  const server = await start(t, 'probe.py', [...ONE, '--pidfile', pidfile])
  equal(readFileSync(pidfile, 'utf8'), `${server.pid}\n`)
  const successor = await upgrade(server)
  equal(readFileSync(pidfile, 'utf8'), `${successor}\n`)
  equal((await server.exit()).code, 0)
  equal(readFileSync(pidfile, 'utf8'), `${successor}\n`)
  sendSignal(successor, 'SIGTERM')
  await server.gone()
  equal(existsSync(pidfile), false)
})

test('metrics and health move along, at the same address', async (t) => {
  const path = join(folder(t), 'admin.sock')
  const server = await start(t, 'probe.py', [...ONE, '--admin-bind', `unix:${path}`])
  const { ino } = statSync(path)
  const gate = new Gate(t)
  const busy = await server.connect()
  await busy.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  await upgrade(server)
  // The old one has a request to finish, and would say that it is not ready.
  for (let at = 0; at < 20; at++) {
    const client = await Client.connect({ path })
    await client.write(request('GET', '/-/ready', [['Connection', 'close']]))
    equal((await client.response()).status, 200)
  }
  gate.open()
  equal((await busy.response()).status, 200)
  equal((await server.exit()).code, 0)
  equal(statSync(path).ino, ino)
})

test('an inherited descriptor keeps its number', async (t) => {
  const { createServer } = await import('node:net')
  const holder = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => holder.once('listening', resolve))
  const { port } = holder.address() as { port: number }
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle
  const server = await start(t, 'probe.py', [...ONE, '--bind', 'fd://5'], {
    bind: false,
    descriptors: ['ignore', 'ignore', fd] as unknown as number[],
  })
  holder.close()
  for (let at = 0, pid = server.pid; at < 2; at++) {
    const successor = await upgrade(server, pid)
    await untilGone(pid)
    pid = successor
    const client = await Client.connect({ port })
    await client.write(request('GET', '/', [['Connection', 'close']]))
    equal((await client.response()).status, 200)
  }
})

test('by a link, as npm makes them: the successor is what the link points to by then', async (t) => {
  const link = join(folder(t), 'dram')
  symlinkSync(DRAM, link)
  const server = await start(t, 'probe.py', ONE, { command: [process.execPath, link] })
  await upgrade(server)
  equal((await server.exit()).code, 0)
  equal((await server.get('/')).status, 200)
})

const isRoot = process.getuid?.() === 0

test('process 1 can’t be replaced, and says so', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const command = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, DRAM]
  const server: LiveServer = await start(t, 'probe.py', ONE, { command })
  const [, front] = await server.until(/started .*\bpid=(\d+)/)
  equal(front, '1')
  const pid = server.processes().find(({ parent }) => parent === server.pid)!.pid
  sendSignal(pid, 'SIGUSR2')
  match((await server.until(FAILED)).input!, /UPGRADE_REFUSED/)
  equal((await server.get('/')).status, 200)
})
