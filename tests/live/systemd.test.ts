import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { Gate } from '../kit/gate.ts'
import { Ear, holders } from '../kit/manager.ts'
import { processRow, sendSignal } from '../kit/processes.ts'
import { APPS, DRAM, folder, ROOT, run, start } from '../kit/server.ts'
import { Shop } from '../kit/shop.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']

for (const name of [`@dram-test-${randomUUID()}`, 'path']) {
  test(`Type=notify: ready, reloading, stopping (${name[0] === '@' ? 'abstract' : 'by path'})`, async (t) => {
    const address = name === 'path' ? join(folder(t), 'notify') : name
    const ear = await Ear.open(t, address)
    const server = await start(t, 'probe.py', ONE, { env: { NOTIFY_SOCKET: address } })
    const ready = await ear.until('READY=1')
    match(ready, new RegExp(`^MAINPID=${server.pid}$`, 'm'))
    match(ready, /^STATUS=.*probe.*127\.0\.0\.1/m)
    equal((await server.get('/variable?name=NOTIFY_SOCKET')).text, '(none)')

    server.signal('SIGHUP')
    match(await ear.until('RELOADING=1'), /^MONOTONIC_USEC=\d+$/m)
    await server.until(/reloaded: generation/)
    const before = ear.heard.findIndex((text) => text.includes('RELOADING=1'))
    await ear.until('READY=1', before)

    server.signal('SIGTERM')
    await ear.until('STOPPING=1')
    equal((await server.exit()).code, 0)
    await server.gone()
  })
}

test('a reload that fails is over, too', async (t) => {
  const address = join(folder(t), 'notify')
  const ear = await Ear.open(t, address)
  const server = await start(t, 'probe.py', [...ONE, '--config', join(folder(t, { 'd.toml': '' }), 'd.toml')], {
    env: { NOTIFY_SOCKET: address },
  })
  const config = server.child.spawnargs.find((word) => word.endsWith('d.toml'))!
  writeFileSync(config, 'workers = "x"\n')
  server.signal('SIGHUP')
  await ear.until('RELOADING=1')
  await ear.until(
    'READY=1',
    ear.heard.findIndex((text) => text.includes('RELOADING=1')),
  )
})

test('an upgrade: the service manager learns who is the server now', async (t) => {
  const address = join(folder(t), 'notify')
  const ear = await Ear.open(t, address)
  const server = await start(t, 'probe.py', ONE, { env: { NOTIFY_SOCKET: address } })
  await ear.until('READY=1')
  const from = ear.heard.length
  server.signal('SIGUSR2')
  const [, successor] = await server.until(/upgraded successor=(\d+)/)
  await ear.until(`MAINPID=${successor}`, from)
  equal((await server.exit()).code, 0)
  ok(!ear.heard.some((text) => text.includes('STOPPING=1')), JSON.stringify(ear.heard))
  const reloads = ear.heard.length
  sendSignal(Number(successor), 'SIGHUP')
  await ear.until('RELOADING=1', reloads)
})

test('the watchdog is fed while the event loop turns, and not while it stands still', async (t) => {
  const address = join(folder(t), 'notify')
  const ear = await Ear.open(t, address)
  const server = await start(t, 'probe.py', ONE, { env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '200000' } })
  await ear.until('WATCHDOG=1')
  server.signal('SIGSTOP')
  await eventually(() => processRow(server.pid)?.state === 'T', 'the front to stand still')
  // What the keeper was told before has arrived when it answers nothing more: its pipe is empty.
  const settled = ear.heard.length
  server.signal('SIGCONT')
  await ear.until('WATCHDOG=1', settled)
  // Also while all it does is to wait for what runs at a stop.
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  server.signal('SIGTERM')
  await ear.until('STOPPING=1')
  await ear.until('WATCHDOG=1', ear.heard.length)
  gate.open()
  equal((await client.response()).status, 200)
  equal((await server.exit()).code, 0)
})

test('a service manager that isn’t there is told of in the log, and nothing else', async (t) => {
  const server = await start(t, 'probe.py', ONE, { env: { NOTIFY_SOCKET: join(folder(t), 'none') } })
  await server.until(/service manager is not told/)
  equal((await server.get('/')).status, 200)
  equal((await server.stop()).code, 0)
})

/** As systemd does it: the variable names the process that the server becomes. */
const ACTIVATED = ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, DRAM]

