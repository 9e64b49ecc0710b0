import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { LookAhead } from '../../../src/dispatch/ahead.ts'

function after(ahead: LookAhead, serviceMicros: number, count: number): LookAhead {
  for (let i = 0; i < count; i++) ahead.observe(serviceMicros)
  return ahead
}

test('nothing is sent ahead before anything is known', () => {
  equal(new LookAhead(-1).allowed, 0)
})

test('requests of microseconds are sent ahead in numbers, but not without bound', () => {
  const { allowed } = after(new LookAhead(-1), 10, 200)
  ok(allowed > 16 && allowed <= 64, `${allowed}`)
})

test('what waits in a worker is a few milliseconds of work', () => {
  const { allowed } = after(new LookAhead(-1), 300, 200)
  ok(allowed * 300 <= 3_300 && allowed >= 1, `${allowed}`)
})

test('nothing is sent ahead of slow requests', () => {
  equal(after(new LookAhead(-1), 5_000, 20).allowed, 0)
})

test('requests of a millisecond or two are sent ahead only of a backlog', () => {
  const ahead = after(new LookAhead(-1), 1_500, 200)
  equal(ahead.allowed, 0)
  equal(ahead.allowedOfBacklog, 2)
  equal(after(new LookAhead(-1), 5_000, 200).allowedOfBacklog, 0)
  equal(after(new LookAhead(1), 1_500, 200).allowedOfBacklog, 1)
})

test('threads count: what many of them do in a few milliseconds may wait behind them', () => {
  const ahead = new LookAhead(-1)
  for (let i = 0; i < 200; i++) ahead.observe(10_000, 64)
  const eachMicros = 10_000 / 64
  ok(ahead.allowed * eachMicros >= 2_500 && ahead.allowed * eachMicros <= 3_500, `${ahead.allowed}`)
  for (let i = 0; i < 200; i++) ahead.observe(10_000, 4)
  equal(ahead.allowed, 0)
})

test('one slow request among fast ones is forgotten soon', () => {
  const ahead = after(new LookAhead(-1), 20, 200)
  ahead.observe(60_000_000)
  after(ahead, 20, 100)
  ok(ahead.allowed > 1, `${ahead.allowed}`)
})

test('the setting is the upper bound, and an unknown time changes nothing', () => {
  equal(after(new LookAhead(2), 10, 200).allowed, 2)
  equal(after(new LookAhead(0), 10, 200).allowed, 0)
  const ahead = after(new LookAhead(-1), 10, 200)
  const before = ahead.allowed
  ahead.observe(-1)
  equal(ahead.allowed, before)
})

test('another setting counts at once, and what was learned stays', () => {
  const ahead = after(new LookAhead(-1), 10, 200)
  ahead.adopt(3)
  equal(ahead.allowed, 3)
  ahead.adopt(-1)
  ahead.observe(10)
  ok(ahead.allowed > 16, `${ahead.allowed}`)
})

test('another setting lets nothing be sent ahead before anything is known', () => {
  const ahead = new LookAhead(0)
  ahead.adopt(-1)
  equal(ahead.allowed, 0)
})
