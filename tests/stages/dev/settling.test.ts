import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Settling } from '../../../src/dev/settling.ts'

test('changes that follow each other at once are one', () => {
  const settling = new Settling<string>()
  equal(settling.dueMs, Number.POSITIVE_INFINITY)
  settling.add('a', 0)
  settling.add('b', 14)
  settling.add('a', 21)
  deepEqual(settling.take(35), [])
  deepEqual(settling.take(settling.dueMs), ['a', 'b'])
  equal(settling.dueMs, Number.POSITIVE_INFINITY)
})

test('changes that never end are taken all the same', () => {
  const settling = new Settling<number>()
  for (let at = 0; at < 2_000; at += 10) settling.add(at, at)
  equal(settling.dueMs, 1_000)
})
