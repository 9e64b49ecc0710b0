import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { dueAt, dueBy, isOther, quantiles } from '../../../bench/load/timing.ts'

test('the first request is due at once, the others at even distances', () => {
  equal(dueBy(0, 100, 1000), 1)
  equal(dueBy(9.9, 100, 1000), 1)
  equal(dueBy(10, 100, 1000), 2)
  equal(dueAt(1, 100), 10)
})

test('every request is due when it is said to be, at any rate', () => {
  for (const rate of [1, 3, 7, 150, 333, 1000])
    for (let index = 0; index < 2 * rate; index++) equal(dueBy(dueAt(index, rate), rate, 1e9), index + 1)
})

test('a generator that was held up finds all that became due meanwhile, and no more than there are', () => {
  equal(dueBy(1000, 100, 1000), 101)
  equal(dueBy(60_000, 100, 1000), 1000)
})

test('one of a hundred is another request, and always the same one', () => {
  const others = Array.from({ length: 1000 }, (_, index) => index).filter((index) => isOther(index, 100))
  deepEqual(others, [50, 150, 250, 350, 450, 550, 650, 750, 850, 950])
})

test('quantiles are times that were measured, in microseconds', () => {
  const thousand = Array.from({ length: 1000 }, (_, at) => 1000 - at)
  deepEqual(quantiles(thousand), { p50: 500_000, p99: 990_000, p999: 999_000, longest: 1_000_000 })
  deepEqual(quantiles([3]), { p50: 3000, p99: 3000, p999: 3000, longest: 3000 })
  deepEqual(quantiles([]), { p50: 0, p99: 0, p999: 0, longest: 0 })
})
