import { type Bout, type Kind, type Plan, wrkAsk } from './bout.ts'
import { closed, count, footprint } from './kinds/closed.ts'
import { idle } from './kinds/idle.ts'
import { open, reload, respawn } from './kinds/open.ts'
import { slow } from './kinds/slow.ts'
import { start } from './kinds/start.ts'
import { type WrkFigures, wrk } from './load/wrk.ts'
import type { Configuration, PeerName } from './peers.ts'
import type { Round } from './results.ts'
import type { Load, Scenario } from './scenarios.ts'
import { Server } from './server.ts'

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
