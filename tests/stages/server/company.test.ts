import { deepEqual, equal } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Commons, commonMemory } from '../../../src/dispatch/commons.ts'
import { Pool, type PooledWorker } from '../../../src/server/pool.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { atEnd } from '../../kit/ends.ts'
import { within } from '../../kit/wait.ts'
import { FakeWorker, frame, u32, wholeFrame } from '../worker/fakeWorker.ts'
import { FakeClock } from './fakeClock.ts'
import { RecordedJob } from './recordedJob.ts'

const SETTINGS = {
  queue: 3,
  queueTimeoutMs: 30_000,
  lookAhead: 0,
  timeoutMs: 0,
  streamTimeoutMs: 0,
  timeoutAction: 'end' as const,
}
const TOLD = 200

/** Pools of several fronts, each with its own connection to one and the same worker: a fake for each, in one slot. */
class Company {
  readonly clock = new FakeClock()
  readonly pools: Pool[]
  readonly workers: FakeWorker[] = []
  readonly woken: number[] = []
  readonly pooled: PooledWorker[] = []
  readonly #t: TestContext

  constructor(t: TestContext, fronts = 2, settings: Partial<typeof SETTINGS> = {}) {
    this.#t = t
    const memory = commonMemory(fronts, 1)
    this.pools = Array.from({ length: fronts }, (_, front) => {
      const events = {
        workerLog: () => {},
        joined: () => {},
        batchEnd: () => {},
        bug: (error: unknown) => Promise.reject(error),
      }
      const wake = (other: number): void => void this.woken.push(other)
      return new Pool({ ...SETTINGS, ...settings }, this.clock, events, { commons: new Commons(memory, front), wake })
    })
  }

  static async open(t: TestContext, fronts = 2, settings: Partial<typeof SETTINGS> = {}): Promise<Company> {
    const company = new Company(t, fronts, settings)
    for (const pool of company.pools) await company.#join(pool)
    return company
  }

  async #join(pool: Pool): Promise<void> {
    const worker = await FakeWorker.start(this.#t)
    const ready = new Promise<void>((resolve) => {
      const owner = {
        ready: () => resolve(),
        unready: () => {},
        broken: () => {},
        overdue: () => {},
        leaving: () => {},
      }
      this.pooled.push(pool.attach({ ...worker.place, slot: 7 }, owner) as PooledWorker)
    })
    const pooled = this.pooled.at(-1)!
    atEnd(this.#t, () => {
      pool.leave(pooled)
      pooled.link.close()
    })
    await worker.ready()
    await within(ready, 'READY')
    pooled.answered = 1_000
    pooled.serve()
    this.workers.push(worker)
  }

  submit(front: number, name: string): RecordedJob {
    const job = new RecordedJob(name)
    job.queuedAtMs = this.clock.nowMs()
    this.pools[front]!.submit(job)
    return job
  }

  /** The worker's answer to the oldest request of this front's, and what follows from it. */
  async answer(front: number, id: number, job: RecordedJob): Promise<void> {
    await this.workers[front]!.send(wholeFrame(id))
    for (let turn = 0; turn < TOLD && job.told.length === 0; turn++) await new Promise(setImmediate)
  }
}

test('what one front has sent makes the worker busy for the others', async (t) => {
  const company = await Company.open(t)
  const { pools } = company
  company.submit(0, 'first')
  company.submit(1, 'second')
  deepEqual([pools[0]!.running, pools[1]!.running, pools[1]!.waiting], [1, 0, 1])
  deepEqual(pools[0]!.takeLoad(), { waiting: 1, busiest: 1 })
})

test('whoever frees the worker wakes the one that waits', async (t) => {
  const company = await Company.open(t)
  const first = company.submit(0, 'first')
  company.submit(1, 'second')
  await company.workers[0]!.request()
  await company.answer(0, 1, first)
  deepEqual(company.woken, [1])
  company.pools[1]!.woken()
  equal((await company.workers[1]!.request()).target, '/second')
})

test('the one that has waited longest goes first, at whichever front', async (t) => {
  const company = await Company.open(t)
  const first = company.submit(0, 'first')
  company.submit(1, 'old')
  company.clock.advance(50)
  company.submit(0, 'young')
  await company.answer(0, 1, first)
  deepEqual([company.pools[0]!.waiting, company.woken], [1, [1]])
  company.pools[1]!.woken()
  equal((await company.workers[1]!.request()).target, '/old')
  equal(company.pools[0]!.waiting, 1, 'there is no room for it yet')
})

test('a new request doesn’t overtake one that waits elsewhere', async (t) => {
  const company = await Company.open(t)
  const first = company.submit(0, 'first')
  company.submit(1, 'old')
  company.clock.advance(50)
  await company.answer(0, 1, first)
  company.submit(0, 'new')
  deepEqual([company.pools[0]!.waiting, company.pools[0]!.running], [1, 0])
  company.pools[1]!.woken()
  equal((await company.workers[1]!.request()).target, '/old')
})

test('a wake-up that was missed is made up for by the next sweep', async (t) => {
  const company = await Company.open(t)
  const first = company.submit(0, 'first')
  company.submit(1, 'second')
  await company.answer(0, 1, first)
  company.clock.advance(200)
  company.pools[1]!.expire(company.clock.nowMs())
  equal((await company.workers[1]!.request()).target, '/second')
})

test('the limit of the queue counts what waits everywhere', async (t) => {
  const company = await Company.open(t, 3)
  company.submit(0, 'runs')
  const waiting = [company.submit(0, 'a'), company.submit(1, 'b'), company.submit(2, 'c')]
  const refused = company.submit(1, 'd')
  deepEqual(
    [...waiting, refused].map(({ told }) => told.length),
    [0, 0, 0, 1],
  )
  company.pools[0]!.cancel(waiting[0]!)
  equal(company.submit(1, 'e').told.length, 0, 'one has left')
})

test('what was sent ahead and comes back waits until the other front’s request has ended', async (t) => {
  const company = await Company.open(t, 2, { lookAhead: 4 })
  for (const pool of company.pools) for (let at = 0; at < 64; at++) pool.ahead.observe(100)
  const slow = company.submit(0, 'slow')
  company.submit(1, 'ahead')
  equal((await company.workers[1]!.request()).target, '/ahead')
  company.pooled[1]!.recall()
  await company.workers[1]!.heard('RECALL')
  await company.workers[1]!.send(frame(WIRE.worker.RETURNED, 1, u32(1)))
  for (let turn = 0; turn < TOLD && company.pools[1]!.waiting === 0; turn++) await new Promise(setImmediate)
  deepEqual([company.pools[1]!.waiting, company.pools[1]!.running], [1, 0], 'it is not sent to the same worker again')
  await company.answer(0, 1, slow)
  deepEqual(company.woken, [1])
  company.pools[1]!.woken()
  equal((await company.workers[1]!.request()).target, '/ahead')
})
