import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { WIRE } from '../../../src/worker/table.ts'
import { chunked, request } from '../../kit/client.ts'
import { endFrame, frame, headFrame, wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const { worker: W, flags: FLAGS } = WIRE

function all(...requests: Buffer[]): Buffer {
  return Buffer.concat(requests)
}

function get(target: string): Buffer {
  return request('GET', target)
}

test('safe requests run side by side, and are answered in the order they came', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 4 })
  const client = await house.client()
  await client.write(all(get('/1'), request('HEAD', '/2'), get('/3'), get('/4')))
  const ids = (await worker.requests(4)).map(({ id }) => id)
  await worker.send(wholeFrame(ids[3]!, 'four'))
  await worker.send(headFrame(ids[2]!, 'th'), frame(W.DATA, ids[2]!, 're'))
  await worker.send(wholeFrame(ids[1]!, ''))
  await house.turns()
  equal(client.heldBytes, 0)
  await worker.send(wholeFrame(ids[0]!, 'one'))
  equal((await client.response()).text, 'one')
  equal((await client.response({ method: 'HEAD' })).status, 200)
  await worker.send(frame(W.DATA, ids[2]!, 'e'), endFrame(ids[2]!))
  deepEqual(
    (await client.responses(2)).map(({ text }) => text),
    ['three', 'four'],
  )
})

test('an unsafe request waits for the answers before it, and the next waits for its answer', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 4 })
  const client = await house.client()
  await client.write(all(get('/1'), request('POST', '/2', [], 'body'), get('/3')))
  for (const target of ['/1', '/2', '/3']) {
    const asked = await worker.request()
    await house.turns()
    deepEqual([asked.target, worker.asked.length], [target, Number(target.slice(1))])
    await worker.send(wholeFrame(asked.id, target))
    equal((await client.response()).text, target)
  }
})

test('one request of a connection at a time waits in the queue', async (t) => {
  const house = await House.open(t)
  const greedy = await house.client()
  await greedy.write(all(get('/1'), get('/2'), get('/3')))
  await house.turns()
  equal(house.server.usage.queued, 1)
  const modest = await house.client()
  await modest.write(get('/modest'))
  await house.turns()
  const worker = await house.worker({ threads: 2 })
  deepEqual(
    (await worker.requests(2)).map(({ target }) => target),
    ['/1', '/modest'],
  )
})

test('a refusal comes after the answers to the good requests before it', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 2 })
  const client = await house.client()
  await client.write(all(get('/1'), get('/2'), Buffer.from('BAD\r\n\r\n'), get('/never')))
  const [one, two] = await worker.requests(2)
  await worker.send(wholeFrame(two!.id, 'two'))
  await house.turns()
  equal(client.heldBytes, 0)
  await worker.send(wholeFrame(one!.id, 'one'))
  const answers = await client.responses(3)
  deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 400],
  )
  deepEqual(
    answers.map((answer) => answer.header('connection')),
    [null, null, 'close'],
  )
  equal((await client.rest()).length, 0)
  equal(worker.asked.length, 2)
})

test('a refusal is answered even to a client that has closed its side', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(all(get('/1'), request('POST', '/2', [['Transfer-Encoding', 'chunked']]), Buffer.from('zz\r\n')))
  client.halfClose()
  const { id } = await worker.request()
  await house.turns()
  await worker.send(wholeFrame(id))
  deepEqual(
    (await client.responses(2)).map(({ status }) => status),
    [200, 400],
  )
  await client.end()
  await house.allGivenBack()
})

test('after an answer that closes the connection nothing later runs', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(all(request('POST', '/1', [], 'x'), get('/2'), get('/3')))
  const { id } = await worker.request()
  await worker.send(wholeFrame(id, 'bye', { flags: FLAGS.HEAD.CLOSE }))
  equal((await client.response()).text, 'bye')
  equal((await client.rest()).length, 0)
  equal(worker.asked.length, 1)
  equal(house.server.usage.queued, 0)
})

test('what runs beside an answer that closes the connection is cancelled', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 2 })
  const client = await house.client()
  await client.write(all(get('/1'), get('/2')))
  const [one, two] = await worker.requests(2)
  await worker.send(wholeFrame(one!.id, 'bye', { flags: FLAGS.HEAD.CLOSE }))
  equal((await worker.heard('CANCEL')).id, two!.id)
  await worker.send(wholeFrame(two!.id, 'never seen'))
  equal((await client.response()).text, 'bye')
  equal((await client.rest()).length, 0)
})

