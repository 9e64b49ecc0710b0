import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { planDescriptors } from '../../../src/server/admission.ts'
import { Pace } from '../../../src/server/pace.ts'

test('bytes that stop are stalled after the stall time, and not before', () => {
  const pace = new Pace('write', 0, 5_000, 0)
  equal(pace.judge(100, 1_000), 'ok')
  equal(pace.judge(100, 5_999), 'ok')
  equal(pace.judge(100, 6_000), 'stalled')
})

test('bytes that trickle pass the stall time but not the least rate', () => {
  const pace = new Pace('write', 0, 5_000, 100)
  let verdict = 'ok'
  let second = 0
  while (verdict === 'ok') verdict = pace.judge(++second, second * 1_000)
  equal(verdict, 'slow')
  equal(second, 10)
})

test('a pause within the window can be made up for', () => {
  const pace = new Pace('write', 0, 30_000, 100)
  equal(pace.judge(0, 8_000), 'ok')
  equal(pace.judge(2_000, 10_000), 'ok')
})

test('no least rate: a trickle goes on for ever', () => {
  const pace = new Pace('write', 0, 5_000, 0)
  for (let second = 1; second < 100; second++) equal(pace.judge(second, second * 1_000), 'ok')
})

test('descriptors are shared out between clients and files', () => {
  const { maxConnections, maxSpoolFiles } = planDescriptors(1_000, 5, 4, 0)
  equal(maxConnections + maxSpoolFiles + 12 + 5 * 4, 1_000)
  equal(planDescriptors(1_000, 5, 4, 50).maxConnections, 50)
})

test('a rest that the stall time allows is not too slow', () => {
  const pace = new Pace('write', 0, 30_000, 240)
  equal(pace.judge(8_000, 1_000), 'ok')
  equal(pace.judge(8_000, 30_000), 'ok')
  equal(pace.judge(8_000, 31_000), 'stalled')
})

test('what moved before doesn’t count', () => {
  const pace = new Pace('write', 0, 5_000, 100, 1_000_000)
  equal(pace.judge(1_000_001, 4_000), 'ok')
  equal(pace.judge(1_000_002, 8_000), 'ok')
  equal(pace.judge(1_000_003, 10_000), 'slow')
})

test('time in which it is our turn counts for nothing', () => {
  const pace = new Pace('write', 0, 5_000, 100)
  equal(pace.judge(2_000, 1_000), 'ok')
  pace.rest(1_000)
  pace.rest(50_000)
  pace.goOn(100_000)
  equal(pace.judge(2_000, 103_999), 'ok')
  equal(pace.judge(2_000, 104_000 + 1_000), 'stalled')
})
