import type { ZygoteConfiguration } from './zygote.ts'

export interface WorkerRange {
  readonly least: number
  readonly most: number
}

/** What the supervisor is told by the settings; their help says what each means. 0 turns a limit off. */
export interface SupervisorSettings {
  readonly python: string
  readonly workers: WorkerRange
  readonly bootTimeoutMs: number
  readonly gracefulTimeoutMs: number
  readonly preload: 'auto' | 'always' | 'never'
  readonly reloadStrategy: 'all' | 'rolling'
  readonly maxRequests: number
  /** So many more at most, by chance; null: recycleJitter counts. */
  readonly maxRequestsJitter: number | null
  readonly maxWorkerAgeMs: number
  readonly maxWorkerMemoryBytes: number
  readonly workerMemoryMeasure: 'pss' | 'rss'
  /** Percent. */
  readonly recycleJitter: number
  readonly minWorkerLifetimeMs: number
  readonly memoryLimitBytes: number
  readonly workersMemoryBytes: number
  readonly zygote: ZygoteConfiguration
}
