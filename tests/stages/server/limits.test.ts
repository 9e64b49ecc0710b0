import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { WIRE } from '../../../src/worker/table.ts'
import { request } from '../../kit/client.ts'
import { eventually } from '../../kit/wait.ts'
import { endFrame, frame, headFrame, wholeFrame } from '../worker/fakeWorker.ts'
import { House, settingsOf } from './house.ts'

const { worker: W } = WIRE

test('an overdue request is answered 504, and the connection goes on', async (t) => {
  const house = await House.open(t, { settings: { timeoutMs: 5_000 } })
  const { worker, attached } = await house.attach()
  const client = await house.client()
  await client.write(
    request('GET', '/slow', [
      ['Cookie', 'id=1'],
      ['X-Shop', 'a'],
      ['X-Api-Key', 'k'],
    ]),
  )
  const { id } = await worker.request()
  worker.mark(0, id, house.clock.nowMs())
  await house.pass(4_500)
  equal(client.heldBytes, 0)
  await house.pass(1_000)
  const answer = await client.response()
  deepEqual([answer.status, answer.header('connection')], [504, null])
  match(answer.text, /REQUEST_TIMEOUT/)
  const [facts] = house.overdue
  deepEqual([facts!.method, facts!.target, facts!.client, facts!.state], ['GET', '/slow', '127.0.0.1', 'running'])
  deepEqual(Object.fromEntries(facts!.headers), { host: 'localhost', cookie: '***', 'x-shop': 'a', 'x-api-key': '***' })
  deepEqual([house.faults, attached.running], [[], 0])
  await worker.send(wholeFrame(id, 'too late'))
  const other = await house.worker()
  await client.write(request('GET', '/next'))
  await other.send(wholeFrame((await other.request()).id, 'next'))
  equal((await client.response()).text, 'next')
})

test('a client that has left does not keep a stuck worker', async (t) => {
  const house = await House.open(t, { settings: { timeoutMs: 5_000 } })
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/slow'))
  const { id } = await worker.request()
  worker.mark(0, id, house.clock.nowMs())
  client.reset()
  await eventually(() => house.server.usage.connections === 0, 'the client to be gone')
  await house.pass(5_500)
  equal(house.overdue.length, 1)
})

test('an answer that falls silent is broken off, one whose client is slow is not', async (t) => {
  const house = await House.open(t, {
    settings: { streamTimeoutMs: 5_000, writeTimeoutMs: 3_600_000, minBodyRateBytes: 0 },
  })
  const worker = await house.worker({ threads: 2 })
  const [client, slow] = [await house.client(), await house.client({ paused: true })]
  await client.write(request('GET', '/silent'))
  await slow.write(request('GET', '/large'))
  const asked = await worker.requests(2)
  for (const [slot, { id }] of asked.entries()) {
    worker.mark(slot, id, house.clock.nowMs())
    await worker.send(headFrame(id, 'begun'))
  }
  const large = asked.find(({ target }) => target === '/large')!
  const piece = frame(W.DATA, large.id, Buffer.alloc(60_000, 'x'))
  for (let i = 0; i < 200; i++) await worker.send(piece)
  await house.pass(60_000)
  equal(await client.end(), 'ended')
  deepEqual(
    house.overdue.map(({ target, state }) => [target, state]),
    [['/silent', 'answering']],
  )
  slow.resume()
  await worker.send(endFrame(large.id))
  equal((await slow.response()).body.length, 5 + 200 * 60_000)
})

test('one address may have so many connections; what it is told says when to come back', async (t) => {
  const house = await House.open(t, { settings: { maxClientConnections: 2 } })
  const first = await house.client()
  await house.client()
  const third = await house.client()
  const answer = await third.response()
  equal(answer.status, 503)
  match(answer.text, /2 connections of this client.*\n.*\nTOO_MANY_OF_CLIENT/)
  match(answer.header('retry-after') ?? '', /^\d+$/)
  house.server.sweep()
  deepEqual([house.turnedAwayCount, house.turnedAwayBy], [1, ['TOO_MANY_OF_CLIENT']])
  first.close()
  await eventually(() => house.server.usage.connections === 1, 'a place')
  const worker = await house.worker()
  const fourth = await house.client()
  await fourth.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id))
  equal((await fourth.response()).status, 200)
})

test('the limit counts those that were there before it', async (t) => {
  const house = await House.open(t)
  await house.client()
  await eventually(() => house.server.usage.connections === 1, 'the connection')
  house.server.adopt(settingsOf({ maxClientConnections: 1 }))
  equal((await (await house.client()).response()).status, 503)
  house.server.adopt(settingsOf())
  await house.client()
  await eventually(() => house.server.usage.connections === 2, 'the other connection')
})

test('peers of a Unix socket have no address to count by', async (t) => {
  const house = await House.open(t, { unix: true, settings: { maxClientConnections: 1 } })
  await house.client()
  await house.client()
  await eventually(() => house.server.usage.connections === 2, 'both')
})
