import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { WIRE } from '../../../src/worker/table.ts'
import { request } from '../../kit/client.ts'
import { endFrame, frame, headFrame, wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const { worker: W } = WIRE
const TIMES = {
  settings: {
    headTimeoutMs: 20_000,
    keepAliveMs: 75_000,
    bodyTimeoutMs: 30_000,
    writeTimeoutMs: 30_000,
    minBodyRateBytes: 0,
    queueTimeoutMs: 30_000,
  },
}

test('a client that says nothing is let go, without an answer', async (t) => {
  const house = await House.open(t, TIMES)
  const client = await house.client()
  await house.pass(19_500)
  equal(client.state, 'open')
  await house.pass(1_000)
  equal((await client.rest()).length, 0)
})

test('half a head is answered 408, however it trickles', async (t) => {
  const house = await House.open(t, TIMES)
  const client = await house.client()
  await client.write('GET / HT')
  for (let second = 0; second < 19; second++) {
    await client.write('T')
    await house.pass(1_000)
  }
  equal(client.heldBytes, 0)
  await house.pass(2_000)
  const answer = await client.response()
  deepEqual([answer.status, answer.header('connection')], [408, 'close'])
  deepEqual(house.refusals, ['HEAD_TIMEOUT'])
})

test('an idle connection is kept for the keep-alive time, counted from the last answer', async (t) => {
  const house = await House.open(t, TIMES)
  const worker = await house.worker()
  const client = await house.client()
  for (let round = 0; round < 2; round++) {
    await client.write(request('GET', '/'))
    await worker.send(wholeFrame((await worker.request()).id))
    await client.response()
    await house.pass(74_000)
    equal(client.state, 'open')
  }
  await house.pass(2_000)
  equal((await client.rest()).length, 0)
})

test('what a connection lets go while it rests is not missed, and nothing that has come is forgotten', async (t) => {
  const house = await House.open(t, TIMES)
  const worker = await house.worker()
  const client = await house.client()
  for (const [before, after] of [
    ['', request('GET', '/')],
    ['GET', ' / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['\r', '\n'],
  ] as const) {
    await client.write(before)
    await house.pass(5_000)
    await client.write(after)
    if (after === '\n') break
    await worker.send(wholeFrame((await worker.request()).id))
    equal((await client.response()).status, 200)
  }
  // Eight empty lines are let pass before a request, one of which has come.
  for (let line = 0; line < 8; line++) {
    await house.pass(5_000)
    await client.write('\r\n')
  }
  equal((await client.response()).status, 400)
  deepEqual(house.refusals, ['REQUEST_LINE_MALFORMED'])
})

test('a slow application is waited for, longer than any of these times', async (t) => {
  const house = await House.open(t, TIMES)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await house.pass(3_600_000)
  await worker.send(wholeFrame(id, 'at last'))
  equal((await client.response()).text, 'at last')
})

test('an answer that pauses is waited for too', async (t) => {
  const house = await House.open(t, TIMES)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, 'tick'))
  await client.head()
  await house.pass(3_600_000)
  await worker.send(frame(W.DATA, id, 'tock'), endFrame(id))
  equal((await client.chunk())?.toString(), 'tick')
  equal((await client.chunk())?.toString(), 'tock')
})

test('a body that stalls is answered 408', async (t) => {
  const house = await House.open(t, TIMES)
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '100']], 'begun'))
  await house.pass(29_000)
  await client.write('more')
  await house.pass(29_000)
  equal(client.heldBytes, 0)
  await house.pass(3_000)
  equal((await client.response()).status, 408)
  deepEqual(house.refusals, ['BODY_TIMEOUT'])
  await house.pass(10_000)
  deepEqual(house.refusals.length, 1)
})

test('a body that trickles is answered 408', async (t) => {
  const house = await House.open(t, { settings: { ...TIMES.settings, minBodyRateBytes: 100 } })
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '1000']]))
  for (let second = 0; second < 40 && house.refusals.length === 0; second++) {
    await client.write('x')
    await house.pass(1_000)
  }
  equal((await client.response()).status, 408)
  deepEqual(house.refusals, ['BODY_TOO_SLOW'])
})

