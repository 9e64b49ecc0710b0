import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, Stage } from './fakeZygote.ts'

const ELASTIC = { workers: { least: 1, most: 4 } }

async function begin(t: Parameters<typeof Stage.open>[0], settings = {}) {
  const stage = await Stage.open(t, { ...ELASTIC, ...settings })
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const first = await stage.fork(zygote)
  first.ready()
  await started
  return { stage, zygote, first }
}

test('requests wait: one worker more at once, but not while as many are booting already', async (t) => {
  const { stage, zygote } = await begin(t)
  stage.load = { waiting: 3, busiest: 1 }
  stage.onPressure!()
  deepEqual(await stage.told('scaled'), { kind: 'scaled', from: 1, to: 2, why: 'requests wait' })
  const two = await stage.fork(zygote)
  stage.onPressure!()
  equal(stage.supervisor.wanted, 2)
  two.ready()
  stage.onPressure!()
  equal(stage.supervisor.wanted, 3)
})

test('several if many wait, never above the most', async (t) => {
  const { stage } = await begin(t)
  stage.load = { waiting: 100, busiest: 1 }
  stage.onPressure!()
  equal(stage.supervisor.wanted, 4)
})

test('idle for 10 s: one fewer at a time, the newest, down to the least', async (t) => {
  const { stage, zygote, first } = await begin(t)
  stage.load = { waiting: 8, busiest: 1 }
  stage.onPressure!()
  const others: Actor[] = [await stage.fork(zygote), await stage.fork(zygote)]
  for (const worker of others) worker.ready()
  stage.load = { waiting: 0, busiest: 2 }
  stage.pass(1_000)
  stage.pass(10_000)
  deepEqual(
    [first, ...others].map(({ told }) => told.at(-1)),
    ['serve', 'serve', 'drain'],
  )
  stage.end(others[1]!)
  equal((await stage.told('workerEnded')).end, 'scale')
  stage.pass(10_000)
  equal(stage.supervisor.wanted, 2, 'both were busy')
  stage.load = { waiting: 0, busiest: 0 }
  for (let window = 0; window < 4; window++) stage.pass(10_000)
  equal(stage.supervisor.wanted, 1)
})

test('none is added that the memory has no room for', async (t) => {
  const { stage, first } = await begin(t, { workersMemoryBytes: 350 })
  stage.pss.set(first.place.pid, 100)
  stage.pass(1_000)
  await new Promise((resolve) => setImmediate(resolve))
  stage.load = { waiting: 100, busiest: 1 }
  stage.onPressure!()
  equal(stage.supervisor.wanted, 3)
})

test('a fixed number has no ear for pressure', async (t) => {
  const { stage } = await Stage.serving(t, 1)
  equal(stage.onPressure, null)
})
