import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import type { SupervisorSettings } from '../../../src/supervisor/settings.ts'
import { type Actor, type FakeForker, Stage } from './fakeZygote.ts'

const AUTO = { preload: 'auto', workers: { least: 2, most: 2 } } as const
const LOADED = { findings: [], application: 'a:b' }

async function begin(t: Parameters<typeof Stage.open>[0], settings: Partial<SupervisorSettings> = {}) {
  const stage = await Stage.open(t, { ...AUTO, ...settings })
  const started = stage.supervisor.start()
  started.catch(() => {})
  const zygote = await stage.zygote()
  const candidate = await stage.fork(zygote)
  return { stage, started, zygote, candidate, front: await candidate.front }
}

async function becomeTemplate(front: FakeForker, facts = LOADED): Promise<FakeForker> {
  front.say('audited', facts)
  await front.told('template')
  front.say('ready', { pid: 9, python: '3.11.7', implementation: 'CPython', executable: 'python3' })
  return front
}

async function preloaded(t: Parameters<typeof Stage.open>[0]) {
  const begun = await begin(t)
  const template = await becomeTemplate(begun.front)
  const crew: Actor[] = []
  for (let count = 0; count < 2; count++) crew.push(await begun.stage.fork(template))
  for (const worker of crew) worker.ready()
  await begun.started
  return { ...begun, template, crew }
}

test('one candidate first; clean, it becomes the template that forks the workers', async (t) => {
  const { stage, zygote, candidate, template, crew } = await preloaded(t)
  deepEqual(await stage.told('preloaded'), { kind: 'preloaded', generation: 1 })
  equal(zygote.heard('fork'), 0)
  deepEqual(candidate.told, ['ended: it was asked to end'])
  deepEqual(
    stage.supervisor.pids,
    crew.map(({ place }) => place.pid),
  )
  deepEqual(
    stage.supervisor.generations.map(({ preloaded }) => preloaded),
    [true],
  )
  stage.end(crew[0]!, { signal: 9 })
  const again = await stage.fork(template)
  again.ready()
  equal(stage.supervisor.pids.length, 2)
  equal(stage.events.filter(({ kind }) => kind === 'workerEnded').length, 1, 'the template is no worker')
})

test('not clean: the candidate goes on as a worker, the others come from the zygote', async (t) => {
  const { stage, started, zygote, candidate, front } = await begin(t)
  front.say('audited', { findings: ['a thread: Timer-1'], application: 'a:b' })
  await front.told('work')
  deepEqual((await stage.told('notPreloaded')).findings, ['a thread: Timer-1'])
  const two = await stage.fork(zygote)
  candidate.ready()
  equal((await started).pid, candidate.place.pid)
  two.ready()
  deepEqual(stage.supervisor.pids, [candidate.place.pid, two.place.pid])
  deepEqual(
    stage.supervisor.generations.map(({ preloaded }) => preloaded),
    [false],
  )
})

test('always: what is shared is said, and shared', async (t) => {
  const { stage, front } = await begin(t, { preload: 'always' })
  await becomeTemplate(front, { findings: ['a thread: Timer-1'], application: 'a:b' } as unknown as typeof LOADED)
  await stage.told('preloaded')
  match(stage.notes.join(), /warning: .*share.*a thread: Timer-1/)
})

test('a candidate that can’t load ends the start', async (t) => {
  const { started, candidate } = await begin(t)
  candidate.owner.unready(new Fault('APP_NOT_FOUND', { detail: 'a' }))
  await rejects(started, { code: 'APP_NOT_FOUND' })
})

test('so does one that dies as it becomes the template, and one that takes too long for it', async (t) => {
  const dead = await begin(t)
  dead.front.say('audited', LOADED)
  await dead.front.told('template')
  dead.stage.end(dead.candidate, { signal: 11 })
  await rejects(dead.started, { code: 'APP_CRASH_LOOP', message: /SIGSEGV/ })

  const slow = await begin(t)
  slow.front.say('audited', LOADED)
  await slow.front.told('template')
  slow.stage.pass(20_000)
  equal((await slow.zygote.told('kill')).pid, slow.candidate.place.pid)
  slow.stage.end(slow.candidate, { signal: 9 })
  await rejects(slow.started, { code: 'APP_CRASH_LOOP' })
})

test('the template’s death is as the zygote’s: its workers serve until those of another generation do', async (t) => {
  const { stage, zygote, candidate, template, crew } = await preloaded(t)
  template.die()
  await zygote.told('kill') // it hung up: it is made sure that it is dead
  stage.end(candidate, { signal: 6 })
  await stage.noted(/the template \(pid \d+: signal SIGABRT\) died/)
  for (const { place } of crew) {
    const { worker, pid } = await zygote.told('inherit')
    deepEqual([worker, pid], [place.number, place.pid])
  }
  const second = await stage.zygote()
  const next = await stage.fork(second)
  deepEqual([crew[0]!.told, crew[1]!.told], [['serve'], ['serve']])
  const newTemplate = await becomeTemplate(await next.front)
  const young = await stage.fork(newTemplate)
  young.ready()
  equal(crew[0]!.told.at(-1), 'drain')
  crew[0]!.owner.broken('end of file')
  equal((await stage.told('workerEnded')).end, 'relief')
})

