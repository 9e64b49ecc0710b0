import { attempt, estimateSeconds } from './attempt.ts'
import type { Plan } from './bout.ts'
import { bestOf, GOALS } from './goals.ts'
import type { GridStore } from './grid.ts'
import type { measure } from './measure.ts'
import { compare, METRICS } from './metrics.ts'
import { type Configuration, MAINTAINED, PEERS, type PeerName } from './peers.ts'
import type { Progress } from './progress.ts'
import type { Failure, PeerResult, Round, ScenarioResult } from './results.ts'
import { type Scenario, type ScenarioName, scenarioOf } from './scenarios.ts'
import { configurationOf, offeredLoad } from './tune.ts'

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
  /** Ends whatever a round that hangs has started. */
  readonly abandon: () => void
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
const FEW = 3

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