test('socket activation without --bind: it serves what was passed on, through a reload and an upgrade', async (t) => {
  const { servers, fds, ports } = await holders(t, 2)
  const shop = new Shop(t)
  shop.write('1')
  const server = await start(t, 'shop', ONE, {
    bind: false,
    cwd: shop.folder,
    command: ACTIVATED,
    descriptors: fds,
    env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', PYTHONPATH: APPS, PYTHONDONTWRITEBYTECODE: '1' },
  })
  for (const holder of servers) holder.close()
  const get = async (port: number, target: string): Promise<string> => {
    const client = await Client.connect({ port })
    await client.write(request('GET', target, [['Connection', 'close']]))
    return (await client.response()).text
  }
  for (const port of ports) equal(await get(port, '/version'), '1')
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'])
    equal(await get(ports[0]!, `/variable?name=${name}`), '(none)')
  shop.write('2')
  server.signal('SIGHUP')
  await server.until(/reloaded: generation/)
  for (const port of ports) equal(await get(port, '/version'), '2')
  shop.write('3')
  server.signal('SIGUSR2')
  await server.until(/upgraded/)
  equal((await server.exit()).code, 0)
  for (const port of ports) equal(await get(port, '/version'), '3')
})

test('sockets that were meant for another process, and a --bind of one’s own', async (t) => {
  const { fds } = await holders(t, 1)
  const server = await start(t, 'probe.py', ONE, { descriptors: fds, env: { LISTEN_FDS: '1', LISTEN_PID: '1' } })
  equal((await server.get('/')).status, 200)
  const own = await start(t, 'probe.py', ONE, { descriptors: fds, command: ACTIVATED, env: { LISTEN_FDS: '1' } })
  equal((await own.get('/')).status, 200)
})

// What docs/deploy/ offers.

const DEPLOY = join(ROOT, 'docs/deploy')

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

test('the unit files are ones', { skip: has('systemd-analyze') ? false : 'no systemd-analyze here' }, async (t) => {
  const here = folder(t)
  for (const name of ['dram.service', 'dram.socket']) {
    const text = execFileSync('cat', [join(DEPLOY, name)], { encoding: 'utf8' })
    // The program and the user that it names are not on this machine.
    writeFileSync(
      join(here, name),
      text
        .replace(/^ExecStart=\S+/m, `ExecStart=${DRAM}`)
        .replace(/^User=.*$/m, 'User=root')
        .replace(/^Group=.*$/m, 'Group=root'),
    )
  }
  const { status, stderr, stdout } = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', join(here, 'dram.service'), join(here, 'dram.socket')],
    { encoding: 'utf8' },
  )
  deepEqual(
    [stderr.split('\n').filter((line) => line.includes(here) || /dram\.(service|socket)/.test(line)), stdout],
    [[], ''],
  )
  equal(status, 0)
})

test('the example for nginx: it passes requests on, and the client’s address', {
  skip: has('nginx') ? false : 'no nginx here',
}, async (t) => {
  const here = folder(t)
  const socket = join(here, 'dram.sock')
  await start(t, 'probe.py', [...ONE, '--bind', `unix:${socket}`], { bind: false })
  const port = await freePort()
  const site = execFileSync('cat', [join(DEPLOY, 'nginx.conf')], { encoding: 'utf8' })
    .replaceAll('unix:/run/dram/dram.sock', `unix:${socket}`)
    .replace(/listen .*;/, `listen 127.0.0.1:${port};`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${here}/${kind};`,
  )
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const conf = `${user} daemon off; pid ${here}/nginx.pid; error_log stderr; events {} http { access_log off; ${temporary.join(' ')} ${site} }`
  writeFileSync(join(here, 'nginx.conf'), conf)
  const nginx = spawn('nginx', ['-c', join(here, 'nginx.conf'), '-p', here], { stdio: ['ignore', 'ignore', 'pipe'] })
  atEnd(t, () => nginx.kill('SIGTERM'))
  let said = ''
  nginx.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const client = await eventually(() => Client.connect({ port }).catch(() => null), 'nginx to listen').catch(
    (error) => {
      throw new Error(`${error.message}: ${said}`)
    },
  )
  await client.write(request('GET', '/environ', [['X-Forwarded-For', '192.0.2.1']]))
  const environ = JSON.parse((await client.response()).text)
  equal(environ.REMOTE_ADDR, '127.0.0.1')
  equal(environ['wsgi.url_scheme'], 'http')
  await client.write(request('POST', '/echo', [], 'a body'))
  equal((await client.response()).text, 'a body')
})

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => holder.once('listening', resolve))
  const { port } = holder.address() as { port: number }
  await new Promise((resolve) => holder.close(resolve))
  return port
}

test('a start that fails tells the service manager nothing', async (t) => {
  const address = join(folder(t), 'notify')
  const ear = await Ear.open(t, address)
  const server = run(t, ['none.py', ...ONE, '--bind', '127.0.0.1:0'], { env: { NOTIFY_SOCKET: address } })
  equal((await server.exit()).code, 4)
  await server.gone()
  deepEqual(ear.heard, ['listening'])
})
