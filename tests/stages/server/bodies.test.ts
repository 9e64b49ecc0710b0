import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import type { HeaderBlock } from '../../../src/events/request.ts'
import { bufferedIntake } from '../../../src/server/intake.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { chunked, request } from '../../kit/client.ts'
import { KIB, MIB, pattern, roomFor } from '../spool/room.ts'
import { frame, headFrame, u32, wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const { worker: W, front: F, flags: FLAGS } = WIRE
const EXPECT = [['Expect', '100-continue']] as const
const STREAM = { settings: { streamRequests: true } }

test('the worker is bothered only when the whole body is here', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '6']], 'abc'))
  await house.turns()
  equal(worker.asked.length, 0)
  await client.write('def')
  const { id, body } = await worker.request()
  equal(body.toString(), 'abcdef')
  await worker.send(wholeFrame(id))
  await client.response()
  client.halfClose()
  await house.allGivenBack()
})

for (const framing of ['length', 'chunked'])
  test(`a large body is handed over as a file, which is gone after the answer (${framing})`, async (t) => {
    const house = await House.open(t)
    const worker = await house.worker()
    const client = await house.client()
    const large = Buffer.alloc(500_000, 'abcdefg')
    if (framing === 'length') await client.write(request('POST', '/', [], large))
    else await client.write(request('POST', '/', [['Transfer-Encoding', 'chunked']], chunked(large)))
    const { id, flags, body } = await worker.request()
    const path = body.toString()
    equal(flags, FLAGS.REQUEST.BODY_FILE | (framing === 'chunked' ? FLAGS.REQUEST.BODY_LENGTH : 0))
    ok(readFileSync(path).equals(large))
    await worker.send(wholeFrame(id))
    await client.response()
    client.halfClose()
    await house.allGivenBack()
    equal(existsSync(path), false)
  })

test('a memory that is used up sends even small bodies to disk', async (t) => {
  const house = await House.open(t, { settings: { bodyMemoryBytes: 10 } })
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [], 'more than ten bytes'))
  const { id, flags, body } = await worker.request()
  equal(flags, FLAGS.REQUEST.BODY_FILE)
  equal(readFileSync(body.toString(), 'utf8'), 'more than ten bytes')
  await worker.send(wholeFrame(id))
  equal((await client.response()).status, 200)
})

test('no room for a body: 507, and the client is heard out', async (t) => {
  const house = await House.open(t, { spoolFiles: 0 })
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [], Buffer.alloc(400_000)))
  const answer = await client.response()
  deepEqual([answer.status, answer.header('connection')], [507, 'close'])
  equal((await client.rest()).length, 0)
  equal(worker.asked.length, 0)
  client.halfClose()
  await house.allGivenBack()
})

test('a body that was whole but can’t be written any more: 507 too, and the connection stays', async (t) => {
  const house = await House.open(t, { settings: { bodyBufferBytes: 10 } })
  const worker = await house.worker({ threads: 2 })
  const client = await house.client()
  rmSync(house.spool.folder, { recursive: true })
  const body = request('POST', '/lost', [], 'too large for memory')
  await client.write(Buffer.concat([request('GET', '/1'), body, request('GET', '/3')]))
  const { id } = await worker.request()
  await house.turns()
  await worker.send(wholeFrame(id, 'one'))
  const third = await worker.request()
  equal(third.target, '/3')
  await worker.send(wholeFrame(third.id, 'three'))
  deepEqual(
    (await client.responses(3)).map(({ status }) => status),
    [200, 507, 200],
  )
  mkdirSync(house.spool.folder)
})

test('100 comes before the body is read, once', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [...EXPECT, ['Content-Length', '4']]))
  equal((await client.head()).status, 100)
  await client.write('body')
  const { id, body } = await worker.request()
  equal(body.toString(), 'body')
  await worker.send(wholeFrame(id))
  const answer = await client.response()
  deepEqual([answer.status, answer.interim.length], [200, 0])
})

