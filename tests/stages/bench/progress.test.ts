import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { durationText, Progress } from '../../../bench/progress.ts'

test('what is left goes at the pace of what is done', () => {
  let nowMs = 0
  const progress = new Progress(200, () => nowMs)
  equal(progress.text, '0 %, 3 min left')
  progress.did(100)
  nowMs = 200_000
  equal(progress.text, '50 %, 3 min left')
  progress.add(-60)
  equal(progress.text, '71 %, 80 s left')
})

test('it never says less than nothing, nor more than all', () => {
  let nowMs = 0
  const progress = new Progress(10, () => nowMs)
  progress.did(30)
  nowMs = 1000
  equal(progress.text, '100 %, 0 s left')
  equal(durationText(89), '89 s')
  equal(durationText(90), '2 min')
})
