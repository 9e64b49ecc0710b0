import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { lateness, type Timed } from '../../../src/dispatch/deadlines.ts'

const DEADLINES = { timeoutMs: 1_000, streamTimeoutMs: 500 }
const OFF = { timeoutMs: 0, streamTimeoutMs: 0 }
const silent: Timed = { sentAtMs: 10_000, streaming: false, silentSinceMs: 10_000 }

test('an answer must begin within its time, counted from the entry', () => {
  equal(lateness(silent, 10_500, 11_499, DEADLINES), null)
  equal(lateness(silent, 10_500, 11_500, DEADLINES), 'REQUEST_TIMEOUT')
  equal(lateness(silent, 10_500, 99_000, OFF), null)
})

test('while the request waits for its client the clock stands still', () => {
  equal(lateness(silent, Number.POSITIVE_INFINITY, 99_000, DEADLINES), null)
  equal(lateness({ ...silent, streaming: true }, Number.POSITIVE_INFINITY, 99_000, DEADLINES), null)
})

test('a mark that is older than the request is that of the one before', () => {
  equal(lateness(silent, 1, 10_999, DEADLINES), null)
  equal(lateness(silent, 1, 11_000, DEADLINES), 'REQUEST_TIMEOUT')
})

test('an answer that has begun is judged by its silence alone', () => {
  const stream = { ...silent, streaming: true, silentSinceMs: 50_000 }
  equal(lateness(stream, 10_000, 50_499, DEADLINES), null)
  equal(lateness(stream, 10_000, 50_500, DEADLINES), 'STREAM_TIMEOUT')
  equal(lateness(stream, 10_000, 99_000, { ...DEADLINES, streamTimeoutMs: 0 }), null)
})
