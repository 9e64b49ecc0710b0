import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { Stage } from './fakeZygote.ts'

const TWO = { workers: { least: 2, most: 2 } }

test('start ends with the first worker that is ready', async (t) => {
  const stage = await Stage.open(t, TWO)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const [one, two] = [await stage.fork(zygote), await stage.fork(zygote)]
  two.ready()
  equal((await started).pid, two.place.pid)
  deepEqual(stage.supervisor.pids, [two.place.pid])
  one.ready()
  deepEqual(stage.supervisor.pids, [one.place.pid, two.place.pid])
  deepEqual([one.told, two.told], [['serve'], ['serve']])
})

test('an application that can’t be loaded is told as its fault', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const worker = await stage.fork(await stage.zygote())
  worker.owner.unready(new Fault('APP_NOT_FOUND', { detail: 'a' }))
  await rejects(started, { code: 'APP_NOT_FOUND' })
  stage.end(worker, { code: 1 })
  equal((await stage.told('workerEnded')).end, 'boot_failed')
})

test('a worker that dies while it loads the first time ends the start', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  worker.owner.broken('end of file')
  stage.end(worker, { code: 3 })
  await rejects(started, { code: 'APP_CRASH_LOOP', message: /exit code 3/ })
})

test('a worker that isn’t ready in time is killed, and that ends the start', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  stage.pass(20_000)
  await rejects(started, { code: 'APP_BOOT_TIMEOUT' })
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid: worker.place.pid, signal: 9 })
  stage.end(worker, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'boot_timeout')
})

test('a zygote that dies before the first worker is ready ends the start', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  await stage.fork(zygote)
  zygote.die()
  await rejects(started, { code: 'PYTHON_BROKEN' })
})

for (const [what, how, end, detail] of [
  ['killed', { signal: 9 }, 'crashed', 'signal SIGKILL'],
  ['ended with an exit code', { code: 7 }, 'exited', 'exit code 7'],
  ['ended with exit code 0, unasked', { code: 0 }, 'exited', 'exit code 0'],
] as const)
  test(`a worker that was ${what} is told of once and replaced, whatever is heard first`, async (t) => {
    const { stage, zygote, crew } = await Stage.serving(t, 1)
    const [first] = crew
    first!.answered = 5
    first!.owner.broken('end of file')
    deepEqual(stage.supervisor.pids, [])
    stage.nowMs += 100
    stage.end(first!, how)
    const { pid, number: worker } = first!.place
    const told = { kind: 'workerEnded', worker, pid, generation: 1, end, detail, requests: 5, livedMs: 100 }
    deepEqual(await stage.told('workerEnded'), told)
    const second = await stage.fork(zygote)
    second.ready()
    deepEqual(stage.supervisor.pids, [second.place.pid])
    deepEqual(first!.told, ['serve', `ended: ${detail}`])
    equal(stage.events.filter(({ kind }) => kind === 'workerEnded').length, 0)
  })

test('a worker whose connections broke but which lives on is killed', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  crew[0]!.owner.broken('frame type 200')
  equal(zygote.heard('kill'), 0)
  stage.pass(2_000)
  equal((await zygote.told('kill')).pid, crew[0]!.place.pid)
  stage.end(crew[0]!, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'lost')
})

test('a killed worker whose end isn’t reported is killed by hand, then given up', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  crew[0]!.owner.broken('frame type 200')
  stage.pass(2_000)
  await zygote.told('kill')
  const gone = once(crew[0]!.process, 'exit')
  stage.pass(2_000)
  deepEqual(await gone, [null, 'SIGKILL'])
  stage.pass(2_000)
  const ended = await stage.told('workerEnded')
  deepEqual([ended.end, ended.detail], ['lost', 'its end was not told'])
})

test('a fork that fails is told of, and tried again later', async (t) => {
  const stage = await Stage.open(t, TWO)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const one = await stage.fork(zygote)
  one.ready()
  await started
  const { worker } = await zygote.told('fork')
  writeFileSync(stage.pathOf('w2.page'), '')
  zygote.say('failed', { worker, code: 'FORK_FAILED', says: 'cannot fork worker 2: no memory' })
  match((await stage.told('loadFailed')).fault.message, /cannot fork worker 2: no memory/)
  equal(existsSync(stage.pathOf('w2.page')), false)
  stage.pass(9_999)
  equal(zygote.heard('fork'), 0)
  stage.pass(1)
  equal((await stage.fork(zygote)).place.number, 3)
})

