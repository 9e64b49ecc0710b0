import { bestOf, GOALS } from './goals.ts'
import type { GridStore } from './grid.ts'
import type { measure, Plan } from './measure.ts'
import { compare, METRICS } from './metrics.ts'
import { type Configuration, configurationText, MAINTAINED, PEERS, type PeerName } from './peers.ts'
import type { Progress } from './progress.ts'
import type { Failure, PeerResult, Round, ScenarioResult } from './results.ts'
import { type Scenario, type ScenarioName, scenarioOf } from './scenarios.ts'

export interface Contest {
  readonly scenario: ScenarioName
  readonly peers: readonly PeerName[]
  readonly rounds: number
  /** False: what is kept of a peer's grid is taken, or else its first row. */
  readonly isTuned: boolean
  /** True: the grid is tried even where a choice is kept. */
  readonly isFresh: boolean
  /** True: who is far behind, or named by no goal where one round is enough, is measured once. */
  readonly isBrief: boolean
  readonly plan: Plan
  readonly measure: typeof measure
  readonly grid: GridStore
  /** Of an installed distribution; undefined when it isn't there. */
  readonly version: (distribution: string) => string | undefined
  readonly earlier: readonly ScenarioResult[]
  readonly progress: Progress
  readonly say: (line: string) => void
  /** After each round, with what there is by then. */
  readonly keep: (result: ScenarioResult) => void
}

/** Further rounds for those who do at least so well as this share of the best peer. */
const FAR_BEHIND = 0.75
/** A trial of a grid's row. */
const TRIAL = { seconds: 2, warmupSeconds: 1 } as const
const FEW = 3
const ROUND_LIMIT_SECONDS = 180

/** Finds each peer's configuration, then lets the peers take turns. One that fails is out, and the others go on. */
export async function hold(contest: Contest): Promise<ScenarioResult> {
  const scenario = scenarioOf(contest.scenario)
  contest.say(`\n${contest.scenario}: ${scenario.title}`)
  const failures = new Map<PeerName, Failure>()
  const again: Failure[] = []
  const contestants: (PeerResult & { rounds: Round[] })[] = []
  for (const peer of contest.peers) {
    const found = await configurationOf(peer, contest)
    if ('reason' in found) failures.set(peer, found)
    else contestants.push({ peer, configuration: found, rounds: [] })
  }
  const requestsPerSecond = contest.rounds > 0 ? await offeredLoad(scenario, contest) : 0
  const resultNow = (): ScenarioResult => ({
    scenario: contest.scenario,
    peers: contestants
      .filter(({ peer, rounds }) => !failures.has(peer) && rounds.length > 0)
      .map((row) => ({ ...row, rounds: [...row.rounds] })),
    failures: [...failures.values()],
    again,
    ...(requestsPerSecond ? { requestsPerSecond } : {}),
  })
  const estimate = estimateSeconds(scenario, contest.plan)
  for (let turn = 1; turn <= contest.rounds; turn++) {
    const soFar = resultNow()
    for (const contestant of contestants) {
      const { peer, configuration, rounds } = contestant
      if (failures.has(peer) || (contest.isBrief && turn > 1 && isDone(peer, scenario, soFar))) {
        contest.progress.add(-estimate)
        continue
      }
      const round = await twice(`${turn}/${contest.rounds}`, peer, scenario, configuration, contest, requestsPerSecond)
      again.push(...round.failures.slice(0, 1))
      if (round.found) rounds.push(round.found)
      else failures.set(peer, round.failures[1]!)
      contest.keep(resultNow())
    }
  }
  return resultNow()
}

/** Whether a round more would change nothing that is asked. */
function isDone(peer: PeerName, scenario: Scenario, soFar: ScenarioResult): boolean {
  if (PEERS[peer].distribution === null || isNamed(peer, soFar.scenario)) return false
  if (scenario.isOnceForPeers || !PEERS[peer].isMaintained) return true
  const [main] = scenario.metrics
  const best = bestOf(soFar, MAINTAINED, main)
  const own = bestOf(soFar, [peer], main)
  if (!best || !own) return false
  const bound = METRICS[main].better === 'more' ? best.value * FAR_BEHIND : best.value / FAR_BEHIND
  return compare(main, own.value, bound) < 0
}

/** A goal is about this peer by itself, or about one of a few. */
function isNamed(peer: PeerName, scenario: ScenarioName): boolean {
  return GOALS.some((goal) => {
    const peers = goal.scenario === scenario && goal.against ? goal.against.peers : []
    return peers.length <= FEW && peers.includes(peer)
  })
}

/** What is kept, or the row of the peer's grid that does best in a trial. */
async function configurationOf(peer: PeerName, contest: Contest): Promise<Configuration | Failure> {
  const { distribution, grid } = PEERS[peer]
  const version = distribution ? contest.version(distribution) : 'own'
  if (!version) return { peer, reason: 'it is not installed' }
  const { fixed, gridOf, workers } = scenarioOf(contest.scenario)
  if (fixed) return fixed
  const name = (gridOf ?? contest.scenario) as ScenarioName
  const trial = scenarioOf(name)
  const rows: readonly Configuration[] = grid(gridOf ? trial.workers : workers)
  if (rows.length === 1 || gridOf === null) return rows[0]!
  const kept = contest.grid.find(name, peer, version)
  if (kept && !contest.isFresh) return kept
  if (!contest.isTuned) return kept ?? rows[0]!
  const found = await bestRow(peer, trial, rows, contest)
  if (!('reason' in found)) contest.grid.keep(name, peer, version, found)
  return found
}

