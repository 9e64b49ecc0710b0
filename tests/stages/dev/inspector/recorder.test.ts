import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Journey } from '../../../../src/dev/inspector/journey.ts'
import { Recorder, type RecorderOptions } from '../../../../src/dev/inspector/recorder.ts'
import { Fault } from '../../../../src/faults/fault.ts'
import { WIRE } from '../../../../src/worker/table.ts'
import { chunked, request } from '../../../kit/client.ts'
import { eventually, within } from '../../../kit/wait.ts'
import { House, type HouseOptions } from '../../server/house.ts'
import { endFrame, type FakeWorker, frame, headFrame, wholeFrame } from '../../worker/fakeWorker.ts'

interface Scene {
  readonly house: House
  readonly recorder: Recorder
}

/** A server whose every request is recorded, but for those below /own. */
async function open(t: TestContext, options: HouseOptions = {}, more: Partial<RecorderOptions> = {}): Promise<Scene> {
  const house = await House.open(t, options)
  const isOwn = ({ head }: { head: { target: string } | null }): boolean => head?.target.startsWith('/own') ?? false
  const recorder = new Recorder({ isOwn, ...more })
  recorder.worker = () => ({ pid: 1, python: '3.11.7', implementation: '', executable: '', application: 'shop:app' })
  house.server.bystander = {
    deskFor: (facts) =>
      isOwn(facts) ? { ask: (_, answer) => answer.whole({ head: { ...OWN_HEAD }, body: Buffer.from('own') }) } : null,
    finish: () => null,
    faultPage: () => null,
    connected: (connected) => recorder.connected(connected),
  }
  return { house, recorder }
}

const OWN_HEAD = {
  status: 200,
  head: '200 OK\r\nContent-Length: 3\r\n',
  hasLength: true,
  hasDate: false,
  hasServer: false,
  wantsClose: false,
}

function trace(id: number, ...notes: readonly object[]): Buffer {
  return frame(WIRE.worker.TRACE, id, JSON.stringify(notes))
}

function textOf({ pieces }: Journey['bytes']): string {
  return pieces.map(({ bytes }) => Buffer.from(bytes, 'base64').toString('latin1')).join('')
}

function over(recorder: Recorder, number: number): Promise<Journey> {
  return within(recorder.over(number), `the end of journey ${number}`)
}

async function answerNext(worker: FakeWorker, text: string): Promise<void> {
  const { id } = await worker.request()
  await worker.send(wholeFrame(id, text))
}

test('a journey has the bytes both ways, the head, the queue, the worker, the call and the answer', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write('POST /buy?token=abc HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo')
  await house.turns()
  await client.write('dy')
  const { id } = await worker.request()
  const at = Number(process.hrtime.bigint()) / 1e9
  const environ = [
    ['PATH_INFO', "'/buy'"],
    ['HTTP_COOKIE', "'a=b'"],
    ['shop.cart', '<Cart>'],
  ]
  const chunk = { what: 'chunk', at, size: 5, start: Buffer.from('hello').toString('base64'), by: 'iterable' }
  await worker.send(trace(id, { what: 'called', at, thread: 'dram-2', environ }))
  await eventually(() => recorder.journey(1)?.call != null, 'the call')
  equal(recorder.journey(1)!.state, 'running')
  await worker.send(
    trace(
      id,
      { what: 'started', at, status: '200 OK', headers: [['A', 'b']], excInfo: false },
      { what: 'returned', at, type: 'list' },
      chunk,
      { what: 'closed', at },
    ),
    wholeFrame(id, 'hello'),
  )
  const { text } = await client.response()
  equal(text, 'hello')
  const journey = await over(recorder, 1)
  equal(textOf(journey.bytes), 'POST /buy?token=abc HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody')
  deepEqual(journey.bytes.pieces.length, 2)
  match(textOf(journey.answer), /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*Content-Length: 5\r\n\r\nhello$/)
  deepEqual(
    [journey.method, journey.target, journey.status, journey.state, journey.bytesIn],
    ['POST', '/buy?token=***', 200, 'done', 64],
  )
  equal(journey.parse.head?.byteLength, 60)
  equal(journey.parse.bodyFraming, 'length')
  deepEqual(journey.worker, { number: worker.place.number, pid: worker.place.pid, thread: 'dram-2', python: '3.11.7' })
  equal(journey.dispatch?.waitingBefore, 0)
  deepEqual(
    journey.environ.map(({ key, value, from }) => [key, value, from]),
    [
      ['PATH_INFO', "'/buy'", 'the request line, percent-decoded'],
      ['HTTP_COOKIE', "'***'", 'a field of the request'],
      ['shop.cart', '<Cart>', 'added on the way: by middleware, or an extension'],
    ],
  )
  equal(journey.call?.application, 'shop:app')
  equal(journey.call?.returned, 'list')
  deepEqual(journey.call?.startResponses[0]?.headers, [['A', 'b']])
  deepEqual(
    journey.call?.chunks.map(({ size }) => size),
    [5],
  )
  equal(journey.answerFraming, 'length')
  const times = journey.marks.map(({ atMs }) => atMs)
  deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  )
  ok(journey.tookMs! >= 0)
})

