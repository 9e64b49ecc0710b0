import type { WrkFigures, wrk } from './load/wrk.ts'
import type { Figures } from './metrics.ts'
import type { Configuration, Folders, PeerName } from './peers.ts'
import type { Load, Scenario } from './scenarios.ts'
import type { Server } from './server.ts'

export interface Plan {
  readonly folders: Folders
  /** wrk's script. */
  readonly wrkScript: string
  /** Load in one round, and before it, in whole seconds. */
  readonly seconds: number
  readonly warmupSeconds: number
  /** Of what a scenario asks for in numbers and seconds of its own; below 1 in a smoke run. */
  readonly share: number
}

/** One round of one peer, as its kind of measurement sees it. */
export interface Bout<Kind extends Load['kind'] = Load['kind']> {
  readonly peer: PeerName
  readonly scenario: Scenario
  readonly load: Extract<Load, { kind: Kind }>
  readonly configuration: Configuration
  readonly plan: Plan
  /** Of an open load; 0 for the others. */
  readonly requestsPerSecond: number
  /** Started and checked. */
  readonly server: Server
  readonly isKeptAlive: boolean
  /** wrk with what the scenario asks for. Throws when an answer is an error, and when a kept connection breaks. */
  readonly wrk: (seconds: number) => Promise<WrkFigures>
}

export type Kind<Name extends Load['kind']> = (bout: Bout<Name>) => Promise<Figures>

export function wrkAsk(url: string, scenario: Scenario, seconds: number, plan: Plan): Parameters<typeof wrk>[0] {
  const { exchange, load, connections, loadCores: cores } = scenario
  const how = load.kind === 'closed' ? { pipeline: load.pipeline, closes: load.closes } : {}
  const { cookie, bodyBytes } = exchange
  return { url, cores, connections, seconds, script: plan.wrkScript, cookie, bodyBytes, ...how }
}
