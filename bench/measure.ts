import { closed, count, footprint } from './kinds/closed.ts'
import { idle } from './kinds/idle.ts'
import { open, reload, respawn } from './kinds/open.ts'
import { slow } from './kinds/slow.ts'
import { start } from './kinds/start.ts'
import { type WrkFigures, wrk } from './load/wrk.ts'
import type { Figures } from './metrics.ts'
import type { Configuration, Folders, PeerName } from './peers.ts'
import type { Round } from './results.ts'
import type { Load, Scenario } from './scenarios.ts'
import { Server } from './server.ts'

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

const KINDS: { readonly [Name in Load['kind']]: Kind<Name> } = {
  closed,
  count,
  open,
  slow,
  idle,
  start,
  footprint,
  respawn,
  reload,
}

/** One round of one peer: start, check, warm up, measure, stop. Throws when the peer fails. */
export async function measure(
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  plan: Plan,
  requestsPerSecond = 0,
): Promise<Round> {
  const server = await Server.start(peer, scenario, configuration, plan.folders)
  try {
    const isKeptAlive = await server.check()
    const bout: Bout = {
      ...{ peer, scenario, load: scenario.load, configuration, plan, requestsPerSecond, server, isKeptAlive },
      wrk: (seconds) => strictly(server, scenario, seconds, isKeptAlive, plan),
    }
    const kind = KINDS[scenario.load.kind] as Kind<Load['kind']>
    return { figures: await kind(bout), isKeptAlive }
  } finally {
    await server.stop()
  }
}

async function strictly(
  server: Server,
  scenario: Scenario,
  seconds: number,
  isKeptAlive: boolean,
  plan: Plan,
): Promise<WrkFigures> {
  const found = await wrk(wrkAsk(server.url, scenario, seconds, plan))
  if (found.requests === 0) throw new Error('no request was answered')
  if (found.status > 0) throw new Error(`${found.status} of ${found.requests} answers were errors`)
  if (isKeptAlive && scenario.load.kind === 'closed' && !scenario.load.closes && found.socket > 0)
    throw new Error(`${found.socket} connections broke`)
  return found
}

export function wrkAsk(url: string, scenario: Scenario, seconds: number, plan: Plan): Parameters<typeof wrk>[0] {
  const { exchange, load, connections, loadCores: cores } = scenario
  const how = load.kind === 'closed' ? { pipeline: load.pipeline, closes: load.closes } : {}
  const { cookie, bodyBytes } = exchange
  return { url, cores, connections, seconds, script: plan.wrkScript, cookie, bodyBytes, ...how }
}
