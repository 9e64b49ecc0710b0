import { compare, METRICS, type MetricName } from './metrics.ts'
import { MAINTAINED, type PeerName } from './peers.ts'
import { medianOf, type ScenarioResult } from './results.ts'
import type { ScenarioName } from './scenarios.ts'

/** What dram is to reach in a scenario. */
export interface Goal {
  readonly what: string
  readonly scenario: ScenarioName
  readonly metric: MetricName
  /** Whose median dram's is divided by: the best of these. Null: dram's own median is judged as it is. */
  readonly against: { readonly name: string; readonly peers: readonly PeerName[] } | null
  readonly atLeast: number
  /** What is aimed at; null where the least is all that is asked for. */
  readonly aim: number | null
  /** Where the aim isn't a ratio: dram's own median. */
  readonly isAimAbsolute?: boolean
}

export type Verdict = 'aim reached' | 'met' | 'missed' | 'not measured'

export interface Judgement {
  readonly goal: Goal
  /** The peer that was compared with. */
  readonly peer: PeerName | null
  /** The ratio, or the figure itself; null when something is missing. */
  readonly found: number | null
  /** dram's own median. */
  readonly own: number | null
  readonly verdict: Verdict
}

const BEST = { name: 'the best maintained peer', peers: MAINTAINED } as const
const GRANIAN = { name: 'granian', peers: ['granian'] } as const
const BJOERN = { name: 'bjoern', peers: ['bjoern'] } as const
const WAITRESS = { name: 'waitress', peers: ['waitress'] } as const
const GTHREAD = { name: 'gunicorn gthread', peers: ['gunicorn-gthread'] } as const
const GUNICORN = { name: 'gunicorn', peers: ['gunicorn-sync', 'gunicorn-gthread'] } as const
const KEEPING = {
  name: 'the best peer that keeps connections, with as many workers',
  peers: ['granian', 'gunicorn-gthread', 'bjoern'],
} as const

export const GOALS: readonly Goal[] = [
  { what: 'Flask hello', scenario: 'flask', metric: 'rate', against: BEST, atLeast: 1.3, aim: 1.6 },
  { what: 'Flask hello', scenario: 'flask', metric: 'rate', against: BJOERN, atLeast: 0.85, aim: 1 },
  { what: 'Flask JSON', scenario: 'flask-json', metric: 'rate', against: BEST, atLeast: 1.3, aim: 1.6 },
  { what: 'Flask JSON', scenario: 'flask-json', metric: 'rate', against: BJOERN, atLeast: 0.85, aim: 1 },
  { what: 'Django page', scenario: 'django', metric: 'rate', against: BEST, atLeast: 1.1, aim: 1.2 },
  { what: 'Django page', scenario: 'django', metric: 'rate', against: BJOERN, atLeast: 0.95, aim: 1 },
  {
    what: 'Django page, p99 at equal offered load',
    scenario: 'django-paced',
    metric: 'p99',
    against: BEST,
    atLeast: 1,
    aim: 0.5,
  },
  { what: 'hello, one core', scenario: 'hello', metric: 'rate', against: GRANIAN, atLeast: 1, aim: 1.3 },
  { what: 'hello, one core', scenario: 'hello', metric: 'rate', against: BJOERN, atLeast: 0.6, aim: 0.8 },
  { what: 'hello, cores free', scenario: 'hello-free', metric: 'rate', against: GRANIAN, atLeast: 1, aim: 1.3 },
  { what: 'hello, cores free', scenario: 'hello-free', metric: 'rate', against: BJOERN, atLeast: 0.6, aim: 0.8 },
  { what: 'CPU per request, Flask', scenario: 'flask', metric: 'cpu', against: GRANIAN, atLeast: 0.9, aim: 0.8 },
  { what: 'CPU per request, Flask', scenario: 'flask', metric: 'cpu', against: BJOERN, atLeast: 1.2, aim: 1.05 },
  { what: 'mixed, p99 of the fast', scenario: 'mixed', metric: 'p99', against: KEEPING, atLeast: 1, aim: 1 / 3 },
  {
    what: '64 threads that sleep for 10 ms',
    scenario: 'sleep',
    metric: 'rate',
    against: GRANIAN,
    atLeast: 1,
    aim: 6400,
    isAimAbsolute: true,
  },
  {
    what: '64 threads that sleep for 10 ms',
    scenario: 'sleep',
    metric: 'rate',
    against: GTHREAD,
    atLeast: 1,
    aim: 6400,
    isAimAbsolute: true,
  },
  {
    what: 'slow readers: % kept of its own normal',
    scenario: 'slow-readers',
    metric: 'kept',
    against: null,
    atLeast: 95,
    aim: 100,
  },
  { what: '1 MiB out', scenario: 'out-1m', metric: 'rate', against: BEST, atLeast: 0.5, aim: 1 },
  { what: '1 MiB out, Gbit/s', scenario: 'out-1m', metric: 'gbit', against: null, atLeast: 10, aim: null },
  { what: '100 MiB in', scenario: 'in-100m', metric: 'rate', against: BEST, atLeast: 0.5, aim: 1 },
  { what: '100 MiB in, Gbit/s', scenario: 'in-100m', metric: 'gbit', against: null, atLeast: 10, aim: null },
  { what: '1 MiB file', scenario: 'file-1m', metric: 'rate', against: GUNICORN, atLeast: 0.6, aim: 1 },
  { what: '100 MiB file', scenario: 'file-100m', metric: 'rate', against: GUNICORN, atLeast: 0.6, aim: 1 },
  {
    what: 'cold start to the first answer',
    scenario: 'start',
    metric: 'startMs',
    against: GUNICORN,
    atLeast: 1.4,
    aim: 1,
  },
  {
    what: 'memory of the Pythons, four workers',
    scenario: 'footprint',
    metric: 'pssPython',
    against: GUNICORN,
    atLeast: 0.75,
    aim: 0.5,
  },
  { what: 'an idle connection', scenario: 'idle', metric: 'idleBytes', against: WAITRESS, atLeast: 1, aim: null },
  { what: 'an idle connection', scenario: 'idle', metric: 'idleBytes', against: GRANIAN, atLeast: 1, aim: null },
]

