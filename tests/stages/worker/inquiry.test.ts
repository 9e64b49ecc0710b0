import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Inquiry } from '../../../src/worker/inquiry.ts'

test('silence is an answer too, and a silent worker is not asked twice', async () => {
  let asked = 0
  const inquiry = new Inquiry<string>(() => asked++, 1)
  deepEqual([await inquiry.answer(), await inquiry.answer()], [null, null])
  equal(asked, 1)
  inquiry.tell('at last')
  const waiting = inquiry.answer()
  equal(asked, 2)
  inquiry.tell('now')
  equal(await waiting, 'now')
})

test('an answer that comes late is for those who wait by then', async () => {
  const inquiry = new Inquiry<string>(() => {}, 1)
  equal(await inquiry.answer(), null)
  const waiting = inquiry.answer()
  inquiry.tell('late')
  equal(await waiting, 'late')
})
