import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { AttachedWorker } from '../../../src/events/pool.ts'
import type { RequestFacts } from '../../../src/events/worker.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { Pool, type PooledWorker, type PoolSettings } from '../../../src/server/pool.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { atEnd } from '../../kit/ends.ts'
import { within } from '../../kit/wait.ts'
import { endFrame, FakeWorker, frame, headFrame, u32, wholeFrame } from '../worker/fakeWorker.ts'
import { FakeClock } from './fakeClock.ts'
import { RecordedJob } from './recordedJob.ts'

const { RETURNED, DATA, LOG } = WIRE.worker

const SETTINGS: PoolSettings = {
  queue: 100,
  queueTimeoutMs: 30_000,
  lookAhead: -1,
  timeoutMs: 0,
  streamTimeoutMs: 0,
  timeoutAction: 'end',
}

class House {
  readonly clock = new FakeClock()
  readonly pool: Pool
  readonly bugs: unknown[] = []
  readonly overdue: RequestFacts[] = []
  readonly goingOn: boolean[] = []
  readonly #t: TestContext
  #wake: (() => void)[] = []

  constructor(t: TestContext, settings: Partial<PoolSettings> = {}) {
    this.#t = t
    this.pool = new Pool({ ...SETTINGS, ...settings }, this.clock, {
      workerLog: () => {},
      joined: () => {},
      batchEnd: () => {
        for (const wake of this.#wake.splice(0)) wake()
      },
      bug: (error) => this.bugs.push(error),
    })
    atEnd(t, () => deepEqual(this.bugs, []))
  }

  /** A worker that serves, and has served for long unless it is `young`. */
  async worker(
    options: { threads?: number; inGreenlets?: boolean; young?: boolean } = {},
  ): Promise<{ worker: FakeWorker; attached: AttachedWorker }> {
    const worker = await FakeWorker.start(this.#t, options)
    let tell!: () => void
    const ready = new Promise<void>((resolve) => {
      tell = resolve
    })
    const attached = this.pool.attach(worker.place, {
      ready: () => tell(),
      unready: () => {},
      broken: () => {},
      overdue: (requests, goesOn = false) => {
        this.overdue.push(...requests)
        this.goingOn.push(goesOn)
      },
      leaving: () => {},
    })
    atEnd(this.#t, async () => {
      this.pool.leave(attached as PooledWorker)
      for (let turn = 0; turn < 3; turn++)
        await new Promise(setImmediate) // burials come to their end
      ;(attached as PooledWorker).link.close()
    })
    await worker.ready()
    await within(ready, 'READY')
    if (!options.young) (attached as PooledWorker).answered = 1_000
    attached.serve()
    return { worker, attached }
  }

  submit(...names: string[]): RecordedJob[] {
    return names.map((name) => {
      const job = new RecordedJob(name)
      job.queuedAtMs = this.clock.nowMs()
      this.pool.submit(job)
      return job
    })
  }

  /** Resolves once all that a worker sent in one write has been told. */
  async until(done: () => boolean, what: string): Promise<void> {
    while (!done()) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), what)
  }

  /** Time passes, and deadlines are looked at. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 200) {
      this.clock.advance(Math.min(200, left))
      this.pool.expire(this.clock.nowMs())
      await new Promise(setImmediate)
      await new Promise(setImmediate)
    }
  }

  learnsThatRequestsAreFast(): void {
    for (let i = 0; i < 200; i++) this.pool.ahead.observe(20)
  }
}

const targets = (all: readonly { target: string }[]) => all.map(({ target }) => target)

test('jobs wait until a worker serves, and go to it in order', async (t) => {
  const house = new House(t)
  house.submit('a', 'b', 'c')
  equal(house.pool.waiting, 3)
  const { worker } = await house.worker()
  for (const name of ['/a', '/b', '/c']) {
    const asked = await worker.request()
    equal(asked.target, name)
    equal(worker.asked.length, asked.id, 'one at a time, nothing being known of how long they take')
    await worker.send(wholeFrame(asked.id, '', { micros: 50_000 }))
  }
})

test('a full queue refuses, and takes again once there is room', async (t) => {
  const house = new House(t, { queue: 2 })
  const [, , third] = house.submit('a', 'b', 'c')
  equal(house.pool.full, true)
  deepEqual(third!.told, [['failed', 'QUEUE_FULL', '2 requests are waiting already']])
  await house.worker()
  equal(house.pool.waiting, 1)
  const [fourth, fifth] = house.submit('d', 'e')
  deepEqual([fourth!.names, fifth!.names], [[], ['failed']])
})

test('what waits too long fails, and only that', (t) => {
  const house = new House(t, { queueTimeoutMs: 5_000 })
  const [old] = house.submit('old')
  house.clock.advance(1)
  const [young] = house.submit('young')
  house.clock.advance(4_999)
  house.pool.expire(house.clock.nowMs())
  equal(old!.told[0]![1], 'QUEUE_TIMEOUT')
  deepEqual(young!.told, [])
  equal(house.pool.waiting, 1)
  house.pool.clear(new Fault('STOPPING'))
  equal(young!.told[0]![1], 'STOPPING')
})

test('the least busy worker is chosen', async (t) => {
  const house = new House(t)
  const [one, two] = [await house.worker({ threads: 2 }), await house.worker({ threads: 2 })]
  house.submit('a', 'b', 'c', 'd')
  await one.worker.requests(2)
  await two.worker.requests(2)
  equal(house.pool.waiting, 0)
  await one.worker.send(wholeFrame(1))
  await house.until(() => one.attached.running === 1, 'an answer')
  house.submit('e')
  equal((await one.worker.request()).target, '/e')
})

test('what is cancelled in the queue is never run', async (t) => {
  const house = new House(t)
  const [first, gone] = house.submit('first', 'gone', 'behind')
  gone!.abandoned = true
  house.pool.cancel(gone!)
  const { worker } = await house.worker({ threads: 3 })
  deepEqual(targets(await worker.requests(2)), ['/first', '/behind'])
  equal(gone!.sents, 0)
  first!.abandoned = true
  house.pool.cancel(first!)
  equal((await worker.heard('CANCEL')).id, 1)
})

test('nothing is sent ahead until requests are known to be fast; then so many as are done in a moment', async (t) => {
  const house = new House(t)
  const { worker } = await house.worker()
  house.submit('a', 'b')
  await worker.request()
  equal(house.pool.waiting, 1)
  house.learnsThatRequestsAreFast()
  house.submit('c', 'd')
  house.pool.spread()
  await worker.requests(3)
  equal(house.pool.waiting, 0)
})

test('requests of a millisecond or two wait for whoever gets free, as long as no more wait than there are workers', async (t) => {
  const house = new House(t)
  for (let i = 0; i < 200; i++) house.pool.ahead.observe(1_500)
  const one = await house.worker()
  const other = await house.worker()
  house.submit('a', 'b', 'c')
  await one.worker.request()
  await other.worker.request()
  equal(house.pool.waiting, 1)
  house.submit('d', 'e', 'f')
  await one.worker.request()
  await other.worker.request()
  equal(house.pool.waiting, 1) // each has what it runs and one behind; the rest is anybody's
})

test('greenlets that one of them keeps from running: what comes goes elsewhere, until they say that they run', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const kept = await house.worker({ threads: 10, inGreenlets: true })
  const [slow, stuck] = house.submit('slow', 'stuck')
  await kept.worker.requests(2)
  house.clock.advance(60)
  const recall = await kept.worker.heard('RECALL')
  house.submit('later')
  equal(house.pool.waiting, 1, 'nothing goes to a worker that has not answered yet')
  await kept.worker.send(frame(RETURNED, recall.id, u32(2)))
  await house.until(() => house.pool.waiting === 2, 'the one that was not begun')
  await kept.worker.send(frame(RETURNED, 0, u32()))
  deepEqual(
    (await kept.worker.requests(2)).map(({ target }) => target),
    ['/stuck', '/later'],
  )
  equal(house.pool.waiting, 0)
  deepEqual([slow!.told, stuck!.names.includes('failed')], [[], false])
})

test('what greenlets are sent after a recall that brought nothing is recalled, too', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const { worker } = await house.worker({ threads: 10, inGreenlets: true })
  house.submit('computes')
  await worker.request()
  house.clock.advance(60)
  const first = await worker.heard('RECALL')
  await worker.send(frame(RETURNED, first.id, u32()))
  await house.until(() => house.pool.running === 1 && house.pool.waiting === 0, 'the answer')
  house.submit('later')
  equal((await worker.request()).target, '/later')
  house.clock.advance(60)
  const second = await worker.heard('RECALL')
  equal(second.id, 2)
  await worker.send(frame(RETURNED, second.id, u32(2)))
  await house.until(() => house.pool.waiting === 1, 'the one that was not begun')
})

test('a cancelled request that greenlets give back unasked says nothing of them', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const { worker } = await house.worker({ threads: 10, inGreenlets: true })
  const [gone] = house.submit('gone')
  await worker.request()
  house.pool.cancel(gone!)
  await worker.send(frame(RETURNED, 0, u32(1)))
  house.submit('next')
  equal((await worker.request()).target, '/next')
})

test('a young worker is sent no more ahead than it has answered', async (t) => {
  const house = new House(t)
  for (let i = 0; i < 200; i++) house.pool.ahead.observe(50)
  const { worker, attached } = await house.worker({ young: true })
  house.submit(...'abcdefgh')
  equal((await worker.request()).target, '/a')
  equal(house.pool.waiting, 7)
  await worker.send(wholeFrame(1))
  await house.until(() => attached.answered === 1, 'an answer')
  deepEqual(targets(await worker.requests(2)), ['/b', '/c'])
  equal(house.pool.waiting, 5)
})

test('the setting bounds what is sent ahead', async (t) => {
  const house = new House(t, { lookAhead: 2 })
  house.learnsThatRequestsAreFast()
  const { worker } = await house.worker()
  house.submit('a', 'b', 'c', 'd')
  await worker.requests(3)
  equal(house.pool.waiting, 1)
})

test('when the prediction fails, what was sent ahead is recalled and run where there is room', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const slow = await house.worker()
  const [a, b, c] = house.submit('a', 'b', 'c')
  await slow.worker.requests(3)
  house.clock.advance(100)
  equal((await slow.worker.heard('RECALL')).id, 3)
  const free = await house.worker()
  await slow.worker.send(frame(RETURNED, 3, u32(2, 3)))
  deepEqual(targets(await free.worker.requests(2)), ['/b', '/c'])
  equal(b!.requeues, 0)
  await free.worker.send(wholeFrame(1), wholeFrame(2))
  await slow.worker.send(wholeFrame(1))
  await house.until(() => a!.told.length > 0 && c!.told.length > 0, 'all answers')
  deepEqual([a!.names, b!.names, c!.names], [['whole'], ['whole'], ['whole']])
})

test('a slow worker gets nothing ahead until it has answered', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const { worker } = await house.worker()
  house.submit('a', 'b')
  await worker.requests(2)
  house.clock.advance(100)
  await worker.heard('RECALL')
  house.submit('c')
  equal(house.pool.waiting, 1)
  await worker.send(frame(RETURNED, 2, u32(2)))
  await house.until(() => house.pool.waiting === 2, 'the recalled one')
  await worker.send(wholeFrame(1))
  deepEqual(targets(await worker.requests(2)), ['/b', '/c'])
})

test('threads that are busy together may be silent together, but not for long', async (t) => {
  const house = new House(t)
  for (let i = 0; i < 200; i++) house.pool.ahead.observe(10_000, 64)
  const { worker } = await house.worker({ threads: 64 })
  const names = Array.from({ length: 66 }, (_, index) => `${index}`)
  house.submit(...names)
  await worker.requests(66)
  let recalled = false
  const recall = worker.heard('RECALL').then(() => {
    recalled = true
  })
  house.clock.advance(15)
  // The look at its silence comes 4 ms after the requests.
  const looked = performance.now() + 20
  while (performance.now() < looked) await new Promise(setImmediate)
  ok(!recalled)
  house.clock.advance(20)
  await recall
})

for (const [what, bytes] of [
  ['pieces of a stream', frame(DATA, 1, 'tick')],
  ['log lines', frame(LOG, 1, 'still here', 0, 1)],
] as const)
  test(`${what} are no progress: what lies behind is recalled all the same`, async (t) => {
    const house = new House(t)
    house.learnsThatRequestsAreFast()
    const { worker } = await house.worker()
    house.submit('stream', 'behind')
    await worker.requests(2)
    let recalled = false
    const recall = worker.heard('RECALL').then(() => {
      recalled = true
    })
    await worker.send(headFrame(1))
    for (let round = 0; round < 1_000 && !recalled; round++) {
      house.clock.advance(1)
      await worker.send(bytes)
      await new Promise(setImmediate)
    }
    await recall
  })

test('nothing is sent ahead behind an answer that streams', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const { worker } = await house.worker()
  const [stream] = house.submit('stream')
  await worker.request()
  await worker.send(headFrame(1, 'first'))
  await house.until(() => stream!.told.length > 0, 'the head')
  house.submit('next')
  equal(house.pool.waiting, 1)
  await worker.send(endFrame(1))
  equal((await worker.request()).target, '/next')
})

test('a request begun on a free thread isn’t taken for a stalled one', async (t) => {
  const house = new House(t, { lookAhead: 1 })
  house.learnsThatRequestsAreFast()
  const { worker } = await house.worker({ threads: 2 })
  house.submit('long')
  house.clock.advance(60_000)
  house.submit('b', 'ahead')
  await worker.requests(3)
  await new Promise((resolve) => setTimeout(resolve, 0)) // the check of what was sent ahead comes some turns later
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  equal(worker.told.length, 0)
  house.clock.advance(10)
  await worker.heard('RECALL')
})

test('a cancelled request that comes back is not run again', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const { worker, attached } = await house.worker()
  const [, gone] = house.submit('a', 'gone')
  await worker.requests(2)
  gone!.abandoned = true
  house.pool.cancel(gone!)
  await worker.heard('CANCEL')
  await worker.send(frame(RETURNED, 0, u32(2)), wholeFrame(1))
  await house.until(() => attached.running === 0, 'the answer')
  equal(house.pool.waiting, 0)
  equal(worker.asked.length, 2)
})

test('after a death, what was begun fails and the rest is run elsewhere', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const dying = await house.worker()
  const [a, b] = house.submit('a', 'b')
  await dying.worker.requests(2)
  dying.worker.enter(1)
  dying.attached.ended({ kind: 'signaled', signal: 'SIGKILL' })
  const heir = await house.worker()
  equal((await heir.worker.request()).target, '/b')
  match(String(a!.told[0]), /^failed,WORKER_DIED,.*SIGKILL/)
  await heir.worker.send(wholeFrame(1))
  await house.until(() => b!.told.length > 0, 'the answer')
  deepEqual(b!.names, ['whole'])
})

test('where somebody listens, a worker that is to drain first gives account of its metrics', async (t) => {
  const house = new House(t)
  const accounts: [number, string][] = []
  house.pool.onLastMetrics = (...account) => accounts.push(account)
  const { worker, attached } = await house.worker()
  attached.drain()
  attached.drain()
  await worker.heard('METRICS')
  ok(!worker.told.some(({ type }) => type === WIRE.front.STOP))
  await worker.answer(frame(WIRE.worker.METRICS, 0, 'shop_total 3\n'))
  await worker.heard('STOP')
  deepEqual(accounts, [[worker.place.number, 'shop_total 3\n']])
})

test('an answer that had left before the death is still told', async (t) => {
  const house = new House(t)
  const { worker, attached } = await house.worker()
  const [a] = house.submit('a')
  await worker.request()
  worker.enter(1)
  await worker.send(wholeFrame(1))
  attached.ended({ kind: 'exited', code: 1 })
  await house.until(() => a!.told.length > 0, 'the answer')
  deepEqual(a!.names, ['whole'])
})

test('a request that was there when three workers died is not tried again', async (t) => {
  const house = new House(t)
  const [job] = house.submit('poison')
  for (let death = 1; death <= 3; death++) {
    const { worker, attached } = await house.worker()
    await worker.request()
    deepEqual(job!.told, [])
    attached.ended({ kind: 'signaled', signal: 'SIGSEGV' })
    await house.until(() => (attached as PooledWorker).load === 0, 'the burial')
  }
  equal(job!.told[0]![1], 'WORKER_DIED')
  equal(house.pool.waiting, 0)
})

test('a draining worker gets nothing new, finishes what it runs and hands back the rest', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const { worker, attached } = await house.worker()
  const [a] = house.submit('a', 'b')
  await worker.requests(2)
  attached.drain()
  attached.drain()
  await worker.heard('STOP')
  house.submit('c')
  await worker.send(frame(RETURNED, 0, u32(2)), wholeFrame(1))
  await house.until(() => a!.told.length > 0, 'the answer')
  equal(house.pool.waiting, 2)
  const other = await house.worker()
  deepEqual(targets(await other.worker.requests(2)), ['/b', '/c'])
  equal(worker.asked.length, 2)
})

test('a worker whose connection broke gets nothing new', async (t) => {
  const house = new House(t)
  const { worker } = await house.worker()
  worker.hangUp('control')
  const other = await house.worker()
  house.submit('a', 'b')
  ok((await other.worker.request()).target)
  equal(house.pool.waiting, 1)
})

test('the only job of a worker with one thread is known by the pid', async (t) => {
  const house = new House(t)
  const { worker } = await house.worker()
  equal(house.pool.soleJobOf(worker.place.pid), undefined)
  const [a] = house.submit('a')
  equal(house.pool.soleJobOf(worker.place.pid), a)
})

const summary = (all: readonly RequestFacts[]) =>
  all.map(({ requestId, state, ageMs, worker }) => [requestId, state, ageMs, worker !== null])

test('a request that does not begin its answer in time fails, and its worker gets nothing new', async (t) => {
  const house = new House(t, { timeoutMs: 1_000, lookAhead: 0 })
  const { worker, attached } = await house.worker({ threads: 2 })
  const [slow, other] = house.submit('slow', 'other')
  await worker.requests(2)
  worker.mark(0, 1, house.clock.nowMs())
  worker.mark(1, 2, house.clock.nowMs() + 400)
  await house.pass(1_000)
  deepEqual([slow!.told, other!.told], [[['failed', 'REQUEST_TIMEOUT', slow!.told[0]![2]]], []])
  match(String(slow!.told[0]![2]), /within 1 s/)
  deepEqual(summary(house.overdue), [['slow', 'running', 1_000, true]])
  equal((await worker.heard('STOP')).id, 0)
  equal((await worker.heard('CANCEL')).id, 1)
  equal(attached.running, 1)
  house.submit('new')
  equal(house.pool.waiting, 1)
  attached.interrupt()
  equal((await worker.heard('INTERRUPT')).id, 1)
  await worker.send(wholeFrame(1, 'too late'), wholeFrame(2, 'in time'))
  await house.until(() => other!.told.length > 0, 'the other answer')
  deepEqual([slow!.names, other!.names, attached.running], [['failed'], ['whole'], 0])
})

test('each request has a deadline of its own, also in a worker that drains', async (t) => {
  const house = new House(t, { timeoutMs: 1_000, lookAhead: 0 })
  const { worker, attached } = await house.worker({ threads: 2 })
  house.submit('first', 'second')
  await worker.requests(2)
  attached.drain()
  worker.mark(0, 1, house.clock.nowMs())
  worker.mark(1, 2, house.clock.nowMs() + 1_000)
  await house.pass(1_000)
  deepEqual(summary(house.overdue).flat()[0], 'first')
  await house.pass(1_000)
  deepEqual(
    house.overdue.map(({ requestId }) => requestId),
    ['first', 'second'],
  )
})

test('what was not begun is not overdue, nor what waits for its client, nor anything where no time is set', async (t) => {
  const house = new House(t, { timeoutMs: 1_000, lookAhead: 0 })
  const { worker } = await house.worker({ threads: 3 })
  const jobs = house.submit('waits for its body', 'not begun', 'fresh')
  await worker.requests(3)
  worker.mark(0, 1, Number.POSITIVE_INFINITY)
  await house.pass(5_000)
  worker.mark(2, 3, house.clock.nowMs())
  await house.pass(800)
  house.pool.adopt({ ...SETTINGS, lookAhead: 0 })
  await house.pass(60_000)
  deepEqual([jobs.flatMap(({ told }) => told), house.overdue], [[], []])
})

test('--timeout-action log: a late request is told of once, nothing is taken from it, and the worker stays', async (t) => {
  const house = new House(t, { timeoutMs: 1_000, lookAhead: 0, timeoutAction: 'log' })
  const { worker, attached } = await house.worker({ threads: 2 })
  const [slow, later] = house.submit('slow', 'later')
  await worker.requests(2)
  worker.mark(0, 1, house.clock.nowMs())
  worker.mark(1, 2, house.clock.nowMs() + 5_000)
  await house.pass(1_000)
  deepEqual(summary(house.overdue), [['slow', 'running', 1_000, true]])
  await house.pass(5_000)
  deepEqual(
    house.overdue.map(({ requestId }) => requestId),
    ['slow', 'later'],
  )
  deepEqual(house.goingOn, [true, true])
  await house.pass(60_000)
  deepEqual([house.overdue.length, slow!.told, later!.told, attached.running], [2, [], [], 2])
  house.pool.adopt({ ...SETTINGS, lookAhead: 0, timeoutMs: 1_000_000, timeoutAction: 'log' })
  attached.endLate()
  await house.pass(1_000)
  deepEqual([slow!.told, later!.told], [[], []], 'what is not late goes on')
  await worker.send(wholeFrame(1, 'late'), wholeFrame(2, 'later'))
  await house.until(() => later!.told.length > 0, 'the answers')
  deepEqual([slow!.names, later!.names], [['whole'], ['whole']])
  house.submit('next')
  equal((await worker.request()).target, '/next')
})

test('requests behind an overdue one go elsewhere', async (t) => {
  const house = new House(t, { timeoutMs: 1_000 })
  house.learnsThatRequestsAreFast()
  const { worker } = await house.worker()
  const [, behind] = house.submit('slow', 'behind')
  await worker.requests(2)
  worker.mark(0, 1, house.clock.nowMs())
  await house.pass(1_000)
  await worker.heard('STOP')
  await worker.send(frame(RETURNED, 0, u32(2)))
  const other = await house.worker()
  equal((await other.worker.request()).target, '/behind')
  await other.worker.send(wholeFrame(1))
  await house.until(() => behind!.told.length > 0, 'its answer')
})

test('an answer that is silent for too long is broken off; time that the client takes does not count', async (t) => {
  const house = new House(t, { streamTimeoutMs: 1_000, lookAhead: 0 })
  const { worker } = await house.worker({ threads: 3 })
  const [talks, slowClient, silent] = house.submit('talks', 'slow client', 'silent')
  await worker.requests(3)
  await worker.send(headFrame(1, 'a'), headFrame(2, 'b'), headFrame(3, 'c'))
  await house.until(() => silent!.told.length > 1, 'the answers')
  for (let slot = 0; slot < 3; slot++) worker.mark(slot, slot + 1, house.clock.nowMs())
  slowClient!.holdsBack = true
  for (let round = 0; round < 3; round++) {
    await house.pass(600)
    const before = talks!.told.length
    await worker.send(frame(DATA, 1, 'tick'))
    await house.until(() => talks!.told.length > before, 'a piece')
  }
  deepEqual(
    [talks!.names.at(-1), slowClient!.names.at(-1), silent!.told.at(-1)![1]],
    ['piece', 'piece', 'STREAM_TIMEOUT'],
  )
  slowClient!.holdsBack = false
  worker.mark(1, 2, Number.POSITIVE_INFINITY)
  await house.pass(3_000)
  equal(slowClient!.names.at(-1), 'piece')
  worker.mark(1, 2, house.clock.nowMs())
  await house.pass(1_200)
  equal(slowClient!.told.at(-1)![1], 'STREAM_TIMEOUT')
})

test('the silence of an answer begins with its head, however long that took', async (t) => {
  const house = new House(t, { streamTimeoutMs: 1_000, lookAhead: 0 })
  const { worker } = await house.worker({ threads: 2 })
  const [talks, slow] = house.submit('talks', 'slow to begin')
  await worker.requests(2)
  for (let slot = 0; slot < 2; slot++) worker.mark(slot, slot + 1, house.clock.nowMs())
  await worker.send(headFrame(1, 'a'))
  for (let round = 0; round < 3; round++) {
    const before = talks!.told.length
    await worker.send(frame(DATA, 1, 'tick'))
    await house.until(() => talks!.told.length > before, 'a piece')
    await house.pass(600)
  }
  await worker.send(headFrame(2, ''))
  await house.until(() => slow!.told.length > 0, 'the head')
  await house.pass(200)
  deepEqual(slow!.names, ['begun'])
  await house.pass(1_000)
  equal(slow!.told.at(-1)![1], 'STREAM_TIMEOUT')
})

test('an answer that has come by the time its deadline is looked at counts', async (t) => {
  const house = new House(t, { timeoutMs: 1_000, lookAhead: 0 })
  const { worker } = await house.worker()
  const [job] = house.submit('stopped with the machine')
  await worker.request()
  worker.mark(0, 1, house.clock.nowMs())
  await worker.send(wholeFrame(1))
  await new Promise((resolve) => setTimeout(resolve, 0)) // deadlines are looked at by a timer
  house.clock.advance(3_600_000)
  house.pool.expire(house.clock.nowMs())
  await house.until(() => job!.told.length > 0, 'the answer')
  await house.pass(400)
  deepEqual([job!.names, house.overdue], [['whole'], []])
})

test('what waits and what runs can be listed', async (t) => {
  const house = new House(t)
  house.learnsThatRequestsAreFast()
  const { worker } = await house.worker()
  house.submit('runs', 'lies behind')
  await worker.requests(2)
  worker.mark(0, 1, house.clock.nowMs())
  house.clock.advance(50)
  deepEqual(summary(house.pool.requests()), [
    ['runs', 'running', 50, true],
    ['lies behind', 'waiting', 50, false],
  ])
  await worker.send(headFrame(1, 'begins'))
  await house.until(() => house.pool.requests()[0]!.state === 'answering', 'an answer')
})

test('what a worker has done is counted', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const { worker, attached } = await house.worker({ threads: 2, young: true })
  const [a, b] = house.submit('a', 'b')
  await worker.requests(2)
  equal(attached.running, 2)
  a!.abandoned = true
  house.pool.cancel(a!)
  equal(attached.running, 1)
  await worker.send(wholeFrame(1, '', { micros: 300 }), wholeFrame(2, '', { micros: 500 }))
  await house.until(() => b!.told.length > 0, 'the answers')
  deepEqual([attached.answered, attached.busyMicros, b!.serviceMicros], [2, 800, 500])
})

test('stacks name the requests their threads run', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const { worker, attached } = await house.worker()
  house.submit('a')
  await worker.request()
  const asked = attached.stacks()
  await worker.heard('STACKS')
  const threads = [1, 0, 99].map((request) => ({ name: 'x', ident: 7, request, stack: 'File "a.py", line 1, in f' }))
  await worker.answer(frame(WIRE.worker.STACKS, 0, JSON.stringify(threads)))
  deepEqual(
    (await asked)!.map(({ requestId, ident }) => [requestId, ident]),
    [
      ['a', 7],
      [null, 7],
      [null, 7],
    ],
  )
})

test('the most workers that were busy at a time are known, and forgotten once told', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const [one, two] = [await house.worker(), await house.worker()]
  await house.worker()
  deepEqual(house.pool.takeLoad(), { waiting: 0, busiest: 0 })
  const [a, b] = house.submit('a', 'b')
  await Promise.all([one.worker.request(), two.worker.request()])
  await one.worker.send(wholeFrame(1))
  await house.until(() => a!.told.length + b!.told.length > 0, 'an answer')
  deepEqual(house.pool.takeLoad(), { waiting: 0, busiest: 2 })
  deepEqual(house.pool.takeLoad(), { waiting: 0, busiest: 1 })
  two.attached.drain()
  deepEqual(house.pool.takeLoad(), { waiting: 0, busiest: 1 })
  deepEqual(house.pool.takeLoad(), { waiting: 0, busiest: 0 })
})

/** Resolves when the pool has said so many times that requests wait. */
function pressed(pool: Pool, times: number): Promise<void> {
  let count = 0
  return new Promise((resolve) => {
    pool.onPressure = () => {
      if (++count === times) resolve()
    }
  })
}