test('what isn’t in the zygote’s language is noted', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  zygote.raw('Fatal Python error: {')
  zygote.raw('17')
  await stage.noted(/warning: the zygote says what nobody understands: 17/)
  deepEqual(stage.supervisor.pids, [crew[0]!.place.pid])
})

test('stop drains the workers, waits for their end, and ends the zygote', async (t) => {
  const { stage, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  const stopped = stage.supervisor.stop(20_000)
  deepEqual(worker!.told, ['serve', 'drain'])
  worker!.owner.broken('end of file')
  stage.end(worker!)
  await stopped
  deepEqual(worker!.told, ['serve', 'drain', 'ended: it was asked to end'])
  equal((await stage.told('workerEnded')).end, 'stop')
})

test('a worker that doesn’t end within the time of a stop is killed', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const stopped = stage.supervisor.stop(5)
  stage.pass(5)
  equal((await zygote.told('kill')).pid, crew[0]!.place.pid)
  stage.end(crew[0]!, { signal: 9 })
  await stopped
  equal((await stage.told('workerEnded')).end, 'graceful_timeout')
})

test('a second stop hurries the first', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const slow = stage.supervisor.stop(20_000)
  const fast = stage.supervisor.stop(0)
  equal((await zygote.told('kill')).pid, crew[0]!.place.pid)
  stage.end(crew[0]!, { signal: 9 })
  await Promise.all([slow, fast])
  equal((await stage.told('workerEnded')).end, 'stop')
})

test('the zygote dies: its workers serve on until those of a new generation do', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 2)
  const [one, two] = crew
  zygote.die()
  await stage.noted(/error: the zygote \(pid \d+: exit code 0\) died/)
  const second = await stage.zygote()
  const three = await stage.fork(second)
  deepEqual([one!.told, two!.told], [['serve'], ['serve']])
  three.ready()
  deepEqual([one!.told, two!.told], [['serve', 'drain'], ['serve']])
  const four = await stage.fork(second)
  four.ready()
  deepEqual(two!.told, ['serve', 'drain'])
  deepEqual(stage.supervisor.pids, [three.place.pid, four.place.pid])
  deepEqual(
    stage.supervisor.generations.map(({ number, state }) => [number, state]),
    [
      [1, 'draining'],
      [2, 'current'],
    ],
  )
})

test('a zygote that was asked for a worker and is silent is ended; another takes its place', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  stage.end(crew[0]!, { signal: 9 })
  await stage.told('workerEnded')
  await zygote.told('fork')
  stage.pass(19_999)
  deepEqual(
    stage.notes.filter((note) => note.startsWith('error')),
    [],
  )
  stage.pass(1)
  await stage.noted(/error: pid \d+ was asked for a worker and is silent/)
  await stage.noted(/error: the zygote \(pid \d+: signal SIGKILL\) died/)
  const young = await stage.fork(await stage.zygote())
  young.ready()
  deepEqual(stage.supervisor.pids, [young.place.pid])
})

test('a worker whose zygote is dead is ended by hand once its connections end; drained, that is no failure', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [old] = crew
  zygote.die()
  const young = await stage.fork(await stage.zygote())
  young.ready()
  const gone = once(old!.process, 'exit')
  old!.owner.broken('end of file')
  deepEqual(await gone, [null, 'SIGKILL'])
  deepEqual(old!.told, ['serve', 'drain', 'ended: it was asked to end'])
  deepEqual(stage.supervisor.pids, [young.place.pid])
  equal((await stage.told('workerEnded')).end, 'relief')
  equal(stage.supervisor.generations.length, 1)
})

test('a worker that had been killed when its zygote died is ended by hand', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  crew[0]!.owner.broken('frame type 200')
  const gone = once(crew[0]!.process, 'exit')
  zygote.die()
  deepEqual(await gone, [null, 'SIGKILL'])
  equal((await stage.told('workerEnded')).end, 'lost')
})

test('a worker that had drained when its zygote died isn’t waited for', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 2)
  stage.supervisor.scale(1)
  crew[1]!.owner.broken('end of file')
  zygote.die()
  equal((await stage.told('workerEnded')).end, 'scale')
})

test('what a zygote had begun to fork when it died leaves no files', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  stage.end(crew[0]!, { signal: 9 })
  const { worker } = await zygote.told('fork')
  const page = stage.pathOf(`w${worker}.page`)
  writeFileSync(page, '')
  zygote.die()
  await stage.zygote()
  equal(existsSync(page), false)
})

test('a stop gives a worker that is draining already its time', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [old] = crew
  zygote.die()
  const second = await stage.zygote()
  const young = await stage.fork(second)
  young.ready()
  const stopped = stage.supervisor.stop(20_000)
  stage.end(young)
  equal(old!.process.exitCode ?? old!.process.signalCode, null)
  old!.owner.broken('end of file')
  await stopped
})

