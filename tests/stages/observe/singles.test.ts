import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Singles } from '../../../src/observe/singles.ts'
import { classicLines } from '../../../src/observe/statsdClassic.ts'

test('each reader reads each request once', () => {
  const singles = new Singles()
  const read = singles.reader()
  singles.note(200, 1)
  singles.note(404, 2)
  deepEqual(read(), {
    requests: 2,
    statuses: [
      [200, 1],
      [404, 1],
    ],
    tookMs: [1, 2],
  })
  singles.note(200, 3)
  singles.note(0, 4) // the connection ended before there was a status
  deepEqual(read(), { requests: 2, statuses: [[200, 1]], tookMs: [3, 4] })
  deepEqual(read(), { requests: 0, statuses: [], tookMs: [] })
})

test('of too many, the last are a sample that says how large it is', () => {
  const singles = new Singles()
  const read = singles.reader()
  for (let at = 0; at < 4096; at++) singles.note(200, at)
  const found = read()
  equal(found.requests, 4096)
  equal(found.tookMs.length, 1024)
  equal(found.tookMs[0], 3072)
  const lines = classicLines('g', { singles: [found], logged: [], workers: 1, waiting: 0 })
  equal(lines[0], 'g.requests:4096|c')
  ok(lines.includes('g.request.duration:4095.000|ms|@0.25'))
})