test('pipelined requests that leave in one write have each its own bytes, both ways', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker({ threads: 3 })
  const client = await house.client()
  await client.write(
    Buffer.concat([request('GET', '/1'), request('GET', '/2'), request('GET', '/own'), request('GET', '/3')]),
  )
  const asked = await worker.requests(3)
  await worker.send(...asked.map(({ id, target }) => wholeFrame(id, `answer ${target}`)))
  for (const wanted of ['answer /1', 'answer /2', 'own', 'answer /3']) equal((await client.response()).text, wanted)
  const journeys = [await over(recorder, 1), await over(recorder, 2), await over(recorder, 3)]
  deepEqual(
    journeys.map(({ bytes, answer, connection }) => [
      textOf(bytes).split(' ')[1],
      textOf(answer).split('\r\n\r\n')[1],
      connection.requestNumber,
    ]),
    [
      ['/1', 'answer /1', 1],
      ['/2', 'answer /2', 2],
      ['/3', 'answer /3', 4],
    ],
  )
  deepEqual(
    recorder.list().map(({ target }) => target),
    ['/1', '/2', '/3'],
  )
  ok(journeys[1]!.decisions.some(({ what }) => what === 'Pipelined'))
})

test('refused bytes are a journey that says which byte and by which rule; what came before is untouched', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(
    Buffer.concat([request('GET', '/1'), Buffer.from('GET /2 HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n')]),
  )
  await answerNext(worker, 'one')
  equal((await client.response()).text, 'one')
  equal((await client.response()).status, 400)
  const refused = await over(recorder, 2)
  deepEqual([refused.state, refused.fault, refused.method, refused.status], ['refused', 'HEADER_NAME_INVALID', '', 400])
  deepEqual([refused.parse.refusal?.rule, refused.parse.refusal?.atByte], ['RFC 9112 §5.1', 29])
  equal(textOf(refused.bytes), 'GET /2 HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n')
  equal((await over(recorder, 1)).state, 'done')
})

test('a body that breaks its framing is refused within its own journey', async (t) => {
  const { house, recorder } = await open(t)
  const client = await house.client()
  await client.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n')
  equal((await client.response()).status, 400)
  const { parse, state, number } = await over(recorder, 1)
  deepEqual([number, state, parse.head?.method, parse.refusal?.atByte], [1, 'refused', 'POST', 64])
})

