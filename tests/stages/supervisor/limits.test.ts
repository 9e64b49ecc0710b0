import { deepEqual, equal, ok } from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { test } from 'node:test'
import { WIRE } from '../../../src/worker/table.ts'
import { request, Stage } from './fakeZygote.ts'

test('after --max-requests a worker is replaced, and leaves once its successor is ready', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1, { maxRequests: 100 })
  crew[0]!.answered = 99
  stage.pass(100)
  equal(zygote.heard('fork'), 0)
  crew[0]!.answered = 100
  stage.pass(100)
  const young = await stage.fork(zygote)
  deepEqual(crew[0]!.told, ['serve'])
  young.ready()
  deepEqual(crew[0]!.told, ['serve', 'drain'])
  stage.end(crew[0]!)
  equal((await stage.told('workerEnded')).end, 'requests')
})

test('after --max-worker-age, not all at once', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 8, { maxWorkerAgeMs: 60_000 })
  stage.pass(60_000)
  const two = [await stage.fork(zygote), await stage.fork(zygote)]
  equal(zygote.heard('fork'), 0)
  two[0]!.ready()
  deepEqual(
    crew.slice(0, 3).map(({ told }) => told.at(-1)),
    ['drain', 'serve', 'serve'],
  )
  stage.pass(100)
  await stage.fork(zygote)
  equal(zygote.heard('fork'), 0)
  stage.end(crew[0]!)
  equal((await stage.told('workerEnded')).end, 'age')
})

for (const measure of ['pss', 'rss'] as const)
  test(`above --max-worker-memory, measured as ${measure}, also while it is idle or stuck`, async (t) => {
    const { stage, zygote, crew } = await Stage.serving(t, 2, {
      maxWorkerMemoryBytes: 1000,
      workerMemoryMeasure: measure,
    })
    const [one, two] = crew.map(({ place }) => place.pid)
    stage[measure].set(one!, 900)
    stage[measure].set(two!, 1100)
    stage[measure === 'pss' ? 'rss' : 'pss'].set(one!, 5000)
    stage.pass(2_000)
    await new Promise((resolve) => setImmediate(resolve))
    stage.pass(100)
    const young = await stage.fork(zygote)
    young.ready()
    deepEqual(
      crew.map(({ told }) => told.at(-1)),
      ['serve', 'drain'],
    )
    stage.end(crew[1]!)
    equal((await stage.told('workerEnded')).end, 'memory')
  })

test('none is replaced before --min-worker-lifetime', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1, { maxRequests: 1, minWorkerLifetimeMs: 5_000 })
  crew[0]!.answered = 10
  stage.pass(4_999)
  equal(zygote.heard('fork'), 0)
  stage.pass(1)
  await stage.fork(zygote)
})

test('a worker that is to leave is still replaced when its successor can’t start', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1, { maxRequests: 1 })
  crew[0]!.answered = 1
  stage.pass(100)
  const bad = await stage.fork(zygote)
  stage.end(bad, { code: 1 })
  await stage.noted(/workers die young/)
  deepEqual(crew[0]!.told, ['serve'])
  stage.pass(200)
  const good = await stage.fork(zygote)
  good.ready()
  deepEqual(crew[0]!.told, ['serve', 'drain'])
})

test('above --memory-limit: stacks, a record, SIGKILL, and its end says why', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1, { memoryLimitBytes: 1000 })
  const { pid } = crew[0]!.place
  crew[0]!.threads = [{ name: 'MainThread', ident: 1, requestId: 'r1', stack: 'File "x.py", line 3, in leak' }]
  stage.rss.set(pid, 1001)
  stage.pass(1_000)
  stage.pass(1_000)
  deepEqual(await stage.told('overMemory'), {
    kind: 'overMemory',
    worker: 1,
    pid,
    rssBytes: 1001,
    limitBytes: 1000,
    stacks: crew[0]!.threads,
    dump: '',
  })
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid, signal: 9 })
  stage.end(crew[0]!, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'memory_limit')
  await stage.fork(zygote)
  equal(stage.events.filter(({ kind }) => kind === 'overMemory').length, 0)
})

