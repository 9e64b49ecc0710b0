import { deepEqual, equal, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { Stage } from './fakeZygote.ts'

test('start ends with the first worker that is ready', async (t) => {
  const stage = await Stage.open(t, { workers: 2 })
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
})

test('a worker that dies while it loads the first time ends the start', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  worker.owner.broken('end of file')
  zygote.exited(worker.place.number, { code: 3 })
  await rejects(started, { code: 'APP_CRASH_LOOP', message: /exit code 3/ })
})

test('a worker that isn’t ready in time is killed, and that ends the start', async (t) => {
  const stage = await Stage.open(t, { bootTimeoutMs: 10 })
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  await rejects(started, { code: 'APP_BOOT_TIMEOUT' })
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid: worker.place.pid, signal: 9 })
})

test('a zygote that dies before the first worker is ready ends the start', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  await stage.fork(zygote)
  zygote.die()
  await rejects(started, { code: 'PYTHON_BROKEN' })
})

for (const [what, end] of [
  ['killed', { signal: 9 }],
  ['ended with an exit code', { code: 7 }],
  ['ended with exit code 0, unasked', { code: 0 }],
] as const)
  test(`a worker that was ${what} is told of and replaced, whatever is heard first`, async (t) => {
    const stage = await Stage.open(t)
    const started = stage.supervisor.start()
    const zygote = await stage.zygote()
    const first = await stage.fork(zygote)
    first.ready()
    await started
    first.owner.broken('end of file')
    deepEqual(stage.supervisor.pids, [])
    zygote.exited(first.place.number, end)
    const second = await stage.fork(zygote)
    second.ready()
    deepEqual(stage.supervisor.pids, [second.place.pid])
    equal(first.told.length, 2)
    await stage.noted(/error: worker 1 .* died: (signal SIGKILL|exit code [07])/)
  })

test('a worker whose connections broke but which lives on is killed', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  worker.ready()
  await started
  worker.owner.broken('frame type 200')
  equal((await zygote.told('kill')).pid, worker.place.pid)
})

test('a fork that fails is told of', async (t) => {
  const stage = await Stage.open(t, { workers: 2 })
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const one = await stage.fork(zygote)
  one.ready()
  await started
  const { worker } = await zygote.told('fork')
  zygote.say('failed', { worker, code: 'FORK_FAILED', says: 'cannot fork worker 2: no memory' })
  await stage.noted(/error: cannot fork worker 2: no memory/)
  deepEqual(stage.supervisor.pids, [one.place.pid])
})

test('stop drains the workers, waits for their end, and ends the zygote', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  worker.ready()
  await started
  const stopped = stage.supervisor.stop(20_000)
  deepEqual(worker.told, ['serve', 'drain'])
  worker.owner.broken('end of file')
  zygote.exited(worker.place.number, { code: 0 })
  await stopped
  deepEqual(worker.told, ['serve', 'drain', 'ended: it was asked to end'])
  deepEqual(
    stage.notes.filter((note) => note.startsWith('error')),
    [],
  )
})

test('a worker that doesn’t end within the time of a stop is killed', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const zygote = await stage.zygote()
  const worker = await stage.fork(zygote)
  worker.ready()
  await started
  const stopped = stage.supervisor.stop(5)
  equal((await zygote.told('kill')).pid, worker.place.pid)
  zygote.exited(worker.place.number, { signal: 9 })
  await stopped
})

test('the zygote dies: its workers serve on until those of a new one do', async (t) => {
  const stage = await Stage.open(t, { workers: 2 })
  const started = stage.supervisor.start()
  const first = await stage.zygote()
  const [one, two] = [await stage.fork(first), await stage.fork(first)]
  one.ready()
  two.ready()
  await started
  first.die()
  const second = await stage.zygote()
  const three = await stage.fork(second)
  deepEqual([one.told, two.told], [['serve'], ['serve']])
  three.ready()
  deepEqual([one.told, two.told], [['serve', 'drain'], ['serve']])
  const four = await stage.fork(second)
  four.ready()
  deepEqual(two.told, ['serve', 'drain'])
  deepEqual(stage.supervisor.pids, [three.place.pid, four.place.pid])
})

test('a worker whose zygote is dead is ended by hand once its connections end; drained, that is no failure', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const first = await stage.zygote()
  const old = await stage.fork(first)
  old.ready()
  await started
  first.die()
  const young = await stage.fork(await stage.zygote())
  young.ready()
  const gone = once(old.process, 'exit')
  old.owner.broken('end of file')
  deepEqual(await gone, [null, 'SIGKILL'])
  deepEqual(old.told, ['serve', 'drain', 'ended: it was asked to end'])
  deepEqual(stage.supervisor.pids, [young.place.pid])
  equal(stage.notes.filter((note) => /worker \d+ .*died/.test(note)).length, 0)
})

test('a stop gives a worker that is draining already its time', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const first = await stage.zygote()
  const old = await stage.fork(first)
  old.ready()
  await started
  first.die()
  const second = await stage.zygote()
  const young = await stage.fork(second)
  young.ready()
  const stopped = stage.supervisor.stop(20_000)
  second.exited(young.place.number, { code: 0 })
  equal(old.process.exitCode ?? old.process.signalCode, null)
  old.owner.broken('end of file')
  await stopped
})

test('a new zygote that can’t start is tried again later, not at once', async (t) => {
  const stage = await Stage.open(t)
  const started = stage.supervisor.start()
  const first = await stage.zygote()
  const worker = await stage.fork(first)
  worker.ready()
  await started
  first.die()
  await stage.until(() => stage.hasZygote, 'another zygote')
  stage.failZygote()
  await stage.noted(/error: the new zygote failed/)
  deepEqual([stage.hasZygote, worker.told], [false, ['serve']])
})
