import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Fault } from '../../../src/faults/fault.ts'
import { Reloads } from '../../../src/house/reloads.ts'
import { type Loaded, load } from '../../../src/settings/load.ts'
import type { Settings } from '../../../src/settings/registry.ts'

function loaded(own: Partial<Settings>): Loaded {
  const plain = load([], {}, '/', () => null)
  return { ...plain, settings: { ...plain.settings, ...own } }
}

interface Replacement {
  readonly app: string | null
  serve(): void
  fail(error: unknown): void
}

function stage() {
  const told: string[] = []
  const replacements: Replacement[] = []
  const world = { anew: () => loaded({ app: 'two' }), logs: (_: Settings): void => {} }
  const reloads = new Reloads(
    loaded({ app: 'one' }),
    {
      load: async () => world.anew(),
      adoptLogs: ({ settings }) => {
        world.logs(settings)
        told.push(`logs of ${settings.app}`)
      },
      replace: ({ settings }) =>
        new Promise((resolve, reject) => {
          const generation = replacements.length + 2
          replacements.push({ app: settings.app, serve: () => resolve({ generation, tookMs: 9 }), fail: reject })
        }),
      adopt: ({ settings }) => told.push(`adopted ${settings.app}`),
    },
    {
      began: () => told.push('began'),
      refused: ({ code }) => told.push(`refused ${code}`),
      needRestart: (flags) => told.push(`need restart: ${flags}`),
      ended: () => told.push('ended'),
    },
  )
  return { reloads, told, replacements, world }
}

test('the new settings count once the new generation serves', async () => {
  const { reloads, told, replacements, world } = stage()
  world.anew = () => loaded({ app: 'two', backlog: 6 })
  const done = reloads.reload()
  await turn()
  equal(reloads.inForce.settings.app, 'one')
  replacements[0]!.serve()
  deepEqual(await done, { generation: 2, tookMs: 9, needRestart: ['--backlog'] })
  deepEqual([reloads.inForce.settings.app, reloads.inForce.settings.backlog], ['two', 2048])
  deepEqual(told, ['began', 'logs of two', 'logs of two', 'adopted two', 'need restart: --backlog', 'ended'])
})

test('a generation that fails leaves the old settings in force, and says why', async () => {
  const { reloads, told, replacements } = stage()
  const done = reloads.reload()
  await turn()
  replacements[0]!.fail(new Fault('APP_IMPORT_FAILED', { detail: 'a syntax error' }, 'Traceback …'))
  await rejects(done, { code: 'RELOAD_FAILED', message: /APP_IMPORT_FAILED: .*a syntax error/, trace: 'Traceback …' })
  equal(reloads.inForce.settings.app, 'one')
  deepEqual(told, ['began', 'logs of two', 'logs of one', 'ended'])
})

test('bad settings begin no generation', async () => {
  const { reloads, told, replacements, world } = stage()
  world.anew = () => {
    throw new Fault('SETTING_INVALID', { detail: 'no' })
  }
  await rejects(reloads.reload(), { code: 'SETTING_INVALID' })
  world.anew = () => loaded({ app: 'two' })
  world.logs = ({ app }) => {
    if (app === 'two') throw new Fault('LOG_FILE', { detail: '/x' })
  }
  await rejects(reloads.reload(), { code: 'LOG_FILE' })
  deepEqual(told, ['began', 'refused SETTING_INVALID', 'ended', 'began', 'refused LOG_FILE', 'ended'])
  equal(replacements.length, 0)
})

test('one that was asked for meanwhile has the last word', async () => {
  const { reloads, told, replacements, world } = stage()
  const first = reloads.reload()
  await turn()
  world.anew = () => loaded({ app: 'three' })
  const second = reloads.reload()
  await turn()
  deepEqual(
    replacements.map(({ app }) => app),
    ['two', 'three'],
  )
  replacements[0]!.fail(new Fault('RELOAD_CANCELLED', { detail: 'a newer one' }))
  await rejects(first, { code: 'RELOAD_CANCELLED' })
  replacements[1]!.serve()
  equal((await second).generation, 3)
  equal(reloads.inForce.settings.app, 'three')
  deepEqual(told, ['began', 'logs of two', 'logs of three', 'logs of one', 'logs of three', 'adopted three', 'ended'])
})
