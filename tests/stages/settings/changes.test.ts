import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf } from '../../../src/settings/changes.ts'
import { defaultSettings } from '../../../src/settings/load.ts'

test('what applies on reload counts, what needs a restart is named and stays', () => {
  const before = defaultSettings({ app: 'one', bind: ['127.0.0.1:1'], threads: 1 })
  const after = defaultSettings({ app: 'two', bind: ['127.0.0.1:2'], threads: 4, backlog: 7 })
  const { settings, needRestart } = changesOf(before, after)
  deepEqual([settings.app, settings.threads], ['two', 4])
  deepEqual([settings.bind, settings.backlog], [before.bind, before.backlog])
  deepEqual(needRestart, ['--bind', '--backlog'])
})

test('the same values are no change', () => {
  const { settings, needRestart } = changesOf(defaultSettings(), defaultSettings({ bind: ['127.0.0.1:8000'] }))
  deepEqual(needRestart, [])
  deepEqual(settings, defaultSettings())
  equal(settings.pidfile, null)
})