test('so many are read ahead and no more; then reading goes on', async (t) => {
  const house = await House.open(t, { settings: { pipeline: 3 } })
  const worker = await house.worker({ threads: 20 })
  const client = await house.client()
  await client.write(all(...Array.from({ length: 10 }, (_, at) => get(`/${at}`))))
  await worker.requests(3)
  await house.turns()
  equal(worker.asked.length, 3)
  for (let at = 0; at < 10; at++) {
    await worker.send(wholeFrame(at + 1, `${at}`))
    equal((await client.response()).text, `${at}`)
  }
  equal(worker.asked.length, 10)
})

test('a pipeline longer than the read-ahead, refused at once throughout, is answered throughout', async (t) => {
  const house = await House.open(t, { settings: { pipeline: 2, queue: 1 } })
  const other = await house.client()
  await other.write(get('/waits'))
  await house.turns()
  const client = await house.client()
  await client.write(all(...Array.from({ length: 7 }, (_, at) => get(`/${at}`))))
  const answers = await client.responses(7)
  deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]))
})

test('requests behind a large body come after it, however many are read ahead', async (t) => {
  const settings = { pipeline: 2, bodyBufferBytes: 1_000 }
  const house = await House.open(t, { settings })
  const worker = await house.worker({ threads: 4 })
  const client = await house.client()
  const body = Buffer.alloc(300_000, 'b')
  await client.write(all(request('PUT', '/body', [], body), ...['/1', '/2', '/3', '/4'].map(get)))
  for (const target of ['/body', '/1', '/2', '/3', '/4']) {
    const asked = await worker.request()
    equal(asked.target, target)
    await worker.send(wholeFrame(asked.id, target))
    equal((await client.response()).text, target)
  }
  client.halfClose()
  await house.allGivenBack()
})

test('a failure before its turn is an answer of its own, not a broken one', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 2 })
  const client = await house.client()
  await client.write(all(get('/1'), get('/2')))
  const [one, two] = await worker.requests(2)
  const raised = JSON.stringify({ code: 'APP_RAISED', says: 'ValueError' })
  await worker.send(headFrame(two!.id, 'begun'), frame(W.ERROR, two!.id, raised, FLAGS.ERROR.STARTED))
  await worker.send(wholeFrame(one!.id, 'one'))
  deepEqual(
    (await client.responses(2)).map(({ status }) => status),
    [200, 500],
  )
  await client.write(get('/3'))
  await worker.send(wholeFrame((await worker.request()).id, 'three'))
  equal((await client.response()).text, 'three')
})

test('large answers that wait for their turn are within the budget, or on disk', async (t) => {
  const house = await House.open(t, { settings: { bodyMemoryBytes: 100_000 } })
  const worker = await house.worker({ threads: 9 })
  const client = await house.client()
  await client.write(all(...Array.from({ length: 9 }, (_, at) => get(`/${at}`))))
  await worker.requests(9)
  const body = (at: number) => `${at}`.repeat(200_000)
  for (let at = 8; at >= 1; at--) await worker.send(wholeFrame(at + 1, body(at)))
  await house.turns()
  equal(house.server.usage.memoryBytes <= 100_000, true)
  await worker.send(wholeFrame(1, body(0)))
  for (let at = 0; at < 9; at++) {
    const answer = await client.response()
    deepEqual([answer.framing, answer.text === body(at)], ['length', true])
  }
  client.halfClose()
  await house.allGivenBack()
})

test('requests with bodies in one write, chunked and not, are told apart', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(
    all(
      request('POST', '/1', [], 'one'),
      request('POST', '/2', [['Transfer-Encoding', 'chunked']], chunked('tw', 'o')),
      request('POST', '/3', [], 'three'),
    ),
  )
  for (const wanted of ['one', 'two', 'three']) {
    const { id, body, flags } = await worker.request()
    equal(body.toString(), wanted)
    equal(flags, wanted === 'two' ? FLAGS.REQUEST.BODY_LENGTH : 0)
    await worker.send(wholeFrame(id, wanted))
    equal((await client.response()).text, wanted)
  }
})
