import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Headcount, IDLE_WINDOW_MS } from '../../../src/supervisor/headcount.ts'

const elastic = (least: number, most: number) => new Headcount({ least, most })

test('it grows by one for every few that wait, as far as it may', () => {
  const count = elastic(1, 8)
  count.grow(1, 0, Infinity)
  equal(count.wanted, 2)
  count.grow(12, 1, Infinity)
  equal(count.wanted, 4)
  count.grow(12, 3, Infinity)
  equal(count.wanted, 4, 'as many are coming')
  count.grow(100, 0, 1)
  equal(count.wanted, 5, 'memory for one more')
  count.grow(100, 0, Infinity)
  equal(count.wanted, 8)
})

test('the first is had whatever the memory', () => {
  const none = elastic(0, 4)
  none.grow(1, 0, 0)
  equal(none.wanted, 1)
  none.grow(100, 0, 0)
  equal(none.wanted, 1)
})

test('a fixed or paused one doesn’t grow', () => {
  const fixed = elastic(2, 2)
  fixed.grow(100, 0, Infinity)
  equal(fixed.wanted, 2)
  const paused = elastic(1, 4)
  paused.pause()
  paused.grow(100, 0, Infinity)
  equal(paused.wanted, 0)
  paused.resume()
  equal(paused.wanted, 1)
})

test('it shrinks by one after each window in which one was idle throughout', () => {
  const count = elastic(1, 4)
  count.set(3)
  const wanted: number[] = []
  for (const [busiest, at] of [
    [3, 0],
    [2, 1],
    [0, 2],
    [2, 3],
    [1, 4],
    [0, 5],
  ] as const) {
    count.seen(busiest)
    count.shrink(count.wanted, at * IDLE_WINDOW_MS)
    wanted.push(count.wanted)
  }
  deepEqual(wanted, [3, 3, 2, 2, 1, 1])
})

test('it doesn’t shrink while workers are only coming', () => {
  const count = elastic(1, 4)
  count.set(4)
  count.shrink(2, 0)
  count.shrink(2, IDLE_WINDOW_MS)
  equal(count.wanted, 4)
})

test('operators set it; the range gives way; zero only where none was wanted', () => {
  const fixed = elastic(4, 4)
  fixed.set(6)
  deepEqual([fixed.wanted, fixed.isElastic], [6, false])
  fixed.set(0)
  equal(fixed.wanted, 1)
  const range = elastic(2, 8)
  range.set(10)
  deepEqual([range.wanted, range.isElastic], [10, true])
  const none = elastic(0, 4)
  none.step(1)
  none.step(-1)
  none.step(-1)
  equal(none.wanted, 0)
})

test('after a reload: the same as before where the setting is the same, else within the new range', () => {
  const count = elastic(4, 4)
  count.set(6)
  equal(count.after({ least: 4, most: 4 }), 6)
  equal(count.after({ least: 2, most: 2 }), 2)
  equal(count.after({ least: 8, most: 9 }), 8)
  count.pause()
  count.adopt({ least: 2, most: 3 }, 2)
  deepEqual([count.wanted, count.isElastic], [2, true])
})