test('of a long body and a long answer the first 64 KiB are kept, the rest is counted', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  const body = Buffer.alloc(300_000, 'x')
  await client.write(Buffer.concat([request('POST', '/', [['Transfer-Encoding', 'chunked']]), chunked(body)]))
  const { id } = await worker.request()
  const large = Buffer.alloc(200_000, 'y')
  await worker.send(headFrame(id), ...[large, large].map((bytes) => frame(WIRE.worker.DATA, id, bytes)), endFrame(id))
  equal((await client.response()).body.length, 400_000)
  const journey = await over(recorder, 1)
  equal(textOf(journey.bytes).length, 65_536)
  equal(journey.bytesIn, 65_536 + journey.bytes.dropped)
  equal(textOf(journey.answer).length, 65_536)
  ok(journey.bytesOut > 400_000)
  deepEqual([journey.answerFraming, journey.state], ['chunked', 'done'])
})

test('a client that leaves, a worker that dies and a slow head end their journeys', async (t) => {
  const { house, recorder } = await open(t)
  const { worker, attached } = await house.attach({ threads: 2 })
  const leaving = await house.client()
  await leaving.write(request('GET', '/left'))
  const left = await worker.request()
  leaving.reset()
  equal((await over(recorder, 1)).state, 'left')
  await worker.send(endFrame(left.id))

  const client = await house.client()
  await client.write(request('GET', '/dies'))
  const { id } = await worker.request()
  worker.enter(id)
  worker.hangUp()
  attached.ended({ kind: 'signaled', signal: 'SIGKILL' })
  equal((await client.response()).status, 502)
  const died = await over(recorder, 2)
  deepEqual([died.state, died.fault, died.parse.refusal], ['failed', 'WORKER_DIED', null])

  const slow = await house.client()
  await slow.write('GET /slow HTT')
  await house.pass(21_000)
  equal((await slow.response()).status, 408)
  const late = await over(recorder, 3)
  deepEqual([late.state, late.fault, textOf(late.bytes)], ['refused', 'HEAD_TIMEOUT', 'GET /slow HTT'])

  const half = await house.client()
  await half.write('GET /half HT')
  await house.turns()
  half.close()
  const gone = await over(recorder, 4)
  deepEqual([gone.state, gone.method, textOf(gone.bytes)], ['left', '', 'GET /half HT'])
})

test('an answer that breaks off has failed, and a body shorter than announced too', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/short'))
  const { id } = await worker.request()
  await worker.send(
    headFrame(id, 'ab', { head: '200 OK\r\nContent-Length: 5\r\n', flags: WIRE.flags.HEAD.LENGTH }),
    endFrame(id, { short: true }),
  )
  await client.rest()
  const journey = await over(recorder, 1)
  deepEqual([journey.state, journey.status, journey.fault], ['failed', 200, null])
})

test('what waits for new code, or gets a fault instead of the application, says so', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  house.server.pool.held = true
  await client.write(request('GET', '/1'))
  await house.turns()
  equal(recorder.journey(1)?.dispatch?.sentAtMs, null)
  house.server.pool.held = false
  await answerNext(worker, 'one')
  equal((await client.response()).text, 'one')
  ok((await over(recorder, 1)).decisions.some(({ what }) => what === 'Reload'))
  house.server.standIn = new Fault('APP_IMPORT_FAILED', { detail: 'it says' })
  await client.write(request('GET', '/2'))
  equal((await client.response()).status, 500)
  const { state, fault, dispatch } = await over(recorder, 2)
  deepEqual([state, fault, dispatch], ['failed', 'APP_IMPORT_FAILED', null])
})

test('an endless answer is told of while it goes on, and keeps no more than its share', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/events'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, 'event: 1\n\n'))
  await client.some()
  const before = recorder.journey(1)!
  deepEqual([before.state, before.status, before.tookMs], ['running', 200, null])
  for (let at = 0; at < 50; at++) await worker.send(frame(WIRE.worker.DATA, id, Buffer.alloc(4096, 'z')))
  await eventually(() => recorder.journey(1)!.bytesOut > 200_000, 'the bytes')
  equal(textOf(recorder.journey(1)!.answer).length, 65_536)
  client.reset()
  equal((await over(recorder, 1)).state, 'left')
})

