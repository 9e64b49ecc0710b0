import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { chmodSync, existsSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import { createServer, type Server as NetServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { isAlive } from '../kit/processes.ts'
import { APPS, DRAM, folder, PYTHON, run, type Server, start } from '../kit/server.ts'
import { eventually, within } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const NO_BIND = { bind: false } as const

async function get(client: Client, target = '/'): Promise<Record<string, unknown>> {
  await client.write(request('GET', target, [['Connection', 'close']]))
  const answer = await client.response()
  equal(answer.status, 200)
  client.close()
  return target === '/environ' ? JSON.parse(answer.text) : {}
}

async function listen(address: { port: number; host: string } | { path: string }): Promise<NetServer> {
  const holder = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject)
    holder.listen(address, resolve)
  })
  return holder
}

function portOf(server: NetServer): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

const ports = (server: Server) => [...server.stderr.matchAll(/listening on http:\/\/(\[[^\]]+\]|[\w.]+):(\d+)/g)]

test('TCP v6', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--bind', '[::1]:0'], NO_BIND)
  const [, host, port] = await server.until(/http:\/\/\[(::1)\]:(\d+)/)
  const environ = await get(await Client.connect({ host: host!, port: Number(port) }), '/environ')
  equal(environ.REMOTE_ADDR, '::1')
  equal(environ.SERVER_PORT, port)
})

test('several binds', async (t) => {
  const socket = join(folder(t), 'dram.sock')
  const args = ['--bind', '127.0.0.1:0', '--bind', '[::1]:0', '--bind', `unix:${socket}`]
  const server = await start(t, 'probe.py', [...ONE, ...args], NO_BIND)
  const found = ports(server)
  equal(found.length >= 2, true, server.stderr)
  for (const [, host, port] of found.slice(0, 2))
    await get(await Client.connect({ host: host!.replace(/[[\]]/g, ''), port: Number(port) }))
  await get(await Client.connect({ path: socket }))
})

test('localhost binds all it resolves to', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--bind', 'localhost:0'], NO_BIND)
  const addresses = await lookup('localhost', { all: true })
  const found = ports(server)
  equal(found.length, new Set(addresses.map(({ address }) => address)).size, server.stderr)
  for (const [, host, port] of found)
    await get(await Client.connect({ host: host!.replace(/[[\]]/g, ''), port: Number(port) }))
})

test('a Unix socket has its mode, serves, and is removed at the end', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const server = await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`, '--unix-mode', '600'], NO_BIND)
  const status = statSync(path)
  ok(status.isSocket())
  equal((status.mode & 0o777).toString(8), '600')
  const environ = await get(await Client.connect({ path }), '/environ')
  equal(environ.REMOTE_ADDR, '')
  equal((await server.stop()).code, 0)
  equal(existsSync(path), false)
})

test('the default mode of a Unix socket keeps others out', async (t) => {
  const path = join(folder(t), 'dram.sock')
  await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`], NO_BIND)
  equal((statSync(path).mode & 0o777).toString(8), '660')
})

test('a stale Unix socket is replaced', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const first = await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`], NO_BIND)
  await first.kill()
  ok(existsSync(path))
  await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`], NO_BIND)
  await get(await Client.connect({ path }))
})

test('a Unix socket in use, and a file that is none, are left alone', async (t) => {
  const here = folder(t, { 'notes.txt': 'precious' })
  const path = join(here, 'dram.sock')
  const holder = await listen({ path })
  atEnd(t, () => holder.close())
  const used = run(t, ['probe.py', ...ONE, '--bind', `unix:${path}`])
  equal((await used.exit()).code, 5)
  match(used.stderr, /in use/)
  const file = run(t, ['probe.py', ...ONE, '--bind', `unix:${join(here, 'notes.txt')}`])
  equal((await file.exit()).code, 5)
  equal(statSync(join(here, 'notes.txt')).isFile(), true)
})

test('a Unix path that is too long is refused, not cut', async (t) => {
  const server = run(t, ['probe.py', ...ONE, '--bind', `unix:${join(folder(t), 'a'.repeat(120))}`])
  notEqual((await server.exit()).code, 0)
  match(server.stderr, /long|107|bytes/i)
})