test('overdue: it drains, its replacement starts at once, its stacks are told, then it is interrupted', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.owner.overdue([request('r1')])
  deepEqual(worker!.told, ['serve', 'drain', 'stacks'])
  await stage.fork(zygote)
  const { pid } = worker!.place
  deepEqual(await stage.told('overdue'), {
    kind: 'overdue',
    worker: 1,
    pid,
    requests: [request('r1')],
    stacks: [],
    dump: '',
  })
  await stage.until(() => worker!.told.includes('interrupt'), 'the interrupt')
  stage.end(worker!)
  equal((await stage.told('workerEnded')).end, 'timeout')
})

test('overdue and silent: faulthandler’s dump, read until it stops growing', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.threads = null
  appendFileSync(worker!.stackPath, 'of before\n')
  worker!.owner.overdue([request('r1')])
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid: worker!.place.pid, signal: WIRE.signals.DUMP })
  appendFileSync(worker!.stackPath, 'Thread 0x1 (most recent call first):\n')
  const told = await stage.told('overdue')
  deepEqual([told.stacks, told.dump], [null, 'Thread 0x1 (most recent call first):\n'])
})

test('overdue: it is killed 2 s after the exception if nothing else runs there', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.owner.overdue([request('r1')])
  await stage.until(() => worker!.told.includes('interrupt'), 'the interrupt')
  stage.pass(1_999)
  equal(zygote.heard('kill'), 0)
  stage.pass(1)
  equal((await zygote.told('kill')).pid, worker!.place.pid)
  stage.end(worker!, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'timeout')
})

test('overdue: the exception of a later request has its 2 s too', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  const interrupts = () => worker!.told.filter((word) => word === 'interrupt').length
  worker!.running = 1
  worker!.owner.overdue([request('r1')])
  await stage.until(() => interrupts() === 1, 'the first interrupt')
  stage.pass(5_000)
  worker!.running = 0
  worker!.owner.overdue([request('r2')])
  stage.pass(100) // it is still looked into
  await stage.until(() => interrupts() === 2, 'the second interrupt')
  stage.pass(1_999)
  equal(zygote.heard('kill'), 0)
  stage.pass(1)
  await zygote.told('kill')
})

test('overdue: others’ requests have until --graceful-timeout', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.running = 1
  worker!.owner.overdue([request('r1')])
  await stage.until(() => worker!.told.includes('interrupt'), 'the interrupt')
  const heir = await stage.fork(zygote)
  heir.ready()
  stage.pass(19_999)
  equal(zygote.heard('kill'), 0)
  stage.pass(1)
  await zygote.told('kill')
  stage.end(worker!, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'timeout')
})

test('overdue: it is killed as soon as the last of the others is done', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.running = 1
  worker!.owner.overdue([request('r1')])
  await stage.until(() => worker!.told.includes('interrupt'), 'the interrupt')
  stage.pass(5_000)
  equal(zygote.heard('kill'), 0)
  worker!.running = 0
  stage.pass(100)
  await zygote.told('kill')
})

test('overdue in a worker that drains for a reload: the kill counts as a timeout', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const reloaded = stage.supervisor.reload(stage.settings)
  const young = await stage.fork(await stage.zygote())
  young.ready()
  await reloaded
  const [old] = crew
  old!.owner.overdue([request('r1')])
  await stage.until(() => old!.told.includes('interrupt'), 'the interrupt')
  stage.pass(2_000)
  await zygote.told('kill')
  stage.end(old!, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'timeout')
  ok(!stage.hasZygote)
})

test('late and to go on: it is told; only a worker that says nothing for long is no longer let go on', async (t) => {
  const { stage, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.counted = ''
  worker!.owner.overdue([request('r1')], true)
  equal((await stage.told('overdue')).goesOn, true)
  await stage.until(() => worker!.told.includes('stacks'), 'its stacks')
  deepEqual(worker!.told, ['serve', 'stacks'])
  worker!.counted = null
  worker!.owner.overdue([request('r2')], true)
  await stage.until(() => worker!.told.includes('endLate'), 'that it ends what is late')
  deepEqual(worker!.told, ['serve', 'stacks', 'stacks', 'endLate'])
})
