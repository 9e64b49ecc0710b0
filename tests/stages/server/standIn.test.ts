import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { chunked, request } from '../../kit/client.ts'
import { wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const BROKEN = new Fault('APP_IMPORT_FAILED', { detail: 'it says' })

test('a fault stands in for the application: every request gets it, bodies and pipelines too, until it is gone', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  house.server.standIn = BROKEN
  const client = await house.client()
  await client.write(request('GET', '/1'))
  equal((await client.response()).status, 500)
  for (const [framing, body] of [
    [['Content-Length', '4'], 'body'],
    [['Transfer-Encoding', 'chunked'], chunked('body')],
  ] as const) {
    const uploading = await house.client()
    await uploading.write(Buffer.concat([request('POST', '/2', [framing]), Buffer.from(body)]))
    equal((await uploading.response()).status, 500)
  }
  await client.write(Buffer.concat([request('GET', '/4'), request('HEAD', '/5')]))
  equal((await client.response()).status, 500)
  equal((await client.response({ method: 'HEAD' })).status, 500)
  house.server.standIn = null
  await client.write(request('GET', '/6'))
  const { id, target } = await worker.request()
  equal(target, '/6')
  await worker.send(wholeFrame(id, 'six'))
  equal((await client.response()).text, 'six')
})

test('what waits when the application is known to be broken gets the fault at once', async (t) => {
  const house = await House.open(t)
  const client = await house.client()
  await client.write(request('GET', '/'))
  await house.turns()
  equal(house.server.usage.queued, 1)
  house.server.standIn = BROKEN
  match((await client.response()).text, /APP_IMPORT_FAILED/)
})

test('while the pool is held what comes waits, and what runs is answered', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 2 })
  const [first, second] = [await house.client(), await house.client()]
  await first.write(request('GET', '/1'))
  const one = await worker.request()
  house.server.pool.held = true
  await second.write(request('GET', '/2'))
  await worker.send(wholeFrame(one.id, 'one'))
  equal((await first.response()).text, 'one')
  deepEqual([house.server.usage.queued, house.server.usage.running], [1, 0])
  house.server.pool.held = false
  const two = await worker.request()
  await worker.send(wholeFrame(two.id, 'two'))
  equal((await second.response()).text, 'two')
})
