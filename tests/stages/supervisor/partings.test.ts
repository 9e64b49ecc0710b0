import { deepEqual, equal } from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { GROUP_MS } from '../../../src/supervisor/partings.ts'
import { DEFAULTS, Stage } from './fakeZygote.ts'

test('one that was sent TERM is replaced first, then it drains', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  worker!.owner.leaving(false)
  stage.pass(GROUP_MS - 1)
  deepEqual(worker!.told, ['serve'])
  stage.pass(1)
  const successor = await stage.fork(zygote)
  deepEqual(worker!.told, ['serve'])
  successor.ready()
  deepEqual(worker!.told, ['serve', 'drain'])
  stage.end(worker!)
  equal((await stage.told('workerEnded')).end, 'asked')
})

test('one that was sent QUIT is told to end at once, and killed if it doesn’t', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1)
  const [worker] = crew
  const { pid } = worker!.place
  worker!.owner.leaving(true)
  stage.pass(GROUP_MS)
  deepEqual(worker!.told, ['serve', 'drain'])
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid, signal: constants.signals.SIGQUIT })
  await stage.fork(zygote)
  stage.pass(1_000)
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid, signal: 9 })
})

test('what was sent to the whole group is the front’s to obey', async (t) => {
  const { stage, crew } = await Stage.serving(t, 2)
  crew[0]!.owner.leaving(true)
  stage.supervisor.expectStop()
  crew[1]!.owner.leaving(false)
  stage.pass(GROUP_MS)
  for (const worker of crew) deepEqual(worker.told, ['serve'])
})

test('a fast stop lets workers of an extension run what they have to at their end', async (t) => {
  const { stage, zygote, crew } = await Stage.serving(t, 1, {
    zygote: { ...DEFAULTS.zygote, extension: { module: 'some', options: {} } },
  })
  const [worker] = crew
  const stopped = stage.supervisor.stop(0)
  deepEqual(worker!.told, ['serve', 'drain'])
  deepEqual(await zygote.told('kill'), { cmd: 'kill', pid: worker!.place.pid, signal: constants.signals.SIGQUIT })
  stage.end(worker!)
  await stopped
})
