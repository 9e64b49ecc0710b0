import type { End } from '../events/ends.ts'
import type { SupervisorSettings } from './settings.ts'

/** When one worker is to be replaced; Infinity: never. */
export interface Limits {
  readonly requests: number
  readonly ageMs: number
  readonly memoryBytes: number
  readonly leastMs: number
}

/** What counts against them. */
export interface Wear {
  /** Since it was ready. */
  readonly servedMs: number
  readonly answered: number
  /** PSS or RSS, as the settings say; 0: not known. */
  readonly memoryBytes: number
}

type LimitSettings = Pick<
  SupervisorSettings,
  | 'maxRequests'
  | 'maxRequestsJitter'
  | 'maxWorkerAgeMs'
  | 'maxWorkerMemoryBytes'
  | 'recycleJitter'
  | 'minWorkerLifetimeMs'
>

/**
 * The limits of one worker. The percentage only ever takes away: what is called a maximum stays one.
 *
 * @param random 0 … 1
 */
export function limitsOf(settings: LimitSettings, random: () => number): Limits {
  const own = (limit: number) => (limit === 0 ? Infinity : limit * (1 - (settings.recycleJitter / 100) * random()))
  const { maxRequests, maxRequestsJitter } = settings
  const added = maxRequestsJitter === null || maxRequests === 0 ? null : Math.floor(random() * (maxRequestsJitter + 1))
  return {
    requests: added === null ? Math.ceil(own(maxRequests)) : maxRequests + added,
    ageMs: own(settings.maxWorkerAgeMs),
    memoryBytes: own(settings.maxWorkerMemoryBytes),
    leastMs: settings.minWorkerLifetimeMs,
  }
}

/** Which limit a worker has reached; null: none. */
export function reached(limits: Limits, wear: Wear): Extract<End, 'requests' | 'age' | 'memory'> | null {
  if (wear.servedMs < limits.leastMs) return null
  if (wear.answered >= limits.requests) return 'requests'
  if (wear.servedMs >= limits.ageMs) return 'age'
  return wear.memoryBytes > limits.memoryBytes ? 'memory' : null
}

/** So many of `wanted` workers may be waiting for their replacement at one time. */
export function mostAtOnce(wanted: number): number {
  return Math.max(1, Math.floor(wanted / 4))
}
