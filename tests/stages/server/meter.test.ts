import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestMeter } from '../../../src/observe/meter.ts'
import { request } from '../../kit/client.ts'
import { eventually } from '../../kit/wait.ts'
import { endFrame, headFrame, wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

type Counted = Parameters<RequestMeter['request']>

class Meter implements RequestMeter {
  readonly counted: Counted[] = []

  request(...facts: Counted): void {
    this.counted.push(facts)
  }
}

test('each answered request is counted once, with where its time went', async (t) => {
  const meter = new Meter()
  const house = await House.open(t, { meter })
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '5']]))
  await house.turns()
  house.clock.advance(100)
  await client.write('12345')
  await eventually(() => house.server.usage.queued === 1, 'the request to wait')
  house.clock.advance(30)
  const worker = await house.worker()
  const { id } = await worker.request()
  house.clock.advance(7)
  await worker.send(wholeFrame(id, 'hello', { micros: 6_000 }))
  await client.response()
  deepEqual(meter.counted, [['POST', 200, 137, 30, 6_000, 100, 5, 5]])
})

test('what is sent at once has not waited; a stream counts at its end', async (t) => {
  const meter = new Meter()
  const house = await House.open(t, { meter })
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, 'abc'))
  await client.head()
  equal(meter.counted.length, 0)
  await worker.send(endFrame(id, { micros: 70 }))
  await eventually(() => meter.counted.length === 1, 'the count')
  deepEqual(meter.counted, [['GET', 200, 0, 0, 70, 0, 0, 3]])
})

test('what never came to a worker has no time there', async (t) => {
  const meter = new Meter()
  const house = await House.open(t, { meter })
  const client = await house.client()
  await client.write('BAD\r\n\r\n')
  await client.response()
  deepEqual(meter.counted[0]!.slice(0, 6), ['', 400, 0, -1, -1, 0])
})

test('gauges tell what is used', async (t) => {
  const house = await House.open(t, { maxConnections: 7 })
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  const { running, serving, connections, accepted, maxConnections, queued } = house.server.usage
  deepEqual(
    { running, serving, connections, accepted, maxConnections, queued },
    {
      running: 1,
      serving: 1,
      connections: 1,
      accepted: 1,
      maxConnections: 7,
      queued: 0,
    },
  )
  await worker.send(wholeFrame(id))
  const bytes = (await client.response()).body.length
  equal(bytes, 5)
  const { bytesRead, bytesWritten } = house.server.usage
  client.close()
  await eventually(() => house.server.usage.connections === 0, 'the end')
  deepEqual([house.server.usage.bytesRead, house.server.usage.bytesWritten], [bytesRead, bytesWritten])
  equal(bytesRead, request('GET', '/').length)
  equal(bytesWritten > 5, true)
})

test('what waits, runs, and is on its way to a slow client can be listed', async (t) => {
  const house = await House.open(t, { settings: { bodyMemoryBytes: 100_000 } })
  const worker = await house.worker()
  const [one, two, slow] = [await house.client(), await house.client(), await house.client({ paused: true })]
  await slow.write(request('GET', '/slow-client'))
  await worker.send(wholeFrame((await worker.request()).id, Buffer.alloc(20_000_000, 'x')))
  await eventually(() => house.server.usage.running === 0, 'the answer')
  await one.write(request('GET', '/runs', [['Authorization', 'Basic x']]))
  worker.mark(0, (await worker.request()).id, house.clock.nowMs())
  await two.write(request('GET', '/waits'))
  await eventually(() => house.server.usage.queued === 1, 'the queue')
  house.clock.advance(40)
  deepEqual(
    house.server.requests().map(({ target, state, worker, ageMs }) => [target, state, worker !== null, ageMs]),
    [
      ['/runs', 'running', true, 40],
      ['/waits', 'waiting', false, 40],
      ['/slow-client', 'answering', true, 40],
    ],
  )
  deepEqual(Object.fromEntries(house.server.requests()[0]!.headers).authorization, '***')
  deepEqual(
    house.server.current().map(({ target }) => target),
    ['/runs'],
  )
})
