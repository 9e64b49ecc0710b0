import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Contest, hold } from '../../../bench/contest.ts'
import { GridStore } from '../../../bench/grid.ts'
import type { Figures } from '../../../bench/metrics.ts'
import type { Configuration, PeerName } from '../../../bench/peers.ts'
import { Progress } from '../../../bench/progress.ts'
import type { ScenarioResult } from '../../../bench/results.ts'
import { atEnd } from '../../kit/ends.ts'
import { result } from './support.ts'

type Answer = (peer: PeerName, configuration: Configuration, requestsPerSecond: number) => Figures

/** A contest in which nothing runs: `answer` says what each round finds, or throws. */
function contest(t: TestContext, answer: Answer, more: Partial<Contest> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const made: string[] = []
  const said: string[] = []
  const kept: ScenarioResult[] = []
  const whole: Contest = {
    scenario: 'flask',
    peers: ['dram', 'granian', 'bjoern'],
    rounds: 3,
    isTuned: false,
    isFresh: false,
    isBrief: true,
    plan: {
      folders: { apps: '', data: '', servers: '', bin: '', dram: [], beside: [] },
      ...{ wrkScript: '', seconds: 1, warmupSeconds: 0, share: 1 },
    },
    measure: async (peer, _scenario, configuration, _plan, requestsPerSecond = 0) => {
      made.push(`${peer} ${configuration.workers}×${configuration.threads}`)
      return { figures: answer(peer, configuration, requestsPerSecond), isKeptAlive: true }
    },
    abandon: () => made.push('abandoned'),
    grid: new GridStore(join(folder, 'grid.json'), 'here'),
    version: () => '1',
    earlier: [],
    progress: new Progress(100, () => 0),
    say: (line) => said.push(line),
    keep: (now) => kept.push(now),
    ...more,
  }
  return { contest: whole, made, said, kept }
}

const roundsOf = ({ peers }: ScenarioResult) => Object.fromEntries(peers.map((row) => [row.peer, row.rounds.length]))

test('the peers take turns', async (t) => {
  const { contest: one, made } = contest(t, () => ({ rate: 1 }), { rounds: 2 })
  await hold(one)
  deepEqual(made, ['dram 2×1', 'granian 2×1', 'bjoern 2×1', 'dram 2×1', 'granian 2×1', 'bjoern 2×1'])
})

test('a round that fails is done again, and said; who fails twice is out, and the others go on', async (t) => {
  let bad = 0
  const answer: Answer = (peer) => {
    if (peer === 'bjoern') throw new Error('it fell')
    if (peer === 'dram' && bad++ === 1) throw new Error('it stumbled')
    return { rate: 1 }
  }
  const { contest: one, said } = contest(t, answer)
  const found = await hold(one)
  deepEqual(roundsOf(found), { dram: 3, granian: 3 })
  deepEqual(found.failures, [{ peer: 'bjoern', reason: '2w × 1t: it fell' }])
  deepEqual(
    found.again.map(({ peer }) => peer),
    ['bjoern', 'dram'],
  )
  ok(said.some((line) => line.includes('failed: it stumbled')))
})

test('a peer that is not installed is left out', async (t) => {
  const { contest: one } = contest(t, () => ({ rate: 1 }), { version: (name) => (name === 'bjoern' ? undefined : '1') })
  deepEqual((await hold(one)).failures, [{ peer: 'bjoern', reason: 'it is not installed' }])
})

test('who is far behind and named by no goal is measured once; with every round asked for, as often as all', async (t) => {
  const answer: Answer = (peer) => ({
    rate: { granian: 100, uwsgi: 76, waitress: 74, bjoern: 1 }[peer as string] ?? 50,
  })
  const peers = ['dram', 'granian', 'uwsgi', 'waitress', 'bjoern'] as const
  const brief = await hold(contest(t, answer, { peers }).contest)
  deepEqual(roundsOf(brief), { dram: 3, granian: 3, uwsgi: 3, waitress: 1, bjoern: 3 })
  const all = await hold(contest(t, answer, { peers, isBrief: false }).contest)
  deepEqual(roundsOf(all), { dram: 3, granian: 3, uwsgi: 3, waitress: 3, bjoern: 3 })
})

