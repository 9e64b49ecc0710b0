import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Notes } from '../kit/gate.ts'
import { shared, start } from '../kit/server.ts'

const server = await shared('probe.py', [
  ...['--workers', '1', '--head-timeout', '1s', '--body-timeout', '1s', '--keep-alive', '1s', '--write-timeout', '1s'],
])

test('a head that stalls gets 408', async () => {
  const client = await server.connect()
  await client.write('GET / HTTP/1.1\r\nHost:')
  const answer = await client.response()
  equal(answer.status, 408)
  equal(answer.header('connection'), 'close')
  equal((await client.rest()).length, 0)
})

test('the head as a whole has one time: drops don’t lengthen it', async () => {
  const client = await server.connect()
  const dripping = setInterval(() => client.socket.writable && client.socket.write('X'), 100)
  try {
    await client.write('GET / HTTP/1.1\r\nHost: a\r\n')
    equal((await client.response()).status, 408)
  } finally {
    clearInterval(dripping)
  }
})

test('a connection on which nothing came is closed without a word', async () => {
  const client = await server.connect()
  equal((await client.rest()).length, 0)
})

test('an idle kept-alive connection is closed without a word', async () => {
  const client = await server.connect()
  await client.write(request('GET', '/'))
  equal((await client.response()).status, 200)
  equal((await client.rest()).length, 0)
})

test('a second head that stalls gets 408 too', async () => {
  const client = await server.connect()
  await client.write(request('GET', '/'))
  equal((await client.response()).status, 200)
  await client.write('GET /')
  equal((await client.response()).status, 408)
})

test('a body that stalls gets 408 and never reaches the application', async (t) => {
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('POST', `/run?log=${notes.path}`, [['Content-Length', '10']]))
  await client.write('12345')
  const answer = await client.response()
  equal(answer.status, 408)
  equal((await client.rest()).length, 0)
  equal(notes.lines().length, 0)
})

test('a client that takes nothing of its answer loses it, and the log says so', async () => {
  const from = server.lines.length
  const client = await server.connect({ paused: true })
  await client.write(request('GET', '/sized?size=50000000'))
  await server.until(/\/sized.*client/, { from })
  client.resume()
  await client.failure()
})

test('a body that comes too slowly overall is refused', async (t) => {
  const own = await start(t, 'probe.py', ['--workers', '1', '--min-body-rate', '100KiB', '--body-timeout', '2s'])
  const client = await own.connect()
  await client.write(request('POST', '/echo', [['Content-Length', '1000000']]))
  const dripping = setInterval(() => client.socket.writable && client.socket.write('x'.repeat(100)), 50)
  try {
    equal((await client.response()).status, 408)
  } finally {
    clearInterval(dripping)
  }
})

test('an answer that is taken too slowly overall is broken off', async (t) => {
  const args = ['--workers', '1', '--min-body-rate', '20MiB', '--write-timeout', '2s']
  const own = await start(t, 'probe.py', args)
  const client = await own.connect({ paused: true })
  await client.write(request('GET', '/sized?size=100000000'))
  // A little now and then, so that it never stalls.
  const sipping = setInterval(() => {
    client.resume()
    setImmediate(() => client.pause())
  }, 500)
  try {
    await own.until(/\/sized.*client/, { guardMs: 40_000 })
  } finally {
    clearInterval(sipping)
  }
  client.resume()
  await client.failure()
})

test('a hundred slow clients cost no worker', async (t) => {
  const own = await start(t, 'probe.py', ['--workers', '1'])
  const silent = await Promise.all(Array.from({ length: 50 }, () => own.connect()))
  const heads = await Promise.all(Array.from({ length: 50 }, () => own.connect()))
  const bodies = await Promise.all(Array.from({ length: 50 }, () => own.connect()))
  for (const client of heads) await client.write('GET / HTTP/1.1\r\nHo')
  for (const client of bodies) await client.write(`${request('POST', '/echo', [['Content-Length', '10']])}12345`)
  const readers = await Promise.all(Array.from({ length: 20 }, () => own.connect({ paused: true })))
  for (const client of readers) await client.write(request('GET', '/sized?size=3000000'))
  for (let at = 0; at < 20; at++) match((await own.get('/quick')).text, /quick/)
  for (const client of bodies) await client.write('67890')
  for (const client of bodies) equal((await client.response()).text, '1234567890')
  for (const client of readers) client.resume()
  for (const client of readers) equal((await client.response()).body.length, 3_000_000)
  for (const client of silent) await client.write(request('GET', '/at-last'))
  for (const client of silent) equal((await client.response()).status, 200)
})

test('--keep-alive 0 closes after each answer', async (t) => {
  const own = await start(t, 'probe.py', ['--workers', '1', '--keep-alive', '0'])
  const client = await own.connect()
  await client.write(request('GET', '/'))
  equal((await client.response()).header('connection'), 'close')
  equal((await client.rest()).length, 0)
})