async function bestRow(
  peer: PeerName,
  trial: Scenario,
  rows: readonly Configuration[],
  contest: Contest,
): Promise<Configuration | Failure> {
  const plan = { ...contest.plan, ...TRIAL, share: Math.min(contest.plan.share, 0.5) }
  const requestsPerSecond = await offeredLoad(trial, contest)
  contest.progress.add(rows.length * estimateSeconds(trial, plan))
  let best: { configuration: Configuration; value: number } | null = null
  let failure: Failure | null = null
  const [main] = trial.metrics
  for (const configuration of rows) {
    const round = await attempt('grid', peer, trial, configuration, { ...contest, plan }, requestsPerSecond)
    const value = 'reason' in round ? undefined : round.figures[main]
    if ('reason' in round) failure = round
    else if (value !== undefined && (!best || compare(main, value, best.value) > 0)) best = { configuration, value }
  }
  return best?.configuration ?? failure ?? { peer, reason: 'its trials found nothing' }
}

/** Requests per second of an open load; 0 for other kinds. */
async function offeredLoad({ load }: Scenario, contest: Contest): Promise<number> {
  if (load.kind !== 'open') return 0
  const rate = load.requestsPerSecond
  if (typeof rate === 'number') return rate
  const known = contest.earlier.find(({ scenario }) => scenario === rate.in)
  const best = (known && bestOf(known, MAINTAINED, 'rate')?.value) ?? (await bestRate(rate.in, contest))
  const offered = Math.max(1, Math.round(best * rate.shareOfBest))
  contest.say(
    `  offered to each: ${offered} requests/s, ${rate.shareOfBest} of the best maintained peer's ${best.toFixed(0)}`,
  )
  return offered
}

/** Where the scenario it follows from is not part of the run: a trial of it. */
async function bestRate(name: ScenarioName, contest: Contest): Promise<number> {
  const rates: number[] = []
  const plan = { ...contest.plan, ...TRIAL }
  const other: Contest = { ...contest, scenario: name, plan }
  for (const peer of contest.peers) {
    if (!MAINTAINED.includes(peer)) continue
    const configuration = await configurationOf(peer, other)
    if ('reason' in configuration) continue
    contest.progress.add(estimateSeconds(scenarioOf(name), plan))
    const round = await attempt('rate', peer, scenarioOf(name), configuration, other, 0)
    if (!('reason' in round)) rates.push(round.figures.rate ?? 0)
  }
  return rates.length ? Math.max(...rates) : 100
}

/** A round that fails is done again: a machine has its moments. */
async function twice(
  turn: string,
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  contest: Contest,
  requestsPerSecond: number,
): Promise<{ found: Round | null; failures: Failure[] }> {
  const failures: Failure[] = []
  while (failures.length < 2) {
    const round = await attempt(turn, peer, scenario, configuration, contest, requestsPerSecond)
    if (!('reason' in round)) return { found: round, failures }
    failures.push(round)
    contest.progress.add(estimateSeconds(scenario, contest.plan))
  }
  return { found: null, failures }
}

async function attempt(
  turn: string,
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  { plan, measure, say, progress }: Contest,
  requestsPerSecond: number,
): Promise<Round | Failure> {
  const how = configurationText(configuration)
  const label = `  ${turn.padEnd(5)} ${peer.padEnd(17)} ${how.padEnd(32)}`
  try {
    const round = await inTime(measure(peer, scenario, configuration, plan, requestsPerSecond))
    progress.did(estimateSeconds(scenario, plan))
    say(`${label} ${figuresText(round, scenario)} [${progress.text}]`)
    return round
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    progress.did(estimateSeconds(scenario, plan))
    say(`${label} failed: ${reason} [${progress.text}]`)
    return { peer, reason: `${how}: ${reason}` }
  }
}

/** Nothing may hold up the whole run. What hangs is ended by its own limits, or with the bench. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no end within ${ROUND_LIMIT_SECONDS} s`)), ROUND_LIMIT_SECONDS * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A guess, from what the rounds of each kind took. */
export function estimateSeconds({ load }: Scenario, { seconds, warmupSeconds, share }: Plan): number {
  const around = 1.5
  switch (load.kind) {
    case 'closed':
      return around + warmupSeconds + Math.max(seconds, share < 1 ? 0 : (load.leastSeconds ?? 0))
    case 'open':
    case 'respawn':
    case 'reload':
      return around + warmupSeconds + Math.max(1, load.seconds * share)
    case 'slow':
      return around + warmupSeconds + 3 * seconds + 6 * share
    case 'count':
      return around + 20 * share
    case 'idle':
      return around + warmupSeconds + 2 * share
    case 'start':
      return around + load.times * share
    case 'footprint':
      return around + 1 + seconds
  }
}

function figuresText({ figures }: Round, { metrics }: Scenario): string {
  return metrics.map((name) => `${METRICS[name].title} ${figures[name]?.toFixed(METRICS[name].digits)}`).join(' · ')
}
