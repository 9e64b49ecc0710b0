import type { Figures } from '../../../bench/metrics.ts'
import type { PeerName } from '../../../bench/peers.ts'
import type { PeerResult, Report, ScenarioResult } from '../../../bench/results.ts'
import type { ScenarioName } from '../../../bench/scenarios.ts'

/** Each peer with the figures of its rounds. */
export function result(
  scenario: ScenarioName,
  peers: Readonly<Partial<Record<PeerName, readonly Figures[]>>>,
  more: Partial<ScenarioResult> = {},
): ScenarioResult {
  const rows = Object.entries(peers).map(
    ([peer, rounds]): PeerResult => ({
      peer: peer as PeerName,
      configuration: { workers: 2, threads: 1 },
      rounds: rounds.map((figures) => ({ figures, isKeptAlive: true })),
    }),
  )
  return { scenario, peers: rows, failures: [], again: [], ...more }
}

export function report(results: readonly ScenarioResult[], more: Partial<Report> = {}): Report {
  return {
    began: '2026-01-02T03:04:05.678Z',
    isWhole: true,
    isSmoke: false,
    machine: { processor: 'one', cores: '2' },
    versions: { dram: '0.1.0 abc', Node: '20', Python: 'CPython 3.11', flask: '3', django: '5', granian: '2' },
    method: { rounds: 3, seconds: 3, warmupSeconds: 2 },
    results,
    ...more,
  }
}
