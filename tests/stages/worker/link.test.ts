import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { openSync, readSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { WorkerLink } from '../../../src/worker/link.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { cuts } from '../../kit/cases.ts'
import { atEnd } from '../../kit/ends.ts'
import { endFrame, FakeWorker, frame, headFrame, question, u32, wholeFrame } from './fakeWorker.ts'
import { OwnerRecorder, Recorder } from './recorder.ts'

const { worker: W, front: F, flags: FLAGS } = WIRE

interface Pair {
  readonly worker: FakeWorker
  readonly link: WorkerLink<Recorder>
  readonly owner: OwnerRecorder
}

async function pair(t: TestContext, front = 0): Promise<Pair> {
  const worker = await FakeWorker.start(t)
  const owner = new OwnerRecorder()
  const link = new WorkerLink<Recorder>(worker.place.pid, worker.place.socketPath, worker.place.pagePath, front, owner)
  atEnd(t, () => link.close())
  await worker.connected()
  return { worker, link, owner }
}

/** Sends one request for each name, and waits until the worker has them. */
async function ask({ worker, link }: Pair, ...names: string[]): Promise<Recorder[]> {
  const askers = names.map((name) => new Recorder(name))
  for (const asker of askers) link.send(asker, question(`/${asker.name}`))
  await worker.requests(names.length)
  return askers
}

async function finished({ owner }: Pair, count: number): Promise<void> {
  await owner.until(() => owner.all('finished').length >= count, `${count} answers`)
}

test('requests of one turn come in order, with their flags and bodies', async (t) => {
  const { worker, link } = await pair(t)
  const memory = { kind: 'memory', bytes: Buffer.from('abc'), setsLength: true } as const
  const file = { kind: 'file', path: '/spool/bär', setsLength: false } as const
  link.send(new Recorder(), question('/a'))
  link.send(new Recorder(), { ...question('/b', memory), http10: true, explicitPath: true })
  link.send(new Recorder(), question('/c', file))
  link.send(new Recorder(), question('/d', { kind: 'stream' }))
  const asked = await worker.requests(4)
  const R = FLAGS.REQUEST
  deepEqual(
    asked.map(({ id, target, flags, body }) => [id, target, flags, body.toString()]),
    [
      [1, '/a', 0, ''],
      [2, '/b', R.BODY_LENGTH | R.HTTP10 | R.PATH, 'abc'],
      [3, '/c', R.BODY_FILE, '/spool/bär'],
      [4, '/d', R.BODY_STREAM, ''],
    ],
  )
})

test('the whole conversation of a worker, cut at every byte', async (t) => {
  const said = Buffer.concat([
    wholeFrame(1, 'one'),
    frame(W.LOG, 2, 'line', 0, 2),
    headFrame(2, 'first'),
    frame(W.DATA, 2, 'second'),
    endFrame(2),
    frame(W.ERROR, 3, JSON.stringify({ code: 'APP_RAISED', says: 'ValueError' })),
  ])
  const all = await pair(t)
  const { worker, owner, link } = all
  let rounds = 0
  for (const [name, pieces] of cuts(said)) {
    link.lastSentId = 0
    const [one, two, three] = await ask(all, 'one', 'two', 'three')
    for (const piece of pieces) {
      await worker.send(piece)
      await new Promise(setImmediate)
    }
    await finished(all, 3 * ++rounds)
    deepEqual(one!.told[0]!.slice(2), ['one'], name)
    deepEqual([two!.names, two!.body], [['begun', 'piece', 'piece', 'ended'], 'firstsecond'], name)
    deepEqual(three!.told, [['failed', 'APP_RAISED', 'ValueError']], name)
    deepEqual(owner.all('log').at(-1), ['log', 'two', 'warning', 'line'], name)
    equal(link.running.size, 0)
  }
})

test('a frame larger than the read buffer is read whole', async (t) => {
  const all = await pair(t)
  const [big, small] = await ask(all, 'big', 'small')
  const body = 'x'.repeat(3_000_000)
  await all.worker.send(wholeFrame(1, body), wholeFrame(2, 'small'))
  await finished(all, 2)
  equal((big!.told[0]![2] as string).length, body.length)
  equal(small!.told[0]![2], 'small')
})

test('answers come in any order; late frames of ended requests, and frames for none, are dropped', async (t) => {
  const all = await pair(t)
  const { worker, owner, link } = all
  const [one, two] = await ask(all, 'one', 'two')
  await worker.send(
    wholeFrame(2, 'two'),
    wholeFrame(2, 'again'),
    frame(W.DATA, 2, 'late'),
    endFrame(2),
    frame(W.GRANT, 2, u32(5)),
    frame(W.ERROR, 99, '{}'),
    frame(W.FILE, 77, Buffer.alloc(40)),
    wholeFrame(1, 'one'),
  )
  await finished(all, 2)
  deepEqual([one!.names, two!.names], [['whole'], ['whole']])
  deepEqual(
    owner.all('finished').map(([, name]) => name),
    ['two', 'one'],
  )
  equal(link.running.size, 0)
})

test('returned requests are the owner’s again, in the order sent; ids that ended are none of them', async (t) => {
  const all = await pair(t)
  const { worker, owner, link } = all
  await ask(all, 'a', 'b', 'c')
  link.recall()
  equal((await worker.heard('RECALL')).id, 3)
  await worker.send(wholeFrame(1), frame(W.RETURNED, 3, u32(1, 2, 3)))
  await owner.until(() => owner.all('returned').length > 0, 'RETURNED')
  deepEqual(owner.all('returned'), [['returned', 'b,c']])
  equal(link.running.size, 0)
})

test('what the front says goes over the control connection', async (t) => {
  const all = await pair(t)
  const { worker, link } = all
  await ask(all, 'a')
  link.credit(1, 70_000)
  link.body(1, Buffer.from('part'), false, false)
  link.body(1, null, true, true)
  link.opened(1)
  link.refused(1)
  link.stop()
  await worker.heard('STOP')
  deepEqual(
    worker.told.map(({ type, flags, id, payload }) => [type, flags, id, payload.toString('latin1')]),
    [
      [F.CREDIT, 0, 1, u32(70_000).toString('latin1')],
      [F.BODY, 0, 1, 'part'],
      [F.BODY, FLAGS.BODY.LAST | FLAGS.BODY.BROKEN, 1, ''],
      [F.OPENED, 0, 1, ''],
      [F.REFUSED, 0, 1, ''],
      [F.STOP, 0, 0, ''],
    ],
  )
})

function word({ worker }: Pair, id: number, front = 0): bigint {
  const bytes = Buffer.alloc(8)
  const { sections, sectionWords, flags, flagWords } = WIRE.page
  readSync(
    openSync(worker.place.pagePath, 'r'),
    bytes,
    0,
    8,
    (sections + front * sectionWords + flags + (id % flagWords)) * 8,
  )
  return bytes.readBigUInt64LE()
}

test('the state page tells of clients that closed their side or left, while their request runs', async (t) => {
  const all = await pair(t)
  const { worker, link } = all
  await ask(all, 'a', 'b')
  link.halfClosed(1)
  equal(word(all, 1), 256n + BigInt(WIRE.page.HALF_CLOSED))
  link.cancel(2)
  equal(word(all, 2), 512n + BigInt(WIRE.page.HALF_CLOSED | WIRE.page.CANCELLED))
  equal((await worker.heard('CANCEL')).id, 2)
})

test('of a request that has ended the worker is not told: its flag word may be that of a later one', async (t) => {
  const all = await pair(t)
  const { worker, link } = all
  await ask(all, 'a')
  await worker.send(wholeFrame(1))
  await finished(all, 1)
  link.cancel(1)
  link.halfClosed(1)
  link.credit(1, 5)
  link.stop()
  await worker.heard('STOP')
  equal(worker.told.length, 1)
  equal(word(all, 1), 0n)
})

test('after a death the state page splits what was begun from what was not', async (t) => {
  const all = await pair(t)
  const { worker, link, owner } = all
  await ask(all, 'a', 'b', 'c', 'd')
  worker.enter(3)
  await worker.send(wholeFrame(2))
  worker.hangUp()
  await owner.until(() => owner.all('closed').length > 0, 'the end')
  const { begun, untouched } = link.bury()
  deepEqual(
    [begun, untouched].map((askers) => askers.map(({ name }) => name)),
    [['a', 'c'], ['d']],
  )
  equal(owner.all('closed').length, 1)
  link.close()
})

test('nothing was entered: nothing was begun', async (t) => {
  const all = await pair(t)
  await ask(all, 'a', 'b')
  deepEqual(all.link.bury().begun, [])
})

test('answers that had left the worker count, even if its other connection ended first', async (t) => {
  const all = await pair(t)
  const { worker, owner } = all
  const [one] = await ask(all, 'a')
  worker.hangUp('control')
  await owner.until(() => owner.all('closed').length > 0, 'the end of the control connection')
  await worker.send(wholeFrame(1, 'late'))
  await finished(all, 1)
  equal(one!.told[0]![2], 'late')
})

test('ids wrap around, and order is told across the wrap', async (t) => {
  const all = await pair(t)
  const { worker, link } = all
  link.lastSentId = 0x7ffffffe
  const [last, first] = [new Recorder('last'), new Recorder('first')]
  deepEqual([link.send(last, question()), link.send(first, question())], [0x7fffffff, 1])
  await worker.requests(2)
  worker.enter(0x7fffffff)
  const { begun, untouched } = link.bury()
  deepEqual([begun, untouched], [[last], [first]])
})

test('a frame of no known type ends the link, and nothing after it is read', async (t) => {
  const all = await pair(t)
  const { worker, owner } = all
  const [one] = await ask(all, 'a')
  await worker.send(frame(200, 1, 'HTTP/1.1'), wholeFrame(1))
  await owner.until(() => owner.all('closed').length > 0, 'the end')
  match(String(owner.all('closed')[0]![1]), /frame type 200/)
  deepEqual(one!.told, [])
})

test('a length that no frame has ends the link', async (t) => {
  const { worker, owner } = await pair(t)
  await worker.send(Buffer.from('GET / HTTP/1.1\r\n'))
  await owner.until(() => owner.all('closed').length > 0, 'the end')
  match(String(owner.all('closed')[0]![1]), /a frame of \d+ bytes/)
})

test('a mistake of ours in one answer is told, and the others go on', async (t) => {
  const all = await pair(t)
  const { worker, owner } = all
  const [one, two] = await ask(all, 'a', 'b')
  one!.whole = () => {
    throw new Error('oops')
  }
  await worker.send(wholeFrame(1), wholeFrame(2))
  await owner.until(() => two!.told.length > 0, 'the second answer')
  deepEqual(owner.all('bug'), [['bug', 'Error: oops', 'a']])
})

test('a head that the wire can’t carry is refused before a byte of it is written', async (t) => {
  const all = await pair(t)
  const { worker, link } = all
  throws(() => link.send(new Recorder(), { ...question(), own: 'x'.repeat(65_536) }), RangeError)
  equal(link.running.size, 0)
  await ask(all, 'next')
  equal(worker.asked[0]!.id, 1)
  ok(worker.asked[0]!.target === '/next')
})

const STACK = { name: 'MainThread', ident: 7, request: 1, stack: 'File "x.py", line 3, in name' }

test('one question on its way is for all who ask, and the next one is asked anew', async (t) => {
  const { worker, link } = await pair(t)
  const all = [link.stacks(), link.stacks(), link.metrics(), link.stacks()]
  await worker.heard('STACKS')
  await worker.heard('METRICS')
  const stacks = frame(W.STACKS, 0, JSON.stringify([STACK]))
  await worker.answer(frame(W.PONG, 0), stacks, frame(W.METRICS, 0, 'shop_total 3\n'))
  deepEqual(await Promise.all(all), [[STACK], [STACK], 'shop_total 3\n', [STACK]])
  const later = link.stacks()
  await worker.heard('STACKS')
  equal(worker.told.length, 3)
  await worker.answer(frame(W.STACKS, 0, '[]'))
  deepEqual(await later, [])
})

test('answers to questions may come in pieces', async (t) => {
  const { worker, link } = await pair(t)
  const asked = link.stacks()
  await worker.heard('STACKS')
  const bytes = frame(W.STACKS, 0, JSON.stringify([STACK]))
  for (const byte of bytes) {
    await worker.answer(Buffer.of(byte))
    await new Promise(setImmediate)
  }
  deepEqual(await asked, [STACK])
})

test('who asks a worker that has gone is told so at once', async (t) => {
  const { worker, link, owner } = await pair(t)
  const asked = link.metrics()
  await worker.heard('METRICS')
  worker.hangUp()
  await owner.until(() => owner.all('closed').length > 0, 'the end')
  deepEqual([await asked, await link.stacks()], [null, null])
})

test('a frame that has no place on the control connection ends the link', async (t) => {
  const { worker, owner } = await pair(t)
  await worker.answer(wholeFrame(1))
  await owner.until(() => owner.all('closed').length > 0, 'the end')
  match(String(owner.all('closed')[0]![1]), /control connection/)
})

test('what was forgotten is cancelled, and its frames are dropped', async (t) => {
  const all = await pair(t)
  const { worker, link, owner } = all
  const [late] = await ask(all, 'late', 'other')
  link.forget(1)
  link.interrupt(1)
  equal((await worker.heard('CANCEL')).id, 1)
  equal((await worker.heard('INTERRUPT')).id, 1)
  equal(link.running.size, 1)
  await worker.send(wholeFrame(1), wholeFrame(2))
  await finished(all, 1)
  deepEqual([late!.told, owner.all('finished')], [[], [['finished', 'other', 50]]])
})

test('the state page tells what each serving thread runs, and since when', async (t) => {
  const { worker, link } = await pair(t)
  worker.mark(0, 5, 1_500)
  worker.mark(2, 7, Number.POSITIVE_INFINITY)
  worker.mark(3, 9, 2_000)
  deepEqual(link.marks(3), [
    { id: 5, startSeconds: 1.5 },
    { id: 7, startSeconds: Number.POSITIVE_INFINITY },
  ])
})

test('fronts that share a worker have sections and requests of their own on its page', async (t) => {
  const all = await pair(t, 2)
  const { worker, link } = all
  await ask(all, 'a', 'b')
  worker.mark(0, 1, 1_000, 1)
  worker.mark(1, 2, 2_000, 2)
  deepEqual(link.marks(2), [{ id: 2, startSeconds: 2 }])
  link.halfClosed(2)
  deepEqual([word(all, 2, 0), word(all, 2, 2)], [0n, 512n + BigInt(WIRE.page.HALF_CLOSED)])
  worker.enter(2, 1)
  worker.enter(1, 2)
  const { begun, untouched } = link.bury()
  deepEqual([begun.map(({ name }) => name), untouched.map(({ name }) => name)], [['a'], ['b']])
})
