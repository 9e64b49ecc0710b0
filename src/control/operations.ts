import type { ReloadOutcome } from '../events/attendant.ts'
import type { RequestFacts, ThreadStack } from '../events/worker.ts'
import type { GenerationStatus, WorkerStatus } from '../supervisor/status.ts'

/** All that `dram status` shows. Times in milliseconds, sizes in bytes. */
export interface Status {
  readonly name: string
  readonly version: string
  readonly pid: number
  readonly application: string
  /** "CPython 3.11.7 (/usr/bin/python3)" */
  readonly python: string
  /** The folder it was started in. */
  readonly folder: string
  readonly addresses: readonly string[]
  readonly state: 'starting' | 'serving' | 'stopping'
  readonly ready: boolean
  readonly uptimeMs: number
  readonly fronts: number
  readonly workersWanted: { readonly least: number; readonly most: number; readonly now: number }
  readonly generations: readonly GenerationStatus[]
  readonly workers: readonly (WorkerStatus & { readonly current: RequestFacts | null })[]
  readonly queue: { readonly waiting: number; readonly limit: number }
  readonly connections: { readonly open: number; readonly limit: number }
  readonly bodyMemoryBytes: number
  /** Resident set size of the front. */
  readonly frontRssBytes: number
  readonly lastReload: { readonly ok: boolean; readonly text: string; readonly agoMs: number } | null
}

export interface WorkerStacks {
  readonly number: number
  readonly pid: number
  /** Null: its control thread does not answer; see `dram stacks`. */
  readonly threads: readonly ThreadStack[] | null
}

/** What operators can ask of a running server: by its control socket, by signals. */
export interface Operations {
  status(): Promise<Status>
  requests(): Promise<readonly RequestFacts[]>
  /** @param worker number; null: all that serve or drain. Faults: WORKER_UNKNOWN. */
  stacks(worker: number | null): Promise<readonly WorkerStacks[]>
  /** Faults: RELOAD_FAILED with the reason and its traceback, RELOAD_CANCELLED, and those of the settings. */
  reload(): Promise<ReloadOutcome>
  /** Faults: CONTROL_REQUEST for a number that can't be. */
  scale(workers: number): void
  /** Begins the stop, and tells how long it may take, milliseconds. */
  stop(fast: boolean): { readonly withinMs: number }
  /** Replaces the whole server (SIGUSR2). Faults: UPGRADE_REFUSED, UPGRADE_FAILED. */
  upgrade(): Promise<{ readonly pid: number }>
  /** Faults: LOG_FILE for one that can't be; it is written to as before. */
  reopenLogs(): void
  /** Prometheus' text format. */
  metrics(): Promise<string>
  /** At least one worker can take requests (or none is wanted before the first request), and no stop is under way. */
  readonly ready: boolean
}
