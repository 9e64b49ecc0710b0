import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { leastBusy } from '../../../src/dispatch/choose.ts'

test('the least busy worker that has room is chosen', () => {
  const [busy, idle, full] = [
    { load: 2, room: 4 },
    { load: 1, room: 4 },
    { load: 0, room: 0 },
  ]
  equal(leastBusy([busy!, idle!, full!], 0), idle)
})

test('nobody is chosen when all are full, or there is nobody', () => {
  equal(leastBusy([{ load: 1, room: 1 }], 0), null)
  equal(leastBusy([], 5), null)
})

test('ties go round', () => {
  const workers = [
    { load: 0, room: 1 },
    { load: 0, room: 1 },
  ]
  equal(leastBusy(workers, 0), workers[0])
  equal(leastBusy(workers, 1), workers[1])
})
