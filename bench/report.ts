import type { Round } from './measure.ts'
import { METRICS, type MetricName, type Summary, summary } from './metrics.ts'
import { type Configuration, configurationText, PEERS, type PeerName } from './peers.ts'
import { type Goal, SCENARIOS, type ScenarioName } from './scenarios.ts'

/** One peer in one scenario. */
export interface PeerResult {
  readonly peer: PeerName
  readonly configuration: Configuration
  /** In their order; the same place in two peers' lists is the same turn. */
  readonly rounds: readonly Round[]
}

export interface Failure {
  readonly peer: PeerName
  readonly reason: string
}

export interface ScenarioResult {
  readonly scenario: ScenarioName
  readonly peers: readonly PeerResult[]
  readonly failures: readonly Failure[]
}

export interface Report {
  /** ISO 8601, UTC. */
  readonly began: string
  readonly isSmoke: boolean
  readonly machine: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  readonly method: Readonly<Record<string, number>>
  readonly results: readonly ScenarioResult[]
}

export function markdown(report: Report): string {
  const facts = Object.entries({ ...report.machine, ...report.versions }).map(
    ([name, value]) => `| ${name} | ${value} |`,
  )
  const { rounds, seconds, warmupSeconds } = report.method
  return [
    `# Bench, ${report.began.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    ...(report.isSmoke ? ['A smoke run: everything ran; the figures mean nothing.', ''] : []),
    `${rounds} rounds in which the servers take turns, each started anew, checked, warmed up for ${warmupSeconds} s and loaded for ${seconds} s. Figures are medians (least–most). How to read them: [README](../README.md).`,
    '',
    '| | |',
    '|-|-|',
    ...facts,
    '',
    ...report.results.flatMap(scenarioLines),
  ].join('\n')
}

export function scenarioLines(result: ScenarioResult): string[] {
  const { title, metrics, goals } = SCENARIOS[result.scenario]
  const dram = result.peers.find(({ peer }) => peer === 'dram')
  const columns = ['server', 'run as', 'keep-alive', ...metrics.map((name) => METRICS[name].title), `dram ÷ it`]
  return [
    `## ${result.scenario}`,
    `${title}.`,
    '',
    `| ${columns.join(' | ')} |`,
    `|-|-|-|${'-:|'.repeat(metrics.length + 1)}`,
    ...result.peers.map((row) => `| ${peerCells(row, metrics, dram).join(' | ')} |`),
    '',
    ...result.failures.map(({ peer, reason }) => `- ${peer} is left out: ${reason}`),
    ...goals.flatMap((goal: Goal) => goalLine(goal, result)),
    '',
  ]
}

function peerCells(row: PeerResult, metrics: readonly MetricName[], dram: PeerResult | undefined): string[] {
  const ratio = dram && row !== dram ? ratioText(dram, row, metrics[0]!) : ''
  return [
    row.peer,
    configurationText(row.configuration),
    row.rounds.every((round) => round.isKeptAlive) ? 'yes' : 'no',
    ...metrics.map((name) => rangeText(of(row, name), METRICS[name].digits)),
    ratio,
  ]
}

/** Of the medians, and in brackets the range of the turns, each with its neighbor. */
function ratioText(dram: PeerResult, other: PeerResult, name: MetricName): string {
  const theirs = values(other, name)
  const turns = values(dram, name).flatMap((value, at) => (theirs[at] ? [value / theirs[at]] : []))
  return rangeText({ ...summary(turns), median: of(dram, name).median / of(other, name).median }, 2)
}

function goalLine({ metric, against = [], atLeast, atMost }: Goal, { peers }: ScenarioResult): string[] {
  const dram = peers.find(({ peer }) => peer === 'dram')
  if (!dram) return []
  const { title, digits } = METRICS[metric]
  const own = of(dram, metric).median
  if (atMost !== undefined)
    return [`- Goal: ${title} at most ${atMost}. Found ${own.toFixed(digits)}: ${verdict(own <= atMost)}.`]
  return peers
    .filter(({ peer }) => against.includes(peer))
    .map((other) => {
      const ratio = own / of(other, metric).median
      return `- Goal: ${title} at least ${atLeast} × ${other.peer}. Found ${ratio.toFixed(2)}: ${verdict(ratio >= atLeast!)}.`
    })
}

const verdict = (isMet: boolean) => (isMet ? 'met' : '**missed**')

function values(row: PeerResult, name: MetricName): number[] {
  return row.rounds.flatMap(({ figures }) => figures[name] ?? [])
}

export function of(row: PeerResult, name: MetricName): Summary {
  return summary(values(row, name))
}

function rangeText({ median, least, most }: Summary, digits: number): string {
  const text = (value: number) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return least === most ? text(median) : `${text(median)} (${text(least)}–${text(most)})`
}

/** The distributions whose versions belong into the report. */
export function distributionsOf(results: readonly ScenarioResult[]): string[] {
  const peers = results.flatMap((result) => result.peers.map(({ peer }) => PEERS[peer].distribution))
  return [...new Set(peers.filter((name) => name !== null))].sort()
}
