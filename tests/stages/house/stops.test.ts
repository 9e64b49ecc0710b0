import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Stops } from '../../../src/house/stops.ts'

const TERM = { why: 'SIGTERM', signal: 15, isFast: false }

test('the first says why, a second is in a hurry', async () => {
  const stops = new Stops()
  equal(stops.isAsked, false)
  stops.ask(TERM)
  deepEqual(await stops.first, TERM)
  equal(stops.hurry.aborted, false)
  stops.ask({ why: 'SIGINT', signal: 2, isFast: false })
  equal(stops.hurry.aborted, true)
  deepEqual(await stops.first, TERM)
})

test('a fast one is in a hurry at once', () => {
  const stops = new Stops()
  stops.ask({ why: 'SIGQUIT', signal: 3, isFast: true })
  equal(stops.hurry.aborted, true)
})

test('a gentle second one changes nothing, a fast third one does', () => {
  const stops = new Stops()
  stops.ask({ ...TERM, isGentle: true })
  stops.ask({ ...TERM, isGentle: true })
  equal(stops.hurry.aborted, false)
  stops.ask({ why: 'SIGQUIT', signal: 3, isFast: true })
  equal(stops.hurry.aborted, true)
})
