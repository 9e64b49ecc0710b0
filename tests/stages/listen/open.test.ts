import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FaultCode } from '../../../src/faults/table.ts'
import { parseBind } from '../../../src/listen/bind.ts'
import type { Listener } from '../../../src/listen/listener.ts'
import { openListeners } from '../../../src/listen/open.ts'
import { atEnd, fileScope } from '../../kit/ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'dram-listen-'))
atEnd(fileScope, () => rmSync(folder, { recursive: true, force: true }))

const options = { backlog: 511, unixMode: 0o660 }
const open = (...binds: string[]) => openListeners(binds.map(parseBind), options)

async function openOne(bind: string): Promise<Listener> {
  const [listener] = await open(bind)
  return listener!
}

function portOf(listener: Listener): number {
  ok(listener.where.kind === 'tcp')
  return listener.where.port
}

function faultOf(code: FaultCode, says: RegExp = /./) {
  return (error: unknown) => {
    equal((error as { code?: string }).code, code)
    match((error as Error).message, says)
    return true
  }
}

async function greeting(socket: Socket): Promise<string> {
  const [data] = await once(socket, 'data')
  socket.destroy()
  return String(data)
}

function greetAll(listener: Listener): void {
  listener.onSocket((socket) => socket.on('error', () => {}).end('hello'))
}

test('a free port of one address, with a link', async () => {
  const listener = await openOne('127.0.0.1:0')
  greetAll(listener)
  equal(listener.url, `http://127.0.0.1:${portOf(listener)}`)
  equal(await greeting(connect(portOf(listener), '127.0.0.1')), 'hello')
  await listener.close()
})

test('every address: v4 and v6 share one port, each with its own socket', async () => {
  const listeners = await open(':0')
  const ports = new Set(listeners.map(portOf))
  equal(ports.size, 1)
  deepEqual(
    listeners.map(({ where }) => where.kind === 'tcp' && where.address),
    ['0.0.0.0', '::'],
  )
  for (const listener of listeners) greetAll(listener)
  for (const host of ['127.0.0.1', '::1']) equal(await greeting(connect(portOf(listeners[0]!), host)), 'hello')
  await Promise.all(listeners.map((one) => one.close()))
})

test('[::] alone takes v4 clients, too; beside 0.0.0.0 it leaves them', async () => {
  const both = await openOne('[::]:0')
  greetAll(both)
  const port = portOf(both)
  equal(await greeting(connect(port, '127.0.0.1')), 'hello')
  await both.close()
  const apart = await open(`[::]:${port}`, `0.0.0.0:${port}`)
  equal(apart.length, 2)
  await Promise.all(apart.map((one) => one.close()))
})

test('localhost is all that it resolves to and this host has', async () => {
  const listeners = await open('localhost:0')
  equal(new Set(listeners.map(portOf)).size, 1)
  for (const { where } of listeners) ok(where.kind === 'tcp' && ['127.0.0.1', '::1'].includes(where.address))
  await Promise.all(listeners.map((one) => one.close()))
})

test('connections that come before the handler are kept for it', async () => {
  const listener = await openOne('127.0.0.1:0')
  const client = connect(portOf(listener), '127.0.0.1')
  const gone = connect(portOf(listener), '127.0.0.1')
  await Promise.all([once(client, 'connect'), once(gone, 'connect')])
  gone.resetAndDestroy()
  client.write('early')
  await new Promise(setImmediate)
  listener.onSocket((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => socket.end(`got ${data}`))
  })
  equal(await greeting(client), 'got early')
  await listener.close()
})

test('a port in use, an address of another host, a name of none: all that was opened is closed', async () => {
  const first = await openOne('127.0.0.1:0')
  const port = portOf(first)
  await rejects(open(`127.0.0.1:${port}`), faultOf('BIND_IN_USE', new RegExp(`127.0.0.1:${port}`)))
  const path = join(folder, 'undone.sock')
  await rejects(open(`unix:${path}`, `127.0.0.1:${port}`), faultOf('BIND_IN_USE'))
  ok(!existsSync(path))
  await first.close()
  await rejects(open('192.0.2.1:0'), faultOf('BIND_FAILED', /no such address/))
  await rejects(open('no-such-host.invalid:80'), faultOf('BIND_FAILED'))
  await (await openOne(`127.0.0.1:${port}`)).close()
})

test('a Unix socket: its mode, its end', async () => {
  const path = join(folder, 'app.sock')
  const listener = await openOne(`unix:${path}`)
  deepEqual(listener.where, { kind: 'unix', path })
  equal(listener.url, `http://unix:${path}:`)
  equal(lstatSync(path).mode & 0o777, 0o660)
  deepEqual(readdirSync(folder), ['app.sock'])
  greetAll(listener)
  equal(await greeting(connect(path)), 'hello')
  await listener.close()
  deepEqual(readdirSync(folder), [])
})

test('while a Unix socket is half made, nobody else may use it', async () => {
  const own = join(folder, 'umask')
  mkdirSync(own)
  const umask = process.umask()
  const opening = openListeners([parseBind(`unix:${own}/app.sock`)], options)
  await Promise.resolve()
  while (readdirSync(own).length === 0) await new Promise(setImmediate)
  equal(lstatSync(join(own, readdirSync(own)[0]!)).mode & 0o007, 0)
  equal(process.umask(), umask)
  for (const listener of await opening) await listener.close()
})

test('a Unix socket on which somebody answers is in use; a stale one is replaced; what is no socket stays', async () => {
  const path = join(folder, 'taken.sock')
  const first = await openOne(`unix:${path}`)
  await rejects(open(`unix:${path}`), faultOf('BIND_IN_USE'))
  ok(existsSync(path))
  await first.close()

  const stale = createServer().listen(join(folder, 'x'))
  await once(stale, 'listening')
  const { renameSync } = await import('node:fs')
  renameSync(join(folder, 'x'), path) // Node deletes the name it bound, so this one stays
  stale.close()
  await once(stale, 'close')
  ok(existsSync(path))
  const second = await openOne(`unix:${path}`)
  await second.close()

  writeFileSync(path, 'precious')
  await rejects(open(`unix:${path}`), faultOf('BIND_FAILED', /something else/))
  rmSync(path)
})

test("our end leaves a successor's socket alone", async () => {
  const path = join(folder, 'next.sock')
  const old = await openOne(`unix:${path}`)
  rmSync(path)
  const successor = await openOne(`unix:${path}`)
  greetAll(successor)
  await old.close()
  equal(await greeting(connect(path)), 'hello')
  await successor.close()
  ok(!existsSync(path))
})

test('a path may have 107 bytes, and no more', async () => {
  const path = join(folder, 'p'.repeat(107 - folder.length - 1))
  const listener = await openOne(`unix:${path}`)
  greetAll(listener)
  equal(await greeting(connect(path)), 'hello')
  await listener.close()
  await rejects(open(`unix:${path}p`), faultOf('BIND_FAILED', /107 bytes/))
  const deep = join(folder, 'd'.repeat(107 - folder.length - 3))
  mkdirSync(deep)
  await (await openOne(`unix:${deep}/s`)).close()
  equal(readdirSync(deep).length, 0)
})

test('a folder that is missing, or closed to us', {
  skip: process.getuid?.() === 0 && 'root may do everything',
}, async () => {
  const closed = join(folder, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o500)
  await rejects(open(`unix:${closed}/s`), faultOf('BIND_FORBIDDEN'))
})

test('a missing folder is a fault', async () => {
  await rejects(open(`unix:${folder}/none/s`), faultOf('BIND_FAILED', /no such folder/))
})
