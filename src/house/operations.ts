import type { Operations, Status, WorkerStacks } from '../control/operations.ts'
import type { ReloadOutcome } from '../events/attendant.ts'
import type { RequestFacts, WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { withoutSecrets } from '../kit/secrets.ts'
import { oldestOfWorkers } from '../server/facts.ts'
import type { Settings } from '../settings/registry.ts'
import type { GenerationStatus, WorkerStatus } from '../supervisor/status.ts'
import { version } from './version.ts'

/** What the operations need of the server (server/server.ts). */
export interface OperatedServer {
  readonly ready: boolean
  readonly usage: {
    readonly connections: number
    readonly maxConnections: number
    readonly memoryBytes: number
    readonly queued: number
    readonly queueLimit: number
  }
  /** Fronts there are. */
  readonly count: number
  requests(): Promise<readonly RequestFacts[]>
  current(): Promise<readonly RequestFacts[]>
}

/** What they need of the supervisor (supervisor/supervisor.ts). */
export interface OperatedSupervisor {
  readonly wanted: number
  readonly workers: readonly WorkerStatus[]
  readonly generations: readonly GenerationStatus[]
  stacks(worker: number | null): Promise<readonly WorkerStacks[]>
  scale(workers: number): void
}

/** What they need of whoever runs both. */
export interface Operated {
  readonly clock: Clock
  readonly server: OperatedServer
  readonly supervisor: OperatedSupervisor
  /** As launch.ts has it. */
  readonly name: string
  /** The folder the server was started in. */
  readonly folder: string
  /** When it was started, on the clock. */
  readonly startedMs: number
  readonly state: Status['state']
  /** Those in force: others after a reload. */
  readonly settings: Settings
  /** What the application's first worker said; null: none has loaded it yet. */
  readonly facts: WorkerFacts | null
  /** Where it listens, as links. */
  readonly addresses: readonly string[]
  /** Faults: RELOAD_FAILED, RELOAD_CANCELLED, those of the settings. */
  reload(): Promise<ReloadOutcome>
  /** Faults: UPGRADE_REFUSED, UPGRADE_FAILED. */
  upgrade(): Promise<{ readonly pid: number }>
  stop(fast: boolean): void
  /** Faults: LOG_FILE. */
  reopenLogs(): void
  /** Prometheus' text format. */
  metrics(): Promise<string>
}

/** A fast stop ends within this time: processes are killed and their ends are waited for. */
const FAST_STOP_MS = 5_000

/** What operators can ask of this server, on top of its parts. Reloads by signals go through here, too, to be told of. */
export class ServerOperations implements Operations {
  readonly #operated: Operated
  #lastReload: { readonly ok: boolean; readonly text: string; readonly atMs: number } | null = null

  constructor(operated: Operated) {
    this.#operated = operated
  }

  get ready(): boolean {
    return this.#operated.state === 'serving' && this.#operated.server.ready
  }

  async status(): Promise<Status> {
    const { clock, server, supervisor, name, folder, startedMs, state, settings, facts, addresses } = this.#operated
    const { least, most } = settings.workers
    const { usage } = server
    const current = oldestOfWorkers(await server.current())
    return {
      name,
      version: version(),
      pid: process.pid,
      application: withoutSecrets(facts?.application ?? settings.app ?? ''),
      python: facts === null ? '' : `${facts.implementation} ${facts.python} (${facts.executable})`,
      folder,
      addresses,
      state,
      ready: this.ready,
      uptimeMs: clock.nowMs() - startedMs,
      fronts: server.count,
      workersWanted: { least, most, now: supervisor.wanted },
      generations: supervisor.generations,
      workers: supervisor.workers.map((worker) => ({ ...worker, current: current.get(worker.number) ?? null })),
      queue: { waiting: usage.queued, limit: usage.queueLimit },
      connections: { open: usage.connections, limit: usage.maxConnections },
      bodyMemoryBytes: usage.memoryBytes,
      frontRssBytes: process.memoryUsage.rss(),
      lastReload: this.#reloadStatus(),
    }
  }

  requests(): Promise<readonly RequestFacts[]> {
    return this.#operated.server.requests()
  }

  async stacks(worker: number | null): Promise<readonly WorkerStacks[]> {
    const { supervisor } = this.#operated
    if (worker !== null && !supervisor.workers.some(({ number }) => number === worker)) {
      throw new Fault('WORKER_UNKNOWN', { detail: worker })
    }
    return supervisor.stacks(worker)
  }

  async reload(): Promise<ReloadOutcome> {
    try {
      const outcome = await this.#operated.reload()
      this.#reloaded(true, `generation ${outcome.generation} in ${(outcome.tookMs / 1000).toFixed(2)} s`)
      return outcome
    } catch (error) {
      this.#reloaded(false, error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  /** None is kept only where `--workers` begins at 0. */
  scale(workers: number): void {
    const { settings, supervisor } = this.#operated
    if (workers < 1 && settings.workers.least > 0) {
      throw new Fault('CONTROL_REQUEST', { detail: 'at least one worker is needed, unless --workers begins at 0' })
    }
    supervisor.scale(workers)
  }

  stop(fast: boolean): { withinMs: number } {
    const { preStopDelayMs, gracefulTimeoutMs } = this.#operated.settings
    this.#operated.stop(fast)
    return { withinMs: fast ? FAST_STOP_MS : preStopDelayMs + gracefulTimeoutMs + FAST_STOP_MS }
  }

  upgrade(): Promise<{ readonly pid: number }> {
    return this.#operated.upgrade()
  }

  reopenLogs(): void {
    this.#operated.reopenLogs()
  }

  metrics(): Promise<string> {
    return this.#operated.metrics()
  }

  #reloaded(ok: boolean, text: string): void {
    this.#lastReload = { ok, text, atMs: this.#operated.clock.nowMs() }
  }

  #reloadStatus(): Status['lastReload'] {
    if (this.#lastReload === null) return null
    const { ok, text, atMs } = this.#lastReload
    return { ok, text, agoMs: this.#operated.clock.nowMs() - atMs }
  }
}
