import { measure, type Plan, type Round } from './measure.ts'
import { METRICS } from './metrics.ts'
import { type Configuration, configurationText, PEERS, type PeerName } from './peers.ts'
import type { Failure, PeerResult, ScenarioResult } from './report.ts'
import { SCENARIOS, type Scenario, type ScenarioName } from './scenarios.ts'

export interface Contest {
  readonly scenario: ScenarioName
  readonly peers: readonly PeerName[]
  readonly rounds: number
  /** False: every peer's first configuration is taken as it is. */
  readonly isTuned: boolean
  readonly plan: Plan
  readonly isInstalled: (distribution: string) => boolean
  readonly say: (line: string) => void
}

/** Finds each peer's configuration, then lets the peers take turns. One that fails is out, and the others go on. */
export async function hold(contest: Contest): Promise<ScenarioResult> {
  const scenario: Scenario = SCENARIOS[contest.scenario]
  contest.say(`\n${contest.scenario}: ${scenario.title}`)
  const failures = new Map<PeerName, Failure>()
  const contestants: (PeerResult & { rounds: Round[] })[] = []
  for (const peer of contest.peers) {
    const found = await configurationOf(peer, scenario, contest)
    if ('reason' in found) failures.set(peer, found)
    else contestants.push({ peer, configuration: found, rounds: [] })
  }
  for (let turn = 1; turn <= contest.rounds; turn++)
    for (const { peer, configuration, rounds } of contestants) {
      if (failures.has(peer)) continue
      const round = await attempt(`${turn}/${contest.rounds}`, peer, scenario, configuration, contest)
      if ('reason' in round) failures.set(peer, round)
      else rounds.push(round)
    }
  const peers = contestants.filter(({ peer }) => !failures.has(peer))
  return { scenario: contest.scenario, peers, failures: [...failures.values()] }
}

/** The row of the peer's grid that does best in one round. */
async function configurationOf(peer: PeerName, scenario: Scenario, contest: Contest): Promise<Configuration | Failure> {
  const { distribution, grid } = PEERS[peer]
  if (distribution && !contest.isInstalled(distribution)) return { peer, reason: 'it is not installed' }
  const rows: Configuration[] = grid(scenario.workers)
  if (rows.length === 1 || !scenario.isTuned || !contest.isTuned) return rows[0]!
  let best: { configuration: Configuration; score: number } | null = null
  let failure: Failure | null = null
  for (const configuration of rows) {
    const round = await attempt('grid', peer, scenario, configuration, contest)
    if ('reason' in round) failure = round
    else {
      const score = scoreOf(round, scenario)
      if (!best || score > best.score) best = { configuration, score }
    }
  }
  return best?.configuration ?? failure!
}

async function attempt(
  turn: string,
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  { plan, say }: Contest,
): Promise<Round | Failure> {
  const how = configurationText(configuration)
  const label = `  ${turn.padEnd(5)} ${peer.padEnd(17)} ${how.padEnd(32)}`
  try {
    const round = await measure(peer, scenario, configuration, plan)
    say(`${label} ${figuresText(round, scenario)}`)
    return round
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    say(`${label} failed: ${reason}`)
    return { peer, reason: `${how}: ${reason}` }
  }
}

/** More is better. */
function scoreOf({ figures }: Round, { metrics: [main] }: Scenario): number {
  const value = figures[main] ?? 0
  return METRICS[main].better === 'more' ? value : -value
}

function figuresText({ figures }: Round, { metrics }: Scenario): string {
  return metrics.map((name) => `${METRICS[name].title} ${figures[name]?.toFixed(METRICS[name].digits)}`).join(' · ')
}
