import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Courier } from '../../../src/observe/courier.ts'
import { syslogAddress, syslogMessage } from '../../../src/observe/syslog.ts'
import { syslogCarrier } from '../../../src/observe/syslogSender.ts'
import { atEnd } from '../../kit/ends.ts'

test('a message has the frame of Python’s SysLogHandler', () => {
  equal(syslogMessage('user', 'dram.error', 'info', 71, 'hello'), '<14>dram.error: [71] hello')
  equal(syslogMessage('local7', 'a', 'critical', 1, 'x'), '<186>a: [1] x')
  equal(Buffer.byteLength(syslogMessage('user', 'a', 'info', 1, 'x'.repeat(100_000))), 32 * 1024)
})

test('addresses', () => {
  const read = (text: string) => Object.values(syslogAddress(text) ?? {}).join(' ')
  equal(read('udp://10.0.0.1:99'), 'udp 10.0.0.1 99')
  equal(read('tcp://[::1]'), 'tcp ::1 514')
  equal(read('udp://'), 'udp localhost 514')
  equal(read('unix:///dev/log'), 'unix /dev/log 0')
  equal(read('unix-stream://log'), 'unix-stream log 0')
  for (const wrong of ['localhost:514', 'udp://a b', 'tcp://::1:5', 'udp://a:99999']) equal(syslogAddress(wrong), null)
})

interface Told {
  readonly failures: string[]
  readonly lost: number[]
}

function sender(t: TestContext, address: string): [Courier, Told] {
  const told: Told = { failures: [], lost: [] }
  const made = new Courier(syslogCarrier(syslogAddress(address)!, null), {
    failed: (why) => told.failures.push(why),
    lost: (messages) => told.lost.push(messages),
  })
  atEnd(t, () => made.close(0))
  return [made, told]
}

/** What comes over its first connection. */
async function listening(t: TestContext, at: { port: number } | { path: string }): Promise<[Server, Promise<string>]> {
  const server = createServer()
  const heard = once(server, 'connection').then(async ([socket]) => {
    atEnd(t, () => socket.destroy())
    return String((await once(socket, 'data'))[0])
  })
  server.listen({ host: '127.0.0.1', ...at })
  await once(server, 'listening')
  atEnd(t, () => server.close())
  return [server, heard]
}

test('by UDP: a datagram each', async (t) => {
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  atEnd(t, () => server.close())
  await once(server, 'listening')
  const [syslog, { failures }] = sender(t, `udp://127.0.0.1:${server.address().port}`)
  const heard = once(server, 'message')
  syslog.write('<14>a: b\nc')
  equal(String((await heard)[0]), '<14>a: b\nc')
  deepEqual(failures, [])
})

test('by TCP: a line each', async (t) => {
  const [server, heard] = await listening(t, { port: 0 })
  const [syslog] = sender(t, `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
  syslog.write('<14>a: b\nc')
  syslog.write('<14>a: d')
  equal(await heard, '<14>a: b#012c\n<14>a: d\n')
})

test('by a Unix stream', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'syslog-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  const path = join(folder, 'log')
  const [, heard] = await listening(t, { path })
  const [syslog] = sender(t, `unix-stream://${path}`)
  syslog.write('<14>a: b')
  equal(await heard, '<14>a: b\n')
})

test('nobody there: told once, and nothing waits', async (t) => {
  const [server] = await listening(t, { port: 0 })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const [syslog, { failures }] = sender(t, `tcp://127.0.0.1:${port}`)
  for (let at = 0; at < 20; at++) {
    syslog.write('<14>a: b')
    await new Promise(setImmediate)
  }
  await syslog.close(1000)
  equal(failures.length, 1)
  match(failures[0]!, /ECONNREFUSED/)
})

test('one that reads nothing costs messages, not memory or time', async (t) => {
  const server = createServer({ pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(t, () => server.close())
  server.on('connection', (socket) => atEnd(t, () => socket.destroy()))
  const [syslog] = sender(t, `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const before = process.memoryUsage.rss()
  const message = 'x'.repeat(10_000)
  for (let at = 0; at < 20_000; at++) syslog.write(message)
  ok(process.memoryUsage.rss() - before < 100 * 1024 * 1024, 'of 200 MB, one is kept')
})

test('the keeper sends what goes to a Unix socket', async (t) => {
  const sent: string[] = []
  const datagrams = { send: (path: string, texts: readonly string[]) => sent.push(path, ...texts) > 0 }
  const syslog = new Courier(syslogCarrier(syslogAddress('unix:///dev/log')!, datagrams), {
    failed: () => {},
    lost: () => {},
  })
  atEnd(t, () => syslog.close(0))
  syslog.write('<14>a: b')
  syslog.write('<14>a: c')
  await syslog.close(1000)
  deepEqual(sent, ['/dev/log', '<14>a: b', '<14>a: c'])
})
