import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Admin, openAdmin } from '../../../src/control/admin.ts'
import type { Pages } from '../../../src/control/pages.ts'
import { parseBind } from '../../../src/listen/bind.ts'
import { openListeners } from '../../../src/listen/open.ts'
import { atEnd } from '../../kit/ends.ts'
import { temporaryFolder } from './fakes.ts'

const PAGES: Pages = { ready: true, metrics: async () => 'dram_info 1\n' }

async function serve(t: TestContext, pages: Pages, lifetimeMs = 10_000, mostConnections = 64): Promise<number> {
  const listeners = await openListeners([parseBind('127.0.0.1:0')], { backlog: 8, unixMode: 0o600 })
  const admin = new Admin(listeners, pages, { lifetimeMs, mostConnections })
  atEnd(t, () => admin.close())
  const { where } = listeners[0]!
  return where.kind === 'tcp' ? where.port : 0
}

/** All that comes until the end of the connection. */
async function conversation(socket: Socket, bytes: string): Promise<string> {
  let got = ''
  socket.setEncoding('latin1').on('data', (text: string) => (got += text))
  socket.on('error', () => {})
  socket.write(bytes)
  if (!socket.destroyed) await once(socket, 'close')
  return got
}

const get = (path: string, method = 'GET') => `${method} ${path} HTTP/1.1\r\nhost: x\r\n\r\n`

test('three pages over TCP', async (t) => {
  const port = await serve(t, PAGES)
  const metrics = await conversation(connect(port, '127.0.0.1'), get('/metrics?x=1'))
  match(metrics, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain; version=0\.0\.4; charset=utf-8\r\n/)
  match(metrics, /\r\n\r\ndram_info 1\n$/)
  match(await conversation(connect(port, '127.0.0.1'), get('/-/ready')), /^HTTP\/1\.1 200 .*\r\n\r\nready\n$/s)
  match(await conversation(connect(port, '127.0.0.1'), get('/-/health', 'HEAD')), /content-length: 3\r\n.*\r\n\r\n$/s)
  match(await conversation(connect(port, '127.0.0.1'), get('/v1/status')), /^HTTP\/1\.1 404 /)
})

test('on a Unix path, which is gone at the end', async (t) => {
  const path = join(temporaryFolder(t), 'admin.sock')
  const admin = await openAdmin([`unix:${path}`], 0o600, PAGES)
  match(await conversation(connect(path), get('/-/health')), /^HTTP\/1\.1 200 /)
  await admin.close()
  equal(existsSync(path), false)
})

test('several addresses; one that is taken is a fault of the start', async (t) => {
  const admin = await openAdmin(['127.0.0.1:0', '127.0.0.1:0'], 0o600, PAGES)
  atEnd(t, () => admin.close())
  equal(admin.listeners.length, 2)
  const { where } = admin.listeners[0]!
  const taken = where.kind === 'tcp' ? where.port : 0
  await rejects(openAdmin([`127.0.0.1:${taken}`], 0o600, PAGES), { code: 'BIND_IN_USE' })
  await rejects(openAdmin(['what:ever:it:is'], 0o600, PAGES), { code: 'BIND_INVALID' })
})

test("a scraper that hangs is let go: before its request, within it, and while it doesn't read", async (t) => {
  const endless: Pages = { ready: true, metrics: async () => 'x'.repeat(64 * 1024 ** 2) }
  const port = await serve(t, endless, 50)
  for (const bytes of ['', 'GET /metrics HTTP/1.1\r\nhost: ']) {
    await conversation(connect(port, '127.0.0.1'), bytes)
  }
  const deaf = connect(port, '127.0.0.1')
  deaf.on('error', () => {})
  deaf.write(get('/metrics'))
  deaf.pause()
  await once(deaf, 'connect')
  // Another one sees that its place is free again: the first has closed when this one is closed, which came later.
  await conversation(connect(port, '127.0.0.1'), '')
  deaf.resume()
  if (!deaf.destroyed) await once(deaf, 'close')
})

test('beyond the limit of connections a client is let go at once', async (t) => {
  const port = await serve(t, PAGES, 10_000, 1)
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  equal(await conversation(connect(port, '127.0.0.1'), get('/-/health')), '')
  match(await conversation(first, get('/-/health')), /^HTTP\/1\.1 200 /)
})

test('scrapers at the same time share one gathering', async (t) => {
  let gatherings = 0
  let tell: (text: string) => void = () => {}
  const port = await serve(t, {
    ready: true,
    metrics: () => {
      gatherings++
      return new Promise((resolve) => (tell = resolve))
    },
  })
  const both = [1, 2].map(() => conversation(connect(port, '127.0.0.1'), get('/metrics')))
  await conversation(connect(port, '127.0.0.1'), get('/-/health')) // came last, so both are in
  tell('dram_info 1\n')
  const texts = await Promise.all(both)
  deepEqual([gatherings, texts.map((text) => text.endsWith('dram_info 1\n'))], [1, [true, true]])
})
