import { attempt, estimateSeconds } from './attempt.ts'
import type { Contest } from './contest.ts'
import { bestOf } from './goals.ts'
import { compare } from './metrics.ts'
import { type Configuration, MAINTAINED, PEERS, type PeerName } from './peers.ts'
import type { Failure } from './results.ts'
import { type Scenario, type ScenarioName, scenarioOf } from './scenarios.ts'

/** A trial of a grid's row. */
const TRIAL = { seconds: 2, warmupSeconds: 1 } as const

/** What is kept, or the row of the peer's grid that does best in a trial. */
export async function configurationOf(peer: PeerName, contest: Contest): Promise<Configuration | Failure> {
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
export async function offeredLoad({ load }: Scenario, contest: Contest): Promise<number> {
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
