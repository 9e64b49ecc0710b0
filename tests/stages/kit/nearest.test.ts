import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearest } from '../../../src/kit/nearest.ts'

test('the distance counts insertions, deletions, replacements and swaps', () => {
  equal(editDistance('', ''), 0)
  equal(editDistance('abc', ''), 3)
  equal(editDistance('', 'abc'), 3)
  equal(editDistance('workers', 'workers'), 0)
  equal(editDistance('wokers', 'workers'), 1)
  equal(editDistance('wrokers', 'workers'), 1)
  equal(editDistance('kitten', 'sitting'), 3)
})

test('the nearest is found, and nothing where nothing is near', () => {
  equal(nearest('--wokers', ['--workers', '--queue']), '--workers')
  equal(nearest('--thread', ['--threads', '--chdir']), '--threads')
  equal(nearest('--reload', ['--workers', '--queue']), null)
  equal(nearest('x', []), null)
})