test('with no worker at all a request that waits is told at once, and again while it waits', async (t) => {
  const house = new House(t)
  let count = 0
  house.pool.onPressure = () => count++
  house.submit('a', 'b')
  equal(count, 1)
  await within(pressed(house.pool, 2), 'pressure')
  house.pool.clear(new Fault('STOPPING'))
})

test('a request that waits while all workers are busy is told after a moment', async (t) => {
  const house = new House(t, { lookAhead: 0 })
  const { worker } = await house.worker()
  let count = 0
  house.pool.onPressure = () => count++
  house.submit('a')
  await worker.request()
  house.submit('b')
  equal(count, 0)
  await within(pressed(house.pool, 2), 'pressure')
  house.pool.clear(new Fault('STOPPING'))
})

test('a connection gets more than one place only within its share', async (t) => {
  const house = new House(t)
  await house.worker({ threads: 2 })
  await house.worker({ threads: 2 })
  equal(house.pool.takesAnother(1), true, 'threads are free')
  house.submit('a', 'b', 'c', 'd')
  equal(house.pool.takesAnother(1), false, 'none is')
  house.learnsThatRequestsAreFast()
  house.pool.connections = 1
  equal(house.pool.takesAnother(100), true)
  house.pool.connections = 64
  deepEqual([house.pool.takesAnother(1), house.pool.takesAnother(2)], [true, false])
  house.pool.connections = 0
})