test('uploads one behind the other are judged each by its own bytes', async (t) => {
  const house = await House.open(t, TIMES)
  const worker = await house.worker()
  const client = await house.client()
  const half = Buffer.alloc(500_000)
  const post = request('POST', '/', [['Content-Length', '1000000']])
  await client.write(Buffer.concat([post, half]))
  await house.pass(5_000)
  for (let round = 0; round < 4; round++) {
    // The end of one body and the beginning of the next come together: the connection never stops receiving.
    await client.write(Buffer.concat([half, post, Buffer.alloc(10)]))
    const { id } = await worker.request()
    await house.pass(20_000)
    await worker.send(wholeFrame(id))
    equal((await client.response()).status, 200)
    await client.write(half.subarray(10))
    await house.pass(5_000)
  }
  deepEqual(house.refusals, [])
})

test('what waits in the queue too long gets a 503, and the connection stays', async (t) => {
  const house = await House.open(t, TIMES)
  const client = await house.client()
  await client.write(request('GET', '/'))
  await house.pass(29_000)
  equal(client.heldBytes, 0)
  await house.pass(2_000)
  const answer = await client.response()
  deepEqual([answer.status, answer.header('connection')], [503, null])
  deepEqual(house.faults, ['QUEUE_TIMEOUT'])
  const worker = await house.worker()
  await client.write(request('GET', '/again'))
  await worker.send(wholeFrame((await worker.request()).id))
  equal((await client.response()).status, 200)
})

test('a client that doesn’t read its answer is cut off, and the worker need not send it all', async (t) => {
  const house = await House.open(t, { settings: { ...TIMES.settings, responseSpoolBytes: 1_000_000 } })
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, Buffer.alloc(8_000_000, 'x')))
  await house.turns(50)
  await house.pass(29_000)
  equal(house.server.usage.connections, 1)
  // The kernel takes some more while the test's time flies.
  for (let round = 0; round < 10 && house.server.usage.connections > 0; round++) await house.pass(10_000)
  equal((await worker.heard('CANCEL')).id, id)
  await house.allGivenBack()
})

test('a client that reads now and then is not cut off', async (t) => {
  const house = await House.open(t, TIMES)
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  const size = 12_000_000
  await worker.send(headFrame(id, Buffer.alloc(size, 'x')), endFrame(id))
  for (let round = 0; round < 4; round++) {
    await house.pass(25_000)
    client.resume()
    await client.bytes(1_000_000)
    client.pause()
  }
  client.resume()
  const rest = await client.bytes(size - 4_000_000)
  ok(rest.length > 0)
  await house.pass(1_000)
  equal(client.state, 'open')
})

test('a client that reads slowly, but at the least rate, is not cut off, though one piece takes it minutes', async (t) => {
  const house = await House.open(t, { settings: { ...TIMES.settings, minBodyRateBytes: 240 } })
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  const size = 20_000_000
  await worker.send(headFrame(id, Buffer.alloc(size, 'x')), endFrame(id))
  await house.turns(50)
  for (let read = 0; read < size / 2; ) {
    await house.pass(25_000)
    client.resume()
    read += (await client.bytes(500_000)).length
    client.pause()
  }
  equal(house.server.usage.connections, 1)
})

test('after the last answer a client is heard out, but not for ever', async (t) => {
  const house = await House.open(t, TIMES)
  const client = await house.client()
  await client.write('BAD\r\n\r\n')
  equal((await client.response()).status, 400)
  await house.pass(4_000)
  equal(house.server.usage.connections, 1)
  for (let second = 0; second < 26; second++) {
    if (house.server.usage.connections > 0) await client.write('x')
    await house.pass(1_000)
  }
  await house.pass(6_000)
  await house.allGivenBack()
})
