import { type Figures, type MetricName, type Summary, summary } from './metrics.ts'
import { type Configuration, PEERS, type PeerName } from './peers.ts'
import type { ScenarioName } from './scenarios.ts'

/** What a run leaves as JSON. */
export interface Report {
  /** ISO 8601, UTC. */
  readonly began: string
  /** False until all that was asked for was measured. */
  readonly isWhole: boolean
  readonly isSmoke: boolean
  readonly machine: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  readonly method: { readonly rounds: number; readonly seconds: number; readonly warmupSeconds: number }
  readonly results: readonly ScenarioResult[]
}

export interface ScenarioResult {
  readonly scenario: ScenarioName
  readonly peers: readonly PeerResult[]
  readonly failures: readonly Failure[]
  /** Rounds that failed, and were done again. */
  readonly again: readonly Failure[]
  /** The load that was offered, where the scenario sets one. */
  readonly requestsPerSecond?: number
}

/** One peer in one scenario. */
export interface PeerResult {
  readonly peer: PeerName
  readonly configuration: Configuration
  /** In their order; the same place in two peers' lists is the same turn. */
  readonly rounds: readonly Round[]
}

export interface Round {
  readonly figures: Figures
  readonly isKeptAlive: boolean
}

export interface Failure {
  readonly peer: PeerName
  readonly reason: string
}

export function rowOf(result: ScenarioResult, peer: PeerName): PeerResult | null {
  return result.peers.find((row) => row.peer === peer) ?? null
}

export function values(row: PeerResult, name: MetricName): number[] {
  return row.rounds.flatMap(({ figures }) => figures[name] ?? [])
}

/** Null when no round has that figure. */
export function summaryOf(row: PeerResult, name: MetricName): Summary | null {
  const found = values(row, name)
  return found.length ? summary(found) : null
}

export function medianOf(result: ScenarioResult, peer: PeerName, name: MetricName): number | null {
  const row = rowOf(result, peer)
  return row ? (summaryOf(row, name)?.median ?? null) : null
}

/** The distributions whose versions belong into the report. */
export function distributionsOf(results: readonly ScenarioResult[]): string[] {
  const peers = results.flatMap((result) => result.peers.map(({ peer }) => PEERS[peer].distribution))
  return [...new Set(peers.filter((name) => name !== null))].sort()
}
