import type { Plan } from './bout.ts'
import type { Contest } from './contest.ts'
import { METRICS } from './metrics.ts'
import { type Configuration, configurationText, type PeerName } from './peers.ts'
import type { Failure, Round } from './results.ts'
import type { Scenario } from './scenarios.ts'

const ROUND_LIMIT_SECONDS = 180

/** One round, or why there is none; both are said. */
export async function attempt(
  turn: string,
  peer: PeerName,
  scenario: Scenario,
  configuration: Configuration,
  { plan, measure, abandon, say, progress }: Contest,
  requestsPerSecond: number,
): Promise<Round | Failure> {
  const how = configurationText(configuration)
  const label = `  ${turn.padEnd(5)} ${peer.padEnd(17)} ${how.padEnd(32)}`
  try {
    const round = await inTime(measure(peer, scenario, configuration, plan, requestsPerSecond), abandon)
    progress.did(estimateSeconds(scenario, plan))
    say(`${label} ${figuresText(round, scenario)} [${progress.text}]`)
    return round
  } catch (error) {
    // Of a command that failed, what it said last.
    const reason = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1)!
    progress.did(estimateSeconds(scenario, plan))
    say(`${label} failed: ${reason} [${progress.text}]`)
    return { peer, reason: `${how}: ${reason}` }
  }
}

/** Nothing may hold up the whole run, nor go on beside what is measured next. */
async function inTime<T>(promise: Promise<T>, abandon: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      abandon()
      fail(new Error(`no end within ${ROUND_LIMIT_SECONDS} s`))
    }, ROUND_LIMIT_SECONDS * 1000)
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
      return (
        around +
        (warmupSeconds && Math.max(warmupSeconds, load.leastWarmupSeconds ?? 0)) +
        Math.max(seconds, share < 1 ? 0 : (load.leastSeconds ?? 0))
      )
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