test('a successor’s socket is not removed', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const first = await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`], NO_BIND)
  unlinkSync(path)
  const holder = await listen({ path })
  atEnd(t, () => holder.close())
  equal((await first.stop()).code, 0)
  ok(existsSync(path))
})

test('an inherited descriptor', async (t) => {
  const holder = await listen({ port: 0, host: '127.0.0.1' })
  atEnd(t, () => holder.close())
  // Node can hand on a listening handle's descriptor to a child as any other.
  const descriptor = (holder as unknown as { _handle: { fd: number } })._handle.fd
  const server = await start(t, 'probe.py', [...ONE, '--bind', 'fd://3'], { bind: false, descriptors: [descriptor] })
  const port = portOf(holder)
  // The test's own process must not take connections from the socket they share.
  holder.close()
  const environ = await get(await Client.connect({ port }), '/environ')
  equal(environ.SERVER_PORT, String(port))
  equal((await server.stop()).code, 0)
})

test('a port in use is a coded error, before anything is started', async (t) => {
  const holder = await listen({ port: 0, host: '127.0.0.1' })
  atEnd(t, () => holder.close())
  const server = run(t, ['probe.py', ...ONE, '--bind', `127.0.0.1:${portOf(holder)}`])
  equal((await server.exit()).code, 5)
  match(server.stderr, /BIND_IN_USE/)
  match(server.stderr, new RegExp(`127\\.0\\.0\\.1:${portOf(holder)}`))
  await server.gone()
})

for (const bad of ['127.0.0.1:99999', 'nonsense:port', 'unix:', 'fd://x', '[::1:80', '1.2.3.4.5:80:90'])
  test(`a bad address: ${bad}`, async (t) => {
    const server = run(t, ['probe.py', ...ONE, '--bind', bad])
    equal((await server.exit()).code, 2)
    match(server.stderr, /BIND_INVALID|SETTING_INVALID|USAGE/)
  })

// As root every port is allowed, so it is tried as nobody, with an interpreter that nobody may run.
const isForbidden = existsSync('/usr/bin/setpriv') && existsSync('/usr/bin/python3') && firstFreePort() > 80
const nobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []

test('a port this user may not have', { skip: isForbidden ? false : 'every port is allowed here' }, async (t) => {
  const command = [...nobody, process.execPath, DRAM]
  const application = join(folder(t, { 'app.py': 'def app(e, s):\n    s("200 OK", [])\n    return []\n' }), 'app.py')
  chmodSync(dirname(application), 0o755)
  const server = run(t, [application, ...ONE, '--bind', '127.0.0.1:80'], {
    command,
    cwd: '/',
    python: '/usr/bin/python3',
  })
  equal((await server.exit()).code, 5)
  match(server.stderr, /BIND_FORBIDDEN/)
})

test('an address that this machine hasn’t', async (t) => {
  const server = run(t, ['probe.py', ...ONE, '--bind', '192.0.2.1:8123'])
  equal((await server.exit()).code, 5)
  match(server.stderr, /BIND_FAILED/)
})

test('a descriptor that is no socket', async (t) => {
  const server = run(t, ['probe.py', ...ONE, '--bind', 'fd://9'])
  notEqual((await server.exit()).code, 0)
  match(server.stderr, /BIND_/)
})

test('PORT alone means every address', async (t) => {
  const holder = await listen({ port: 0, host: '127.0.0.1' })
  const port = portOf(holder)
  await new Promise((resolve) => holder.close(resolve))
  await start(t, 'probe.py', ONE, { bind: false, env: { PORT: String(port) } })
  await get(await Client.connect({ host: '127.0.0.1', port }))
  await get(await Client.connect({ host: '::1', port }))
})

test('with ulimit -n 64 and 200 clients every client gets an HTTP answer', async (t) => {
  const server = await start(t, 'probe.py', ONE, { ulimit: '-n 64' })
  const clients = await Promise.all(Array.from({ length: 200 }, () => server.connect()))
  const statuses = await Promise.all(
    clients.map(async (client) => {
      await client.write(request('GET', '/'))
      return (await client.response()).status
    }),
  )
  deepEqual([...new Set(statuses)].sort(), [200, 503])
  ok(statuses.filter((status) => status === 200).length >= 10)
  await server.until(/connections/i, { from: server.startLines.length })
  for (const client of clients) client.close()
  await eventually(async () => (await server.get('/')).status === 200, 'room for a client again')
  // Room enough for what files and workers need.
  equal((await server.get('/unsized?size=3000000')).body.length, 3_000_000)
})

test('--max-connections: above it 503 with Retry-After, and room when one leaves', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--max-connections', '3'])
  const held = await Promise.all([1, 2, 3].map(() => server.connect()))
  for (const client of held) {
    await client.write(request('GET', '/'))
    equal((await client.response()).status, 200)
  }
  const fourth = await server.connect()
  await fourth.write(request('GET', '/'))
  const refused = await fourth.response()
  equal(refused.status, 503)
  ok(refused.header('retry-after'))
  equal(refused.header('connection'), 'close')
  held[0]!.close()
  await eventually(async () => (await server.get('/')).status === 200, 'room for a client again')
})

test('a server whose terminal went away ends like any other', async (t) => {
  // The output is a pipe whose reader leaves.
  const child = spawn(process.execPath, [DRAM, 'probe.py', ...ONE, '--bind', '127.0.0.1:0', '--python', PYTHON], {
    cwd: APPS,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  atEnd(t, () => child.kill('SIGKILL'))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const port = await eventually(() => /127\.0\.0\.1:(\d+)/.exec(said)?.[1], 'the start-up lines')
  child.stderr.destroy()
  child.stdout.destroy()
  await get(await Client.connect({ port: Number(port) }))
  ok(isAlive(child.pid!))
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  child.kill('SIGTERM')
  equal(await within(ended, 'its end'), 0)
})

test('a folder for the socket that isn’t there', async (t) => {
  const server = run(t, ['probe.py', ...ONE, '--bind', `unix:${join(folder(t), 'none/dram.sock')}`])
  equal((await server.exit()).code, 5)
  match(server.stderr, /BIND_FAILED/)
})

/** The least port that needs no privilege. */
function firstFreePort(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
}
