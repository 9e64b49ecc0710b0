import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { WIRE } from '../../../src/worker/table.ts'
import { request } from '../../kit/client.ts'
import { endFrame, frame, headFrame, wholeFrame } from '../worker/fakeWorker.ts'
import { House } from './house.ts'

const { worker: W, flags: FLAGS } = WIRE
const { CLOSE, LENGTH } = FLAGS.HEAD

test('one answer after the other on a connection that stays', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  for (const target of ['/a', '/b', '/c']) {
    await client.write(request('GET', target))
    const asked = await worker.request()
    equal(asked.target, target)
    await worker.send(wholeFrame(asked.id, target, { head: '200 OK\r\nX-It: yes\r\n' }))
    const answer = await client.response()
    deepEqual([answer.status, answer.text, answer.header('x-it')], [200, target, 'yes'])
    equal(answer.header('connection'), null)
  }
  client.halfClose()
  equal(await client.end(), 'ended')
  deepEqual(
    house.lines.map(({ status, bodyBytes, head }) => [head?.target, status, bodyBytes]),
    [
      ['/a', 200, 2],
      ['/b', 200, 2],
      ['/c', 200, 2],
    ],
  )
  await house.allGivenBack()
})

for (const [name, ask, flags] of [
  ['the client', request('GET', '/', [['Connection', 'close']]), 0],
  ['HTTP/1.0', request('GET', '/', [], '', '1.0'), 0],
  ['the application', request('GET', '/'), CLOSE],
] as const)
  test(`the connection closes because ${name} wants it`, async (t) => {
    const house = await House.open(t)
    const worker = await house.worker()
    const client = await house.client()
    await client.write(Buffer.concat([ask, request('GET', '/never')]))
    await worker.send(wholeFrame((await worker.request()).id, 'x', { flags }))
    const answer = await client.response()
    equal(answer.header('connection'), 'close')
    equal((await client.rest()).length, 0)
    equal(house.server.usage.queued, 0)
    client.halfClose()
    await house.allGivenBack()
  })

test('an answer in pieces is chunked for 1.1, and ends with the connection for 1.0', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  for (const version of ['1.1', '1.0']) {
    const client = await house.client()
    await client.write(request('GET', '/', [], '', version))
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'one'), frame(W.DATA, id, 'two'), endFrame(id))
    const answer = await client.response()
    equal(answer.framing, version === '1.1' ? 'chunked' : 'close')
    equal(answer.text, 'onetwo')
    client.close()
  }
})

test('each piece of a stream reaches the client before the next is made', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id))
  equal((await client.head()).status, 200)
  for (const tick of ['tick', 'tock']) {
    await worker.send(frame(W.DATA, id, tick))
    equal((await client.chunk())?.toString(), tick)
  }
  await worker.send(endFrame(id))
  equal(await client.chunk(), null)
})

test('early hints come before the answer, but not to 1.0', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  for (const version of ['1.1', '1.0']) {
    const client = await house.client()
    await client.write(request('GET', '/', [], '', version))
    const { id } = await worker.request()
    await worker.send(frame(W.EARLY_HINTS, id, 'Link: </a>\r\n'), wholeFrame(id))
    const answer = await client.response()
    deepEqual(
      answer.interim.map(({ status }) => status),
      version === '1.1' ? [103] : [],
    )
    client.close()
  }
})

test('HEAD, 204 and 304 have no body, and the next answer is in its place', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    await client.write(request(method, '/'))
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'not to be seen', { status, head: `${status} X\r\n` }), endFrame(id))
    equal((await client.response({ method })).status, status)
  }
  await client.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id, 'next'))
  equal((await client.response()).text, 'next')
})

test('an exception is a 500 without a traceback, and the connection stays', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  const facts = { code: 'APP_RAISED', says: 'ValueError: secret', traceback: 'Traceback: secret' }
  await worker.send(frame(W.ERROR, id, JSON.stringify(facts)))
  const answer = await client.response()
  equal(answer.status, 500)
  equal(answer.text.includes('secret'), false)
  deepEqual(house.faults, ['APP_RAISED'])
  await client.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id))
  equal((await client.response()).status, 200)
})

for (const [framing, version, head, flags, seen] of [
  ['chunked', '1.1', '200 OK\r\n', 0, 'short'],
  ['by length', '1.1', '200 OK\r\nContent-Length: 100\r\n', LENGTH, 'short'],
  ['close-delimited', '1.0', '200 OK\r\n', 0, 'reset'],
] as const) {
  test(`an answer that breaks off looks broken: ${framing}`, async (t) => {
    const house = await House.open(t)
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/', [], '', version))
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'part', { head, flags }))
    equal((await client.head()).status, 200)
    const facts = JSON.stringify({ code: 'APP_RAISED', says: 'ValueError' })
    await worker.send(frame(W.ERROR, id, facts, FLAGS.ERROR.STARTED))
    const rest = client.rest().then(
      (bytes) => bytes.toString(),
      () => 'reset',
    )
    match(await rest, seen === 'reset' ? /^reset$/ : /^(4\r\n)?part(\r\n)?$/)
    client.close()
    await house.allGivenBack()
  })

  // A Node client sees a clean end when data and a reset come in one turn, so 1.0 is left to the test above.
  if (version === '1.0') continue
  test(`an answer that is too short looks broken: ${framing}`, async (t) => {
    const house = await House.open(t)
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/', [], '', version))
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'part', { head, flags }), endFrame(id, { short: true }))
    equal(await client.failure(), seen)
  })
}

test('on a Unix socket a broken answer without a length at least ends, with no mistake of ours', async (t) => {
  const house = await House.open(t, { unix: true })
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/', [], '', '1.0'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, 'part'), endFrame(id, { short: true }))
  await client.end()
  await house.allGivenBack()
})

