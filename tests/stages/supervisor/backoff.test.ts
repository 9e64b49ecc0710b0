import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from '../../../src/supervisor/supervisor.ts'

test('the first deaths cost no pause, the next ones ever more, up to ten seconds', () => {
  equal(backoffMs(0.25), 0)
  equal(backoffMs(1), 100)
  ok(backoffMs(2) > backoffMs(1))
  equal(backoffMs(50), 10_000)
})
