import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { shareOf } from '../../../src/dispatch/share.ts'

test('who is alone may have all', () => {
  equal(shareOf(130, 1), 130)
  equal(shareOf(2, 0), 2)
})

test('many share alike, and nobody gets nothing', () => {
  equal(shareOf(130, 10), 13)
  equal(shareOf(16, 64), 1)
  equal(shareOf(0, 2), 1)
})