test('the worker dies: 502 for what it had begun, the rest goes to another', async (t) => {
  const house = await House.open(t, { settings: { lookAhead: 5 } })
  const { worker, attached } = await house.attach()
  const [one, two] = [await house.client(), await house.client()]
  await one.write(request('GET', '/1'))
  const first = await worker.request()
  await two.write(request('GET', '/2'))
  worker.enter(first.id)
  worker.hangUp()
  attached.ended({ kind: 'signaled', signal: 'SIGKILL' })
  equal((await one.response()).status, 502)
  const heir = await house.worker()
  const again = await heir.request()
  equal(again.target, '/2')
  await heir.send(wholeFrame(again.id, 'saved'))
  equal((await two.response()).text, 'saved')
})

test('the worker dies in the middle of an answer: it looks broken', async (t) => {
  const house = await House.open(t)
  const { worker, attached } = await house.attach()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  worker.enter(id)
  await worker.send(headFrame(id, 'part'))
  equal((await client.head()).status, 200)
  attached.ended({ kind: 'signaled', signal: 'SIGKILL' })
  equal((await client.rest()).toString(), '4\r\npart\r\n')
})

test('a half-closed client gets its answer; the worker may know of it', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  client.halfClose()
  const { id } = await worker.request()
  await house.turns()
  await worker.send(headFrame(id, 'still'), endFrame(id))
  equal((await client.response()).text, 'still')
  equal(await client.end(), 'ended')
  await house.allGivenBack()
})

test('a client that leaves: its request is cancelled, and that is told', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/gone'))
  const { id } = await worker.request()
  await house.turns()
  client.reset()
  equal((await worker.heard('CANCEL')).id, id)
  deepEqual(house.gone, ['/gone'])
  await worker.send(headFrame(id, 'late'), frame(W.DATA, id, 'later'), endFrame(id))
  await house.allGivenBack()
})

test('a client that leaves while it waits is never run', async (t) => {
  const house = await House.open(t)
  const client = await house.client()
  await client.write(request('GET', '/gone'))
  const other = await house.client()
  await other.write(request('GET', '/here'))
  await house.turns()
  equal(house.server.usage.queued, 2)
  client.reset()
  await house.turns()
  equal(house.server.usage.queued, 1)
  const worker = await house.worker()
  equal((await worker.request()).target, '/here')
})

test('more clients than are allowed are told so', async (t) => {
  const house = await House.open(t, { maxConnections: 1 })
  await house.client()
  await house.turns()
  const second = await house.client()
  await second.write(request('GET', '/'))
  const answer = await second.response()
  deepEqual([answer.status, answer.header('retry-after') !== null], [503, true])
  house.server.sweep()
  equal(house.turnedAwayCount, 1)
})

test('a refused request is answered, closed, and heard out without a reset', async (t) => {
  const house = await House.open(t)
  const client = await house.client()
  await client.write('GET / HTTP/1.1\nHost: x\n\n')
  const answer = await client.response()
  deepEqual([answer.status, answer.header('connection')], [400, 'close'])
  for (let piece = 0; piece < 20; piece++) await client.write('x'.repeat(10_000))
  equal((await client.rest()).length, 0)
  deepEqual(house.refusals, ['LINE_BARE_LF'])
  client.halfClose()
  await house.allGivenBack()
})

test('a queue that is full refuses, and the connection stays', async (t) => {
  const house = await House.open(t, { settings: { queue: 1 } })
  const [one, two] = [await house.client(), await house.client()]
  await one.write(request('GET', '/1'))
  await house.turns()
  await two.write(request('POST', '/2', [], 'body'))
  equal((await two.response()).status, 503)
  deepEqual(house.faults, ['QUEUE_FULL'])
  const worker = await house.worker()
  await worker.send(wholeFrame((await worker.request()).id, 'one'))
  equal((await one.response()).text, 'one')
  await two.write(request('GET', '/3'))
  await worker.send(wholeFrame((await worker.request()).id, 'three'))
  equal((await two.response()).text, 'three')
})

test('at a stop, what was asked is answered and the connection closes after it', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  const drained = house.server.drain(60_000, new AbortController().signal)
  await house.turns()
  await worker.send(wholeFrame(id))
  equal((await client.response()).header('connection'), 'close')
  equal((await client.rest()).length, 0)
  client.halfClose()
  await drained
})

test('at a stop, all of a pipeline that was read is answered, and only its last answer says close', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker({ threads: 2 })
  const client = await house.client()
  await client.write(Buffer.concat([request('GET', '/1'), request('GET', '/2')]))
  const [one, two] = await worker.requests(2)
  const drained = house.server.drain(60_000, new AbortController().signal)
  await house.turns()
  await client.write(request('GET', '/late'))
  await worker.send(wholeFrame(one!.id, 'one'), wholeFrame(two!.id, 'two'))
  const answers = await client.responses(2)
  deepEqual(
    answers.map((answer) => [answer.text, answer.header('connection')]),
    [
      ['one', null],
      ['two', 'close'],
    ],
  )
  equal((await client.rest()).length, 0)
  client.halfClose()
  await drained
})

test('an access log line that fails costs its connection, not the others', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const [hit, other] = [await house.client(), await house.client()]
  house.lines.push = () => {
    throw new Error('oops')
  }
  await hit.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id))
  await hit.end()
  house.lines.push = Array.prototype.push
  await other.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id, 'fine'))
  equal((await other.response()).text, 'fine')
  deepEqual(house.bugs.splice(0).map(String), ['Error: oops'])
})
