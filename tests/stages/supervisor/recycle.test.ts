import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { limitsOf, mostAtOnce, reached } from '../../../src/supervisor/recycle.ts'

const SETTINGS = {
  maxRequests: 100,
  maxWorkerAgeMs: 1000,
  maxWorkerMemoryBytes: 5000,
  maxRequestsJitter: null,
  recycleJitter: 10,
  minWorkerLifetimeMs: 200,
}

test('the jitter takes away, never adds', () => {
  deepEqual(
    limitsOf(SETTINGS, () => 0),
    { requests: 100, ageMs: 1000, memoryBytes: 5000, leastMs: 200 },
  )
  deepEqual(
    limitsOf(SETTINGS, () => 1),
    { requests: 90, ageMs: 900, memoryBytes: 4500, leastMs: 200 },
  )
})

test('a limit of 0 is none', () => {
  const none = { ...SETTINGS, maxRequests: 0, maxWorkerAgeMs: 0, maxWorkerMemoryBytes: 0 }
  const limits = limitsOf(none, () => 1)
  equal(reached(limits, { servedMs: 1e12, answered: 1e12, memoryBytes: 1e12 }), null)
})

test('which limit was reached; none before the least lifetime', () => {
  const limits = limitsOf(SETTINGS, () => 0)
  const wear = { servedMs: 500, answered: 0, memoryBytes: 0 }
  equal(reached(limits, wear), null)
  equal(reached(limits, { ...wear, answered: 100 }), 'requests')
  equal(reached(limits, { ...wear, servedMs: 1000 }), 'age')
  equal(reached(limits, { ...wear, memoryBytes: 5001 }), 'memory')
  equal(reached(limits, { servedMs: 199, answered: 100, memoryBytes: 9000 }), null)
})

test('a quarter at a time, at least one', () => {
  deepEqual([1, 3, 4, 8, 15].map(mostAtOnce), [1, 1, 1, 2, 3])
})

test('a jitter in requests is added, its most included, and the percentage does not count for them', () => {
  const requests = (maxRequestsJitter: number, random: number) =>
    limitsOf({ ...SETTINGS, maxRequestsJitter }, () => random).requests
  deepEqual([requests(0, 0.99), requests(5, 0), requests(5, 0.17), requests(5, 0.999)], [100, 100, 101, 105])
  equal(limitsOf({ ...SETTINGS, maxRequestsJitter: 5 }, () => 1 - Number.EPSILON).ageMs < 1000, true)
  equal(limitsOf({ ...SETTINGS, maxRequests: 0, maxRequestsJitter: 5 }, () => 0.5).requests, Infinity)
})