test('the last ones are kept, in number and in weight; paused and cleared it keeps nothing', async (t) => {
  const { house, recorder } = await open(t, {}, { mostJourneys: 5, mostBytes: 400_000 })
  const worker = await house.worker()
  const client = await house.client()
  const told: string[] = []
  const unlisten = recorder.listen(({ kind }) => told.push(kind))
  const ask = async (target: string, body: string): Promise<void> => {
    await client.write(request('GET', target))
    await answerNext(worker, body)
    await client.response()
  }
  for (let at = 1; at <= 12; at++) await ask(`/${at}`, 'small')
  deepEqual(
    recorder.list().map(({ number }) => number),
    [8, 9, 10, 11, 12],
  )
  for (let at = 13; at <= 24; at++) await ask(`/${at}`, 'x'.repeat(100_000))
  ok(recorder.list().length >= 4 && recorder.list().length <= 5, String(recorder.list().length))
  equal(recorder.journey(1), null)
  recorder.pause(true)
  await ask('/paused', 'small')
  equal(recorder.list().at(-1)?.number, 24)
  recorder.pause(false)
  recorder.clear()
  deepEqual(recorder.list(), [])
  await ask('/after', 'small')
  deepEqual(
    recorder.list().map(({ number, target }) => [number, target]),
    [[25, '/after']],
  )
  ok(told.includes('paused') && told.includes('cleared'))
  unlisten()
})

test('100 Continue is part of the answer it comes before', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  await client.some()
  await client.write('ok')
  await answerNext(worker, 'thanks')
  await client.some()
  const journey = await over(recorder, 1)
  match(textOf(journey.answer), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  ok(journey.decisions.some(({ what, result }) => what === '100 Continue' && result === 'asked for, and said'))
})

test('with no bystander nobody looks on: the connection has its own socket', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  // A worker that tells all the same is not listened to.
  await worker.send(trace(id, { what: 'closed', at: 1 }), wholeFrame(id, 'ok'))
  equal((await client.response()).text, 'ok')
})

test('who waits for a journey that is not kept until its end is let go; a mistake in the recorder harms no connection', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/1'))
  const { id } = await worker.request()
  let isOver = false
  void recorder.over(1).then(() => {
    isOver = true
  })
  recorder.clear()
  await worker.send(wholeFrame(id, 'one'))
  equal((await client.response()).text, 'one')
  await client.write(request('GET', '/2'))
  await answerNext(worker, 'two')
  equal((await client.response()).text, 'two')
  await over(recorder, 2)
  equal(isOver, false)

  const broken = await House.open(t)
  const theirs = await broken.worker()
  const failing = new Recorder({
    isOwn: () => false,
    now: () => {
      throw new Error('told to')
    },
  })
  broken.server.bystander = {
    deskFor: () => null,
    finish: () => null,
    faultPage: () => null,
    connected: (connected) => {
      const witness = failing.connected(connected)
      return { client: witness.client, request: () => null }
    },
  }
  const other = await broken.client()
  await other.write(request('GET', '/'))
  await answerNext(theirs, 'all the same')
  equal((await other.response()).text, 'all the same')
  ok(broken.bugs.length > 0)
  broken.bugs.length = 0
  other.close()
  await eventually(() => broken.server.usage.connections === 0, 'the connection to end')
  broken.bugs.length = 0
})

test('what comes after the last request of a connection is of none', async (t) => {
  const { house, recorder } = await open(t)
  const worker = await house.worker()
  const client = await house.client()
  const last = request('GET', '/last', [['Connection', 'close']])
  await client.write(Buffer.concat([last, request('GET', '/late')]))
  await client.write(request('GET', '/later'))
  await answerNext(worker, 'bye')
  equal((await client.response()).text, 'bye')
  await over(recorder, 1)
  client.halfClose()
  await house.allGivenBack()
  deepEqual(
    recorder.list().map(({ target, bytesIn }) => [target, bytesIn]),
    [['/last', last.length]],
  )
})