export function judgeAll(results: readonly ScenarioResult[], goals: readonly Goal[] = GOALS): Judgement[] {
  return goals.map((goal) => {
    const result = results.find(({ scenario }) => scenario === goal.scenario)
    return result ? judge(goal, result) : missing(goal)
  })
}

export function judge(goal: Goal, result: ScenarioResult): Judgement {
  const own = medianOf(result, 'dram', goal.metric)
  if (own === null) return missing(goal)
  if (!goal.against) return { goal, peer: null, found: own, own, verdict: verdictOf(goal, own, own) }
  const best = bestOf(result, goal.against.peers, goal.metric)
  if (!best) return { ...missing(goal), own }
  // Times and bytes can be nought; then there is nothing to divide by.
  if (best.value === 0) return { ...missing(goal), own, peer: best.peer }
  const found = own / best.value
  return { goal, peer: best.peer, found, own, verdict: verdictOf(goal, found, own) }
}

/** The best median among these peers; null when none of them was measured. */
export function bestOf(
  result: ScenarioResult,
  peers: readonly PeerName[],
  metric: MetricName,
): { peer: PeerName; value: number } | null {
  let best: { peer: PeerName; value: number } | null = null
  for (const peer of peers) {
    const value = medianOf(result, peer, metric)
    if (value !== null && (!best || compare(metric, value, best.value) > 0)) best = { peer, value }
  }
  return best
}

/** `≥ 1.30` or `≤ 0.90`. */
export function boundText({ metric }: Goal, bound: number): string {
  const digits = bound >= 10 ? 0 : 2
  return `${METRICS[metric].better === 'more' ? '≥' : '≤'} ${bound.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}

function verdictOf(goal: Goal, found: number, own: number): Verdict {
  const reaches = (value: number, bound: number) => compare(goal.metric, value, bound) >= 0
  if (!reaches(found, goal.atLeast)) return 'missed'
  const aimed = goal.isAimAbsolute ? own : found
  return goal.aim === null || reaches(aimed, goal.aim) ? 'aim reached' : 'met'
}

function missing(goal: Goal): Judgement {
  return { goal, peer: null, found: null, own: null, verdict: 'not measured' }
}
