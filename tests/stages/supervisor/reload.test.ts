import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { type Actor, type FakeForker, Stage } from './fakeZygote.ts'

async function forkAll(stage: Stage, zygote: FakeForker, count: number): Promise<Actor[]> {
  const crew: Actor[] = []
  while (crew.length < count) crew.push(await stage.fork(zygote))
  return crew
}

const lastWords = (crew: readonly Actor[]) => crew.map(({ told }) => told.at(-1))

test('all: the traffic moves in one moment, once all of the new generation are ready', async (t) => {
  const { stage, crew } = await Stage.serving(t, 2)
  const reloaded = stage.supervisor.reload(stage.settings)
  const zygote = await stage.zygote()
  deepEqual(await stage.told('reloadBegun'), { kind: 'reloadBegun', generation: 2 })
  const [three, four] = await forkAll(stage, zygote, 2)
  three!.ready()
  deepEqual(lastWords([...crew, three!]), ['serve', 'serve', undefined])
  stage.nowMs += 30
  four!.ready()
  deepEqual(await reloaded, { generation: 2, tookMs: 30 })
  deepEqual(lastWords([...crew, three!, four!]), ['drain', 'drain', 'serve', 'serve'])
  for (const old of crew) stage.end(old)
  deepEqual((await stage.told('workerEnded')).end, 'reload')
  deepEqual((await stage.told('workerEnded')).end, 'reload')
  deepEqual(
    stage.supervisor.generations.map(({ number, state }) => [number, state]),
    [[2, 'current']],
  )
})

test('rolling: one by one', async (t) => {
  const { stage, crew } = await Stage.serving(t, 3)
  const reloaded = stage.supervisor.reload({ ...stage.settings, reloadStrategy: 'rolling' })
  const zygote = await stage.zygote()
  const young: Actor[] = []
  for (let left = 3; left > 0; left--) {
    const worker = await stage.fork(zygote)
    equal(zygote.heard('fork'), 0)
    deepEqual(
      lastWords(crew).filter((word) => word === 'serve'),
      Array(left).fill('serve'),
    )
    worker.ready()
    young.push(worker)
  }
  equal((await reloaded).generation, 2)
  deepEqual(lastWords([...crew, ...young]), [...Array(3).fill('drain'), ...Array(3).fill('serve')])
  equal(zygote.heard('fork'), 0)
})

const FAILURES: [string, string, (stage: Stage, worker: Actor, zygote: FakeForker) => void][] = [
  ['can’t load', 'APP_IMPORT_FAILED', (_, { owner }) => owner.unready(new Fault('APP_IMPORT_FAILED', { detail: 'x' }))],
  ['dies before it is ready', 'APP_CRASH_LOOP', (stage, worker) => stage.end(worker, { signal: 11 })],
  ['isn’t ready in time', 'APP_BOOT_TIMEOUT', (stage) => stage.pass(20_000)],
  ['has a zygote that dies', 'PYTHON_BROKEN', (_, __, zygote) => zygote.die()],
]

for (const reloadStrategy of ['all', 'rolling'] as const)
  for (const [what, code, fail] of FAILURES)
    test(`${reloadStrategy}: a new generation that ${what} is given up, the old one goes on`, async (t) => {
      const { stage, crew } = await Stage.serving(t, 1)
      const reloaded = stage.supervisor.reload({ ...stage.settings, reloadStrategy })
      const zygote = await stage.zygote()
      const worker = await stage.fork(zygote)
      fail(stage, worker, zygote)
      await rejects(reloaded, { code })
      equal((await stage.told('reloadFailed')).fault.code, code)
      deepEqual([crew[0]!.told, stage.supervisor.pids], [['serve'], [crew[0]!.place.pid]])
      equal(stage.events.filter(({ kind }) => kind === 'loadFailed').length, 0)
    })

test('a zygote that can’t start fails the reload', async (t) => {
  const { stage, zygote: old, crew } = await Stage.serving(t, 1)
  const reloaded = stage.supervisor.reload(stage.settings)
  await stage.failZygote()
  await rejects(reloaded, { code: 'PYTHON_BROKEN' })
  deepEqual(crew[0]!.told, ['serve'])
  equal(stage.supervisor.generations.length, 1)
  stage.end(crew[0]!, { signal: 9 })
  await old.told('fork') // at once: that the new one couldn't start says nothing of the old one
})

test('so does one that the system can’t even try to start', async (t) => {
  const { stage } = await Stage.serving(t, 1)
  const zygote = { ...stage.settings.zygote, env: { BIG: 'x'.repeat(200_000) } } // no single variable may be so long
  await rejects(stage.supervisor.reload({ ...stage.settings, zygote }), { code: 'PYTHON_BROKEN' })
  equal(stage.supervisor.generations.length, 1)
})

test('one of several that fails ends the others of its generation', async (t) => {
  const { stage } = await Stage.serving(t, 2)
  const reloaded = stage.supervisor.reload(stage.settings)
  const zygote = await stage.zygote()
  const [three, four] = await forkAll(stage, zygote, 2)
  four!.ready()
  three!.owner.unready(new Fault('APP_IMPORT_FAILED', { detail: 'x' }))
  await rejects(reloaded, { code: 'APP_IMPORT_FAILED' })
  deepEqual(four!.told, ['drain'])
  stage.end(three!, { code: 1 })
  equal((await stage.told('workerEnded')).end, 'boot_failed')
  stage.end(four!)
  equal((await stage.told('workerEnded')).end, 'given_up')
  equal(stage.supervisor.generations.length, 1)
})