test('a worker of a dead template that dies is noticed by its connections', async (t) => {
  const { stage, zygote, candidate, template, crew } = await preloaded(t)
  template.die()
  await zygote.told('kill')
  stage.end(candidate, { signal: 9 })
  await stage.noted(/template/)
  crew[0]!.owner.broken('end of file')
  equal((await stage.told('workerEnded')).end, 'lost')
})

test('none wanted: a clean candidate is the template, and the server has started', async (t) => {
  const { stage, started, zygote, front } = await begin(t, { workers: { least: 0, most: 4 } })
  const template = await becomeTemplate(front)
  deepEqual(
    { ...(await started), pid: 0 },
    { pid: 0, python: '3.11.7', implementation: 'CPython', executable: 'python3', application: 'a:b' },
  )
  equal(template.heard('fork') + zygote.heard('fork'), 0)
  stage.load = { waiting: 1, busiest: 0 }
  stage.onPressure!()
  const worker = await stage.fork(template)
  worker.ready()
  deepEqual(stage.supervisor.pids, [worker.place.pid])
})

test('none wanted: one that isn’t clean leaves after its audit, and the server has started', async (t) => {
  const { stage, started, zygote, candidate, front } = await begin(t, { workers: { least: 0, most: 4 } })
  front.say('audited', { findings: ['a socket'], application: 'a:b' })
  await started
  await front.told('stop')
  equal((await zygote.told('dismissed')).worker, candidate.place.number)
  stage.end(candidate)
  equal((await stage.told('workerEnded')).end, 'audited')
  equal(zygote.heard('fork'), 0)
  stage.onPressure!()
  equal((await zygote.told('fork')).candidate, undefined)
})

test('none wanted and no preloading: one worker is started all the same, and shrinks away when idle', async (t) => {
  const stage = await Stage.open(t, { workers: { least: 0, most: 4 } })
  const started = stage.supervisor.start()
  const worker = await stage.fork(await stage.zygote())
  worker.ready()
  await started
  stage.pass(1_000)
  stage.pass(10_000)
  deepEqual(worker.told, ['serve', 'drain'])
})

test('a reload preloads anew; a candidate that can’t load fails it', async (t) => {
  const { stage, crew } = await preloaded(t)
  const failed = stage.supervisor.reload(stage.settings)
  const bad = await stage.fork(await stage.zygote())
  bad.owner.unready(new Fault('APP_IMPORT_FAILED', { detail: 'x' }))
  await rejects(failed, { code: 'APP_IMPORT_FAILED' })
  const reloaded = stage.supervisor.reload(stage.settings)
  const good = await stage.fork(await stage.zygote())
  const template = await becomeTemplate(await good.front)
  for (const worker of [await stage.fork(template), await stage.fork(template)]) worker.ready()
  await reloaded
  deepEqual(
    crew.map(({ told }) => told.at(-1)),
    ['drain', 'drain'],
  )
})

test('a candidate that fails when nobody waits for it is tried again after a pause', async (t) => {
  const { stage, zygote } = await preloaded(t)
  zygote.die()
  const second = await stage.zygote()
  const bad = await stage.fork(second)
  stage.end(bad, { code: 1 })
  await stage.noted(/workers die young/)
  equal(second.heard('fork'), 0)
  stage.pass(200)
  equal((await second.told('fork')).candidate, true)
})

test('so is one that could not be taken in', async (t) => {
  const { stage, zygote } = await preloaded(t)
  zygote.die()
  const second = await stage.zygote()
  const { worker } = await second.told('fork')
  second.say('forked', { ...nowhere(stage, worker!), template: stage.pathOf('nowhere') })
  await second.told('kill')
  second.exited(worker!, { signal: 9 })
  await stage.told('loadFailed')
  stage.pass(10_000)
  equal((await second.told('fork')).candidate, true)
})

test('a template that dies after its zygote, with a fork under way: its generation ends with its last worker', async (t) => {
  const { stage, zygote, template, crew } = await preloaded(t)
  stage.end(crew[0]!, { signal: 9 })
  await template.told('fork')
  zygote.die()
  await stage.noted(/zygote .* died/)
  template.die()
  const second = await stage.zygote()
  const next = await becomeTemplate(await (await stage.fork(second)).front)
  for (let count = 0; count < 2; count++) (await stage.fork(next)).ready()
  crew[1]!.owner.broken('end of file')
  await stage.told('workerEnded')
  await stage.told('workerEnded')
  stage.pass(100)
  deepEqual(
    stage.supervisor.generations.map(({ number }) => number),
    [2],
  )
})

test('what a template had forked and could not tell before its end was known is left to end with it', async (t) => {
  const { stage, candidate, template, crew } = await preloaded(t)
  stage.end(crew[0]!, { signal: 9 })
  const { worker } = await template.told('fork')
  stage.end(candidate, { signal: 9 })
  await stage.noted(/template .* died/)
  template.say('forked', nowhere(stage, worker!))
  const second = await stage.zygote()
  const next = await becomeTemplate(await (await stage.fork(second)).front)
  await stage.fork(next) // with no pause
  equal(stage.events.filter(({ kind }) => kind === 'loadFailed').length, 0)
})

/** A worker whose files aren't there. */
function nowhere(stage: Stage, worker: number) {
  const path = stage.pathOf('nowhere')
  return { worker, pid: 1, socket: path, out: path, err: path, page: path, stack: path }
}
