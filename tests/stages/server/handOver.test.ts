import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Listener } from '../../../src/listen/listener.ts'
import { request } from '../../kit/client.ts'
import { within } from '../../kit/wait.ts'
import { wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

test('after a handing-over each connection may send one more request; then the server ends', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const [used, fresh] = [await house.client(), await house.client()]
  await used.write(request('GET', '/before'))
  await worker.send(wholeFrame((await worker.request()).id))
  await used.response()
  const over = house.server.handOver(60_000, new AbortController().signal)
  equal(house.server.ready, false)
  await house.turns()
  deepEqual([used.state, fresh.state], ['open', 'open'])
  for (const client of [used, fresh]) {
    await client.write(request('POST', '/after', [], 'body'))
    await worker.send(wholeFrame((await worker.request()).id))
    const answer = await client.response()
    deepEqual([answer.status, answer.header('connection')], [200, 'close'])
    await client.end()
    client.close()
  }
  await over
})

test('idle connections are waited for no longer than was said', async (t) => {
  const house = await House.open(t)
  const client = await house.client()
  const over = house.server.handOver(1_000, new AbortController().signal)
  await house.turns()
  equal(client.state, 'open')
  house.clock.advance(1_000)
  await over
  await client.end()
})

test('a hurry ends it at once', async (t) => {
  const house = await House.open(t)
  await house.client()
  const hurry = new AbortController()
  const over = house.server.handOver(1_000_000, hurry.signal)
  hurry.abort()
  await over
})

test('a stop that is in a hurry from the start waits for nobody who keeps coming', async (t) => {
  const house = await House.open(t)
  t.mock.method(Listener.prototype, 'drain', () => new Promise(() => {}))
  const hurry = new AbortController()
  hurry.abort()
  await within(house.server.drain(60_000, hurry.signal), 'the end')
})
