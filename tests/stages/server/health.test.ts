import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../../kit/client.ts'
import { wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const ON = { settings: { healthPaths: true } }

test('health and readiness are told without a worker', async (t) => {
  const house = await House.open(t, ON)
  const client = await house.client()
  await client.write(request('GET', '/-/health'))
  const health = await client.response()
  deepEqual([health.status, health.text, health.header('connection')], [200, 'ok\n', null])
  await client.write(request('GET', '/-/ready'))
  const notReady = await client.response()
  deepEqual([notReady.status, notReady.text], [503, 'not ready\n'])
  match(notReady.header('retry-after') ?? '', /^\d+$/)
  house.server.idleReady = true
  await client.write(request('HEAD', '/-/ready'))
  const ready = await client.response({ method: 'HEAD' })
  deepEqual([ready.status, ready.header('content-length')], [200, '6'])
  house.server.idleReady = false
  const { attached } = await house.attach()
  equal(house.server.ready, true)
  attached.drain()
  equal(house.server.ready, false)
})

test('a stop that is announced makes it not ready, and serving goes on', async (t) => {
  const house = await House.open(t, ON)
  const worker = await house.worker()
  house.server.reportNotReady()
  const client = await house.client()
  await client.write(Buffer.concat([request('GET', '/-/ready'), request('GET', '/-/health'), request('GET', '/')]))
  await worker.send(wholeFrame((await worker.request()).id))
  const answers = await client.responses(3)
  deepEqual(
    answers.map((answer) => [answer.status, answer.header('connection')]),
    [
      [503, null],
      [200, null],
      [200, null],
    ],
  )
})

test('in a pipeline they come in their turn, and hold up nobody', async (t) => {
  const house = await House.open(t, ON)
  const worker = await house.worker({ threads: 2 })
  const client = await house.client()
  await client.write(Buffer.concat(['/1', '/-/health', '/2', '/-/ready'].map((target) => request('GET', target))))
  const [one, two] = await worker.requests(2)
  deepEqual([one!.target, two!.target], ['/1', '/2'])
  await worker.send(wholeFrame(two!.id, 'two'))
  await house.turns()
  equal(client.heldBytes, 0)
  await worker.send(wholeFrame(one!.id, 'one'))
  deepEqual(
    (await client.responses(4)).map(({ text }) => text),
    ['one', 'ok\n', 'two', 'ready\n'],
  )
})

test('behind a request that waits its turn, others still run', async (t) => {
  const house = await House.open(t, ON)
  const worker = await house.worker()
  const client = await house.client()
  const bodies = [request('POST', '/1', [], 'x'), request('GET', '/-/health'), request('GET', '/2')]
  await client.write(Buffer.concat(bodies))
  for (const target of ['/1', '/2']) {
    const asked = await worker.request()
    equal(asked.target, target)
    await worker.send(wholeFrame(asked.id, target))
  }
  deepEqual(
    (await client.responses(3)).map(({ text }) => text),
    ['/1', 'ok\n', '/2'],
  )
})

test('only these paths are ours, and only to read', async (t) => {
  const house = await House.open(t, ON)
  const worker = await house.worker()
  const client = await house.client()
  for (const target of ['/-/healthy', '/-/ready/', '/-/ready?x', '/x/-/ready']) {
    await client.write(request('GET', target))
    const asked = await worker.request()
    equal(asked.target, target)
    await worker.send(wholeFrame(asked.id))
    await client.response()
  }
  await client.write(request('POST', '/-/health', [], 'body'))
  const refused = await client.response()
  deepEqual([refused.status, refused.header('allow')], [405, 'GET, HEAD'])
})

test('a body sent there is not waited for', async (t) => {
  const house = await House.open(t, ON)
  const client = await house.client()
  await client.write(request('GET', '/-/health', [['Content-Length', '5']]))
  const answer = await client.response()
  deepEqual([answer.status, answer.header('connection')], [200, 'close'])
  await client.write('12345')
  client.halfClose()
  await house.allGivenBack()
})

test('off, they go to the application', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/-/health'))
  equal((await worker.request()).target, '/-/health')
})

test('what the server answers itself is told with the bytes of its body', async (t) => {
  const house = await House.open(t, { settings: { healthPaths: true, queue: 0 } })
  const client = await house.client()
  const bytes: number[] = []
  for (const [method, target] of [
    ['GET', '/-/health'],
    ['HEAD', '/-/health'],
    ['GET', '/'],
    ['HEAD', '/'],
  ] as const) {
    await client.write(request(method, target))
    bytes.push((await client.response({ method })).body.length)
  }
  await client.write('BAD\r\n\r\n')
  bytes.push((await client.response()).body.length)
  deepEqual(
    house.lines.map(({ bodyBytes }) => bodyBytes),
    bytes,
  )
  equal(bytes[2]! > 0 && bytes[4]! > 0, true)
})
