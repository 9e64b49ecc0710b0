import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { bestOf, boundText, GOALS, type Goal, judge, judgeAll } from '../../../bench/goals.ts'
import { MAINTAINED, type PeerName } from '../../../bench/peers.ts'
import { DEFAULT_NAMES, SCENARIOS } from '../../../bench/scenarios.ts'
import { result } from './support.ts'

const RATE: Goal = {
  what: 'Flask',
  scenario: 'flask',
  metric: 'rate',
  against: { name: 'best', peers: MAINTAINED },
  atLeast: 1.3,
  aim: 1.6,
}
const CPU: Goal = { ...RATE, metric: 'cpu', against: { name: 'granian', peers: ['granian'] }, atLeast: 0.9, aim: 0.8 }

const rates = (dram: number) =>
  result('flask', {
    dram: [{ rate: dram }],
    granian: [{ rate: 100 }],
    uwsgi: [{ rate: 90 }],
    fastwsgi: [{ rate: 999 }],
  })

test('a goal is missed below its bound, met at it, and its aim is reached at that', () => {
  deepEqual(
    [129, 130, 159, 160].map((rate) => judge(RATE, rates(rate)).verdict),
    ['missed', 'met', 'met', 'aim reached'],
  )
})

test('where less is better, the bound is an upper one', () => {
  const verdict = (cpu: number) => judge(CPU, result('flask', { dram: [{ cpu }], granian: [{ cpu: 100 }] })).verdict
  deepEqual([91, 90, 81, 80].map(verdict), ['missed', 'met', 'met', 'aim reached'])
})

test('the best maintained peer is compared with: one that nobody maintains is faster in vain', () => {
  const { peer, found } = judge(RATE, rates(150))
  equal(peer, 'granian')
  equal(found, 1.5)
})

test('the best has the most, or the least where less is better; the median counts', () => {
  const some = result('flask', {
    granian: [
      { rate: 1, cpu: 5 },
      { rate: 2, cpu: 6 },
      { rate: 300, cpu: 700 },
    ],
    uwsgi: [{ rate: 3, cpu: 9 }],
  })
  deepEqual(bestOf(some, ['granian', 'uwsgi'], 'rate'), { peer: 'uwsgi', value: 3 })
  deepEqual(bestOf(some, ['granian', 'uwsgi'], 'cpu'), { peer: 'granian', value: 6 })
  equal(bestOf(some, ['waitress'], 'rate'), null)
})

test('an absolute goal looks at dram alone', () => {
  const goal: Goal = { ...RATE, scenario: 'slow-readers', metric: 'kept', against: null, atLeast: 95, aim: 100 }
  const verdict = (kept: number) => judge(goal, result('slow-readers', { dram: [{ kept }] })).verdict
  deepEqual([94.9, 95, 100].map(verdict), ['missed', 'met', 'aim reached'])
})

test('an aim can be a figure of its own beside a ratio', () => {
  const goal: Goal = { ...RATE, scenario: 'sleep', atLeast: 1, aim: 6400, isAimAbsolute: true }
  const verdict = (rate: number, peer: number) =>
    judge(goal, result('sleep', { dram: [{ rate }], granian: [{ rate: peer }] })).verdict
  equal(verdict(6000, 6100), 'missed')
  equal(verdict(6300, 6100), 'met')
  equal(verdict(6400, 6100), 'aim reached')
})

test('what was not measured is said to be so, and never met', () => {
  equal(judge(RATE, result('flask', { granian: [{ rate: 1 }] })).verdict, 'not measured')
  equal(judge(RATE, result('flask', { dram: [{ rate: 1 }] })).verdict, 'not measured')
  ok(judgeAll([]).every(({ verdict, found }) => verdict === 'not measured' && found === null))
})

test('a default run measures whatever a goal needs', () => {
  for (const { scenario, metric, against } of GOALS) {
    const { peers, metrics } = SCENARIOS[scenario]
    ok(DEFAULT_NAMES.includes(scenario), scenario)
    ok((metrics as readonly string[]).includes(metric), `${scenario} shows ${metric}`)
    const missing = (against?.peers ?? []).filter((peer) => !(peers as readonly PeerName[]).includes(peer))
    // Against gunicorn's start and memory one of its two kinds of worker will do.
    deepEqual(
      missing.filter((peer) => peer !== 'gunicorn-gthread'),
      [],
      scenario,
    )
  }
})

test('every aim lies beyond its bound', () => {
  for (const { atLeast, aim, metric, isAimAbsolute, what } of GOALS)
    if (aim !== null && !isAimAbsolute)
      ok(['cpu', 'p99', 'startMs', 'pssPython'].includes(metric) ? aim < atLeast : aim > atLeast, what)
})

test('a bound reads as what it is', () => {
  equal(boundText(RATE, 1.3), '≥ 1.30')
  equal(boundText(CPU, 0.9), '≤ 0.90')
  equal(boundText(RATE, 6400), '≥ 6,400')
})