test('a new zygote that can’t start is tried again later, not at once', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  zygote.die()
  await stage.failZygote()
  equal((await stage.told('loadFailed')).fault.code, 'PYTHON_BROKEN')
  stage.pass(9_999)
  deepEqual([stage.hasZygote, crew[0]!.told], [false, ['serve']])
  stage.pass(1)
  const worker = await stage.fork(await stage.zygote())
  worker.ready()
  deepEqual(crew[0]!.told, ['serve', 'drain'])
})

test('a load that fails later is told of and retried with growing pauses, one at a time', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 3)
  for (const worker of crew) stage.end(worker, { signal: 11 })
  const again = [await stage.fork(zygote), await stage.fork(zygote), await stage.fork(zygote)]
  stage.nowMs += 1
  for (const worker of again) {
    worker.owner.unready(new Fault('APP_IMPORT_FAILED', { detail: 'no' }))
    stage.end(worker, { code: 1 })
  }
  equal((await stage.told('loadFailed')).worker, again[0]!.place.number)
  await stage.noted(/workers die young: the next starts in 0\.1/)
  await stage.until(() => stage.supervisor.workers.length === 0, 'their ends')
  stage.pass(50)
  equal(zygote.heard('fork'), 0)
  stage.pass(100)
  const alone = await stage.fork(zygote)
  equal(zygote.heard('fork'), 0)
  alone.ready()
  await stage.fork(zygote)
})

test('one that can’t load and doesn’t end is killed, and its fault told once', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  stage.end(crew[0]!, { signal: 9 })
  const worker = await stage.fork(zygote)
  worker.owner.unready(new Fault('APP_IMPORT_FAILED', { detail: 'x' }))
  equal((await stage.told('loadFailed')).fault.code, 'APP_IMPORT_FAILED')
  stage.pass(2_000)
  equal((await zygote.told('kill')).pid, worker.place.pid)
  stage.end(worker, { signal: 9 })
  equal((await stage.told('workerEnded')).end, 'boot_failed')
  equal(stage.events.filter(({ kind }) => kind === 'loadFailed').length, 0)
})

test('a worker that had answered much is replaced at once, however often', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  let worker = crew[0]!
  for (let death = 0; death < 20; death++) {
    worker.answered = 100
    stage.nowMs += 1
    stage.end(worker, { signal: 11 })
    worker = await stage.fork(zygote)
    worker.ready()
  }
  deepEqual(stage.notes, [])
})

test('what can be told of workers', async (t) => {
  const { stage, crew } = await Stage.serving(t, 1)
  const { pid } = crew[0]!.place
  stage.nowMs += 70
  stage.rss.set(pid, 4096)
  Object.assign(crew[0]!, { running: 1, answered: 3, busyMicros: 2500 })
  deepEqual(stage.supervisor.workers, [
    {
      number: 1,
      pid,
      generation: 1,
      state: 'serving',
      ageMs: 70,
      requests: 3,
      busyMs: 2.5,
      running: 1,
      rssBytes: 4096,
    },
  ])
  equal(stage.supervisor.attachedOf(1), crew[0])
  equal(stage.supervisor.attachedOf(2), null)
  deepEqual(await stage.supervisor.stacks(null), [{ number: 1, pid, threads: [] }])
  await rejects(stage.supervisor.stacks(2), { code: 'WORKER_UNKNOWN' })
})

test('operators add and take away workers, but not the last', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 2)
  stage.supervisor.addWorker()
  const three = await stage.fork(zygote)
  three.ready()
  deepEqual(await stage.told('scaled'), { kind: 'scaled', from: 2, to: 3, why: 'asked' })
  stage.supervisor.scale(1)
  deepEqual(
    [...crew, three].map(({ told }) => told.at(-1)),
    ['serve', 'drain', 'drain'],
  )
  stage.end(three)
  equal((await stage.told('workerEnded')).end, 'scale')
  stage.supervisor.removeWorker()
  equal(stage.supervisor.wanted, 1)
})

test('a pause drains all workers; scaling brings them back', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 2)
  stage.supervisor.pause()
  equal(stage.supervisor.wanted, 0)
  for (const worker of crew) {
    equal(worker.told.at(-1), 'drain')
    stage.end(worker)
    await stage.told('workerEnded')
  }
  equal(zygote.heard('fork'), 0)
  stage.supervisor.scale(1)
  await stage.fork(zygote)
})
