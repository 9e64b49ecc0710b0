import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../../kit/client.ts'
import { eventually } from '../../kit/wait.ts'
import { wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const gets = (from: number, to: number) =>
  Buffer.concat(Array.from({ length: to - from }, (_, at) => request('GET', `/${from + at}`)))

/** A house that knows its requests to be fast. */
async function fastHouse(...args: Parameters<typeof House.open>): Promise<House> {
  const house = await House.open(...args)
  const worker = await house.worker()
  const client = await house.client()
  for (let at = 0; at < 100; at++) {
    await client.write(request('GET', '/warm'))
    await worker.send(wholeFrame((await worker.request()).id, '', { micros: 20 }))
    await client.response()
  }
  client.close()
  return house
}

test('with 63 that send singly, one that pipelines has its share of the workers', async (t) => {
  const house = await fastHouse(t, { settings: { pipeline: 64 } })
  await house.worker()
  const singles = await Promise.all(Array.from({ length: 63 }, () => house.client()))
  const greedy = await house.client()
  for (const single of singles) await single.write(request('GET', '/single'))
  await eventually(() => house.server.usage.running === 63, 'those that send singly')
  await greedy.write(gets(0, 64))
  await eventually(() => house.server.usage.running === 65, 'the one that pipelines')
  await house.turns()
  deepEqual([house.server.usage.running, house.server.usage.queued], [65, 0])
  equal(house.server.requests().filter(({ target }) => target !== '/single').length, 2)
})

test('a pipeline gets on, one answer after the other, while others are there', async (t) => {
  const house = await House.open(t, { settings: { pipeline: 64 } })
  const worker = await house.worker({ threads: 4 })
  const others = await Promise.all([house.client(), house.client(), house.client()])
  for (const other of others) await other.write(request('GET', '/long'))
  await worker.requests(3)
  const greedy = await house.client()
  await greedy.write(gets(0, 20))
  for (let at = 0; at < 20; at++) {
    const asked = await worker.request()
    equal(asked.target, `/${at}`)
    await house.turns()
    equal(worker.asked.length, 4 + at)
    await worker.send(wholeFrame(asked.id, `${at}`, { micros: 50_000 }))
    equal((await greedy.response()).text, `${at}`)
  }
})

test('one alone gets all there is', async (t) => {
  const house = await fastHouse(t, { settings: { pipeline: 64 } })
  await house.worker()
  const greedy = await house.client()
  await greedy.write(gets(0, 64))
  await eventually(() => house.server.usage.running === 64, 'all of them')
})

test('threads that are free are for who asks', async (t) => {
  const house = await House.open(t)
  await house.worker({ threads: 8 })
  const [other, greedy] = [await house.client(), await house.client()]
  await other.write(request('GET', '/long'))
  await house.turns()
  await greedy.write(gets(0, 20))
  await eventually(() => house.server.usage.running === 8, 'all threads to be busy')
  await house.turns()
  equal(house.server.usage.queued, 0)
})

test('a thread that gets free is for those that pipeline, in turns, once nobody else waits', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 3 })
  const [other, single, one, two] = await Promise.all(Array.from({ length: 4 }, () => house.client()))
  await other!.write(request('GET', '/other'))
  const long = await worker.request()
  await one!.write(gets(10, 14))
  equal((await worker.request()).target, '/10')
  const eleven = await worker.request()
  equal(eleven.target, '/11')
  await two!.write(gets(20, 24)) // waits in the queue: its first
  await single!.write(request('GET', '/single'))
  await eventually(() => house.server.usage.queued === 2, 'both to wait')
  const ends = async (id: number) => worker.send(wholeFrame(id, '', { micros: 50_000 }))
  const next = async () => {
    const { id, target } = await worker.request()
    await house.turns()
    return { id, target }
  }
  await ends(long.id)
  const twenty = await next()
  equal(twenty.target, '/20', 'the queue comes first')
  await ends(eleven.id) // an answer of /10's connection, which may not leave yet
  const alone = await next()
  equal(alone.target, '/single')
  equal(house.server.usage.queued, 0)
  await ends(alone.id)
  const twelve = await next()
  equal(twelve.target, '/12', 'it asked first, and none of its own has ended')
  await ends(twelve.id)
  equal((await next()).target, '/21', 'then it is the other’s turn')
})

test('a worker that joins gets what was beyond the share of one that pipelines', async (t) => {
  const house = await House.open(t)
  const first = await house.worker()
  const greedy = await house.client()
  await greedy.write(gets(0, 3))
  equal((await first.request()).target, '/0')
  await house.turns()
  equal(house.server.usage.queued, 0)
  const second = await house.worker()
  equal((await second.request()).target, '/1')
})
