import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, CrashLoop } from '../../../src/supervisor/backoff.ts'

test('the first deaths cost no pause, the next ones ever more, up to ten seconds', () => {
  equal(backoffMs(0.25), 0)
  equal(backoffMs(1), 100)
  ok(backoffMs(2) > backoffMs(1))
  equal(backoffMs(50), 10_000)
})

const unready = (bornMs: number) => ({ bornMs, readyAtMs: null, answered: 0 })
const ready = (bornMs: number, answered = 0) => ({ bornMs, readyAtMs: bornMs, answered })

test('loads that fail one after the other are a loop from the first on', () => {
  const loop = new CrashLoop()
  equal(loop.died(unready(0), [], 10), 100)
  ok(loop.active)
  equal(loop.died(unready(110), [], 120), 200)
  equal(loop.died(unready(320), [], 330), 400)
})

test('deaths of one round count once', () => {
  const loop = new CrashLoop()
  for (let at = 10; at < 20; at++) equal(loop.died(unready(0), [], at), 100)
})

test('workers that load and then soon die are slowed down in the end', () => {
  const loop = new CrashLoop()
  const pauses = Array.from({ length: 64 }, (_, at) => loop.died(ready(at * 10), [], at * 10 + 1))
  equal(
    pauses.findIndex((pause) => pause > 0),
    7,
  )
  equal(pauses.at(-1), 10_000)
})

test('who has answered much was killed by a request: no pause, and no loop', () => {
  const loop = new CrashLoop()
  loop.died(unready(0), [], 10)
  equal(loop.died(ready(110, 10), [], 120), 0)
  ok(!loop.active)
})

test('a peer that came after the last failure and has lived ends the loop; an old one does not', () => {
  const loop = new CrashLoop()
  loop.died(unready(0), [], 100)
  equal(loop.died(unready(20_000), [ready(0)], 20_000), 200)
  equal(loop.died(unready(40_000), [ready(20_000)], 40_000), 100)
})
