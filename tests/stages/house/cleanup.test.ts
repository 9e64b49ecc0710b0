import { deepEqual, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Cleanup } from '../../../src/house/cleanup.ts'

test('the last first, all of them, and once', async () => {
  const cleanup = new Cleanup()
  const done: number[] = []
  cleanup.add(() => done.push(1))
  cleanup.add(async () => {
    throw new Error('in between')
  })
  cleanup.add(() => done.push(3))
  await rejects(cleanup.run(), /in between/)
  await cleanup.run()
  deepEqual(done, [3, 1])
})