test('a reload during a reload comes after it; further ones share that, with the newest settings', async (t) => {
  const { stage } = await Stage.serving(t, 1)
  const first = stage.supervisor.reload(stage.settings)
  const second = stage.supervisor.reload(stage.settings)
  const third = stage.supervisor.reload({ ...stage.settings, workers: { least: 2, most: 2 } })
  const zygote = await stage.zygote()
  const two = await stage.fork(zygote)
  two.ready()
  equal((await first).generation, 2)
  const crew = await forkAll(stage, await stage.zygote(), 2)
  for (const worker of crew) worker.ready()
  deepEqual(
    (await Promise.all([second, third])).map(({ generation }) => generation),
    [3, 3],
  )
  equal(stage.supervisor.wanted, 2)
})

test('while two generations drain, the next reload waits for the older one’s end', async (t) => {
  const { stage, crew } = await Stage.serving(t, 1)
  for (let generation = 2; generation <= 3; generation++) {
    const reloaded = stage.supervisor.reload(stage.settings)
    const worker = await stage.fork(await stage.zygote())
    worker.ready()
    await reloaded
  }
  const third = stage.supervisor.reload(stage.settings)
  await new Promise((resolve) => setImmediate(resolve))
  equal(stage.supervisor.generations.length, 3)
  stage.pass(20_000) // its graceful timeout
  stage.end(crew[0]!, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'graceful_timeout')
  const worker = await stage.fork(await stage.zygote())
  worker.ready()
  equal((await third).generation, 4)
})

test('a stop cuts a reload short, and what waits behind it', async (t) => {
  const { stage, crew } = await Stage.serving(t, 1)
  const [first, second] = [stage.supervisor.reload(stage.settings), stage.supervisor.reload(stage.settings)]
  const worker = await stage.fork(await stage.zygote())
  const stopped = stage.supervisor.stop(20_000)
  for (const reloaded of [first, second, stage.supervisor.reload(stage.settings)])
    await rejects(reloaded, { code: 'RELOAD_CANCELLED' })
  stage.end(worker, { signal: 9 })
  stage.end(crew[0]!)
  await stopped
})

test('rolling: later failures are retried with pauses, and a newer reload takes its place', async (t) => {
  const { stage, crew } = await Stage.serving(t, 2)
  const first = stage.supervisor.reload({ ...stage.settings, reloadStrategy: 'rolling' })
  const zygote = await stage.zygote()
  const three = await stage.fork(zygote)
  three.ready()
  const four = await stage.fork(zygote)
  const second = stage.supervisor.reload(stage.settings)
  four.owner.unready(new Fault('APP_IMPORT_FAILED', { detail: 'x' }))
  equal((await stage.told('loadFailed')).worker, four.place.number)
  stage.end(four, { code: 1 })
  await rejects(first, { code: 'RELOAD_CANCELLED' })
  deepEqual(lastWords([...crew, three]), ['drain', 'serve', 'serve'])
  for (const worker of await forkAll(stage, await stage.zygote(), 2)) worker.ready()
  equal((await second).generation, 3)
  deepEqual(lastWords([...crew, three]), ['drain', 'drain', 'drain'])
})

test('rolling: the roll goes on after a failure', async (t) => {
  const { stage, crew } = await Stage.serving(t, 2)
  const reloaded = stage.supervisor.reload({ ...stage.settings, reloadStrategy: 'rolling' })
  const zygote = await stage.zygote()
  const three = await stage.fork(zygote)
  three.ready()
  const four = await stage.fork(zygote)
  stage.end(four, { code: 1 })
  await stage.noted(/workers die young/)
  equal(crew[1]!.told.at(-1), 'serve')
  stage.pass(100)
  const five = await stage.fork(zygote)
  five.ready()
  await reloaded
})

test('a worker of the old generation that dies meanwhile is replaced there', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const reloaded = stage.supervisor.reload(stage.settings)
  const young = await stage.fork(await stage.zygote())
  stage.end(crew[0]!, { signal: 9 })
  const again = await stage.fork(zygote)
  young.ready()
  await reloaded
  equal((await zygote.told('kill')).pid, again.place.pid)
  stage.end(again, { signal: 9 })
  await stage.told('workerEnded')
  equal((await stage.told('workerEnded')).end, 'reload')
})

test('the old zygote dies during a reload that succeeds: nothing else is started', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const reloaded = stage.supervisor.reload(stage.settings)
  const young = await stage.fork(await stage.zygote())
  zygote.die()
  await stage.noted(/zygote .* died/)
  young.ready()
  await reloaded
  deepEqual([stage.hasZygote, lastWords([...crew, young])], [false, ['drain', 'serve']])
})

test('the old zygote dies during a reload that fails: another generation of the old settings', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const reloaded = stage.supervisor.reload(stage.settings)
  const young = await stage.fork(await stage.zygote())
  zygote.die()
  await stage.noted(/zygote .* died/)
  stage.end(young, { code: 1 })
  await rejects(reloaded)
  const again = await stage.fork(await stage.zygote())
  again.ready()
  deepEqual(lastWords([...crew, again]), ['drain', 'serve'])
})

test('a reload of a paused server boots as many as were wanted, and ends the pause', async (t) => {
  const { stage, crew } = await Stage.serving(t, 2)
  stage.supervisor.pause()
  for (const worker of crew) stage.end(worker)
  const reloaded = stage.supervisor.reload(stage.settings)
  const young = await forkAll(stage, await stage.zygote(), 2)
  equal(stage.supervisor.wanted, 0)
  for (const worker of young) worker.ready()
  await reloaded
  deepEqual([stage.supervisor.wanted, lastWords(young)], [2, ['serve', 'serve']])
})