test('the best row of a grid is run, and is found again without a trial', async (t) => {
  const answer: Answer = (peer, { workers, threads }) => ({ rate: peer === 'granian' ? workers * 10 + threads : 1 })
  const first = contest(t, answer, { isTuned: true, rounds: 1, peers: ['dram', 'granian'] })
  const { peers } = await hold(first.contest)
  deepEqual(first.made, ['granian 2×1', 'granian 2×2', 'granian 4×1', 'granian 4×2', 'dram 2×1', 'granian 4×2'])
  deepEqual(peers[1]?.configuration, { workers: 4, threads: 2, options: [] })
  first.made.length = 0
  await hold(first.contest)
  deepEqual(first.made, ['dram 2×1', 'granian 4×2'])
  first.made.length = 0
  await hold({ ...first.contest, isFresh: true })
  equal(first.made.length, 6)
})

test('a row of a grid that does not run is passed over; a peer of which none runs is out', async (t) => {
  const answer: Answer = (peer, { workers }) => {
    if (peer === 'bjoern' || (peer === 'granian' && workers === 4)) throw new Error('no')
    return { rate: 1 }
  }
  const found = await hold(contest(t, answer, { isTuned: true, rounds: 1 }).contest)
  deepEqual(roundsOf(found), { dram: 1, granian: 1 })
  equal(found.failures[0]?.peer, 'bjoern')
})

test('the load that is the same for all is half of what the best maintained peer did before', async (t) => {
  const offered: number[] = []
  const answer: Answer = (_peer, _configuration, requestsPerSecond) => {
    offered.push(requestsPerSecond)
    return { p99: 1 }
  }
  const earlier = [result('django', { dram: [{ rate: 9000 }], granian: [{ rate: 800 }], bjoern: [{ rate: 5000 }] })]
  const found = await hold(contest(t, answer, { scenario: 'django-paced', earlier, rounds: 1 }).contest)
  deepEqual(offered, [400, 400, 400])
  equal(found.requestsPerSecond, 400)
})

test('where that was no part of the run, a trial finds it', async (t) => {
  const { contest: one, made } = contest(
    t,
    (peer, _configuration, requestsPerSecond) => ({ rate: peer === 'granian' ? 600 : 500, p99: requestsPerSecond }),
    { scenario: 'django-paced', rounds: 1 },
  )
  equal((await hold(one)).requestsPerSecond, 300)
  deepEqual(made, ['granian 2×1', 'dram 2×1', 'granian 2×1', 'bjoern 2×1'])
})

test('a round that hangs is ended, and the others go on', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { contest: one, made } = contest(t, () => ({ rate: 1 }), { rounds: 1 })
  const hanging: Contest = {
    ...one,
    measure: (peer, ...rest) => {
      if (peer !== 'granian') return one.measure(peer, ...rest)
      setImmediate(() => t.mock.timers.tick(200_000))
      return new Promise(() => {})
    },
  }
  const found = await hold(hanging)
  deepEqual(roundsOf(found), { dram: 1, bjoern: 1 })
  deepEqual(made, ['dram 2×1', 'abandoned', 'abandoned', 'bjoern 2×1'])
})

test('what there is by then is kept after each round', async (t) => {
  const { contest: one, kept } = contest(t, () => ({ rate: 1 }), { rounds: 2 })
  await hold(one)
  deepEqual(
    kept.map((now) => now.peers.reduce((sum, { rounds }) => sum + rounds.length, 0)),
    [1, 2, 3, 4, 5, 6],
  )
})

test('each round says how far the run is', async (t) => {
  const { contest: one, said } = contest(t, () => ({ rate: 1 }), { rounds: 1 })
  await hold(one)
  match(said.at(-1)!, /bjoern .* requests\/s 1 .* \[\d+ %, \d+ min left\]/)
})