test('100 is not said to a client that didn’t wait, nor to 1.0, nor where there is no body', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  for (const bytes of [
    request('POST', '/', EXPECT, 'body'),
    request('GET', '/', EXPECT),
    request('POST', '/', [...EXPECT, ['Connection', 'keep-alive']], 'body', '1.0'),
  ]) {
    const client = await house.client()
    await client.write(bytes)
    await worker.send(wholeFrame((await worker.request()).id))
    equal((await client.response()).interim.length, 0)
    client.close()
  }
})

test('100 waits for the answers before it, however long they take', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(Buffer.concat([request('GET', '/1'), request('PUT', '/2', [...EXPECT, ['Content-Length', '4']])]))
  const { id } = await worker.request()
  await house.pass(120_000)
  deepEqual([client.heldBytes, house.refusals], [0, []])
  await worker.send(wholeFrame(id, 'one'))
  equal((await client.response()).text, 'one')
  equal((await client.head()).status, 100)
  await client.write('body')
  await worker.send(wholeFrame((await worker.request()).id, 'two'))
  equal((await client.response()).text, 'two')
})

test('instead of 100 comes what the request would get anyway', async (t) => {
  const house = await House.open(t, { settings: { queue: 1 } })
  const waiting = await house.client()
  await waiting.write(request('GET', '/'))
  await house.turns()
  const client = await house.client()
  await client.write(request('POST', '/', [...EXPECT, ['Content-Length', '4']]))
  const answer = await client.response()
  deepEqual([answer.status, answer.interim.length, answer.header('connection')], [503, 0, 'close'])
  equal((await client.rest()).length, 0)
})

test('a body that never becomes whole is never run', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '10']], 'abc'))
  client.halfClose()
  equal((await client.rest()).length, 0)
  equal(worker.asked.length, 0)
  await house.allGivenBack()
})

test('what was asked before a body that never becomes whole is still answered', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(Buffer.concat([request('GET', '/1'), request('POST', '/', [['Content-Length', '10']], 'abc')]))
  client.halfClose()
  const { id } = await worker.request()
  await house.turns()
  await worker.send(wholeFrame(id, 'one'))
  equal((await client.response()).text, 'one')
  equal((await client.rest()).length, 0)
  equal(worker.asked.length, 1)
})

test('a streamed body comes as the worker asks for it, and no byte before', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '8']], 'abcdef'))
  const { id, flags } = await worker.request()
  equal(flags, FLAGS.REQUEST.BODY_STREAM)
  await house.turns()
  equal(worker.told.length, 0)
  await worker.send(frame(W.GRANT, id, u32(4)))
  equal((await worker.heard('BODY')).payload.toString(), 'abcd')
  await worker.send(frame(W.GRANT, id, u32(100)))
  equal((await worker.heard('BODY')).payload.toString(), 'ef')
  await client.write('gh')
  equal((await worker.heard('BODY')).payload.toString(), 'gh')
  equal((await worker.heard('BODY')).flags, FLAGS.BODY.LAST)
  await worker.send(wholeFrame(id))
  equal((await client.response()).header('connection'), null)
  client.halfClose()
  await house.allGivenBack()
})

test('a streamed body holds its client back until the worker takes it', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  const size = 20_000_000
  await client.write(request('POST', '/', [['Content-Length', String(size)]]))
  const { id } = await worker.request()
  const sent = client.write(Buffer.alloc(size))
  await house.turns(50)
  await worker.send(frame(W.GRANT, id, u32(10)))
  await worker.heard('BODY')
  await house.turns(50)
  equal(worker.told.length, 1)
  await worker.send(frame(W.GRANT, id, u32(size)))
  await sent
  let got = 10
  for (let body = await worker.heard('BODY'); !(body.flags & FLAGS.BODY.LAST); body = await worker.heard('BODY'))
    got += body.payload.length
  equal(got, size)
})

test('a streamed body that isn’t wanted any more is read and dropped', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '1000000']], Buffer.alloc(500_000)))
  const { id } = await worker.request()
  await worker.send(frame(W.DISCARD, id))
  await client.write(Buffer.alloc(500_000))
  await house.turns(50)
  await worker.send(wholeFrame(id, 'done'))
  equal((await client.response()).text, 'done')
  equal(worker.told.filter(({ payload }) => payload.length > 0).length, 0)
})

test('an answer before the end of a streamed body says that the connection closes', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '10']], 'abc'))
  await worker.send(wholeFrame((await worker.request()).id, 'early'))
  const answer = await client.response()
  deepEqual([answer.text, answer.header('connection')], ['early', 'close'])
  await client.write('more')
  equal((await client.rest()).length, 0)
  client.halfClose()
  await house.allGivenBack()
})

test('a streamed body whose client stops: the worker is told, the client gets one answer', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '10']], 'abc'))
  const { id } = await worker.request()
  await worker.send(frame(W.GRANT, id, u32(100)))
  await worker.heard('BODY')
  await house.pass(31_000)
  ok((await worker.heard('BODY')).flags & FLAGS.BODY.BROKEN)
  equal((await worker.heard('CANCEL')).id, id)
  await worker.send(wholeFrame(id, 'second answer'))
  equal((await client.response()).status, 408)
  equal((await client.rest()).toString(), '')
  deepEqual(house.refusals, ['BODY_TIMEOUT'])
  client.halfClose()
  await house.allGivenBack()
})

test('a broken chunk in a streamed body whose answer has begun: the answer goes on, the connection closes', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Transfer-Encoding', 'chunked']], '3\r\nabc\r\n'))
  const { id } = await worker.request()
  await worker.send(frame(W.GRANT, id, u32(100)), headFrame(id, 'begun'))
  equal((await client.head()).status, 200)
  await client.write('zz\r\n')
  await worker.heard('BODY')
  const broken = await worker.heard('BODY')
  ok(broken.flags & FLAGS.BODY.BROKEN)
  await worker.send(frame(W.END, id, u32(1)))
  equal((await client.chunk())?.toString(), 'begun')
  equal(await client.chunk(), null)
  equal((await client.rest()).length, 0)
  await house.pass(10_000)
  deepEqual(house.refusals.length, 1)
})

test('a streamed request that fills the queue gets its 100; if its client leaves, it is never run', async (t) => {
  const house = await House.open(t, { settings: { streamRequests: true, queue: 1 } })
  const client = await house.client()
  await client.write(request('POST', '/', [...EXPECT, ['Content-Length', '4']]))
  equal((await client.head()).status, 100)
  client.reset()
  await house.turns()
  equal(house.server.usage.queued, 0)
})

test('a streamed body is cancelled in the queue when its framing breaks', async (t) => {
  const house = await House.open(t, STREAM)
  const client = await house.client()
  await client.write(request('POST', '/', [['Transfer-Encoding', 'chunked']], 'zz\r\n'))
  equal((await client.response()).status, 400)
  equal(house.server.usage.queued, 0)
  const worker = await house.worker()
  await house.turns()
  equal(worker.asked.length, 0)
})

test('a client that leaves in a streamed body: the worker hears that it is broken', async (t) => {
  const house = await House.open(t, STREAM)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('POST', '/', [['Content-Length', '10']], 'abc'))
  const { id } = await worker.request()
  await worker.send(frame(W.GRANT, id, u32(100)))
  await worker.heard('BODY')
  client.halfClose()
  const told = await worker.heard('BODY')
  deepEqual([told.flags & FLAGS.BODY.BROKEN, told.type], [FLAGS.BODY.BROKEN, F.BODY])
  await worker.send(wholeFrame(id, 'answer'))
  equal((await client.response()).text, 'answer')
})

test('whoever asks for a body in memory after its end finds none: by then the bytes may be another’s', (t) => {
  const room = roomFor(t, MIB)
  const take = (bytes: Buffer) => {
    const block = { framing: 'length', contentLength: bytes.length } as HeaderBlock
    const taken = bufferedIntake({ ...room, bodyBufferBytes: MIB }, block, {
      bodyReady() {},
      bodyHold() {},
      bodyRoom() {},
      bodyFailed() {},
    })
    taken.write(bytes)
    taken.end()
    return { taken, body: taken.body as { readonly bytes: Buffer | null } }
  }
  const mine = take(pattern(60 * KIB))
  const early = mine.body.bytes!
  mine.taken.dispose()
  const theirs = take(pattern(60 * KIB, 7))
  ok(early.equals(theirs.body.bytes!)) // the same memory: nothing but this is why
  equal(mine.body.bytes, null)
  theirs.taken.dispose()
})
