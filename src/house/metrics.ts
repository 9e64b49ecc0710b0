import type { AttachedWorker } from '../events/pool.ts'
import type { WorkerFacts } from '../events/worker.ts'
import { withoutSecrets } from '../kit/secrets.ts'
import type { Datagrams } from '../observe/datagrams.ts'
import type { Family } from '../observe/family.ts'
import { LOOP_LOOK_MS, LoopDelay } from '../observe/loopDelay.ts'
import { gather, type Labelled, type Sources } from '../observe/metrics.ts'
import { prometheusText } from '../observe/prometheus.ts'
import { PythonMetrics } from '../observe/pythonMetrics.ts'
import { RequestMetrics } from '../observe/requestMeter.ts'
import type { Usage } from '../server/server.ts'
import type { Settings } from '../settings/registry.ts'
import { type GenerationStatus, STATES, type WorkerStatus } from '../supervisor/status.ts'
import type { Counts } from './counts.ts'
import { classicTale, ownTale, StatsdPush, type StatsdSettings, type Tale } from './statsd.ts'

/** What the supervisor tells of its workers. */
export interface WorkersView {
  readonly workers: readonly WorkerStatus[]
  readonly generations: readonly GenerationStatus[]
  readonly wanted: number
  attachedOf(worker: number): Pick<AttachedWorker, 'metrics'> | null
}

/** Where the metrics are read from. */
export interface MetricParts {
  readonly settings: Pick<Settings, 'metricsMergePython'> & StatsdSettings
  readonly version: string
  /** Milliseconds since 1970. */
  readonly startedMs: number
  /** One for each front. */
  readonly meters: readonly RequestMetrics[]
  readonly counts: Counts
  /** Lines of the log by their level, and those with a traceback. */
  readonly logged: Readonly<Record<string, number>>
  /** The way to Unix sockets; null: none is needed. */
  readonly datagrams: Datagrams | null
  readonly supervisor: WorkersView
  usage(): Omit<Usage, 'serving'>
  ready(): boolean
  /** Of the first worker that was ready; null before. */
  facts(): WorkerFacts | null
  /** Resident set size of a process, bytes; null: it can't be read. */
  rssOf(pid: number): number | null
  warn(text: string): void
}

/** All metrics of a server: the page for Prometheus, and what StatsD is told. */
export class Metrics {
  readonly #parts: MetricParts
  readonly #delay = new LoopDelay(performance.now())
  readonly #python: PythonMetrics
  readonly #push: StatsdPush | null
  readonly #look: NodeJS.Timeout
  #asking: Promise<void> | null = null

  constructor(parts: MetricParts) {
    this.#parts = parts
    this.#python = new PythonMetrics(parts.warn)
    this.#look = setInterval(() => this.#delay.look(performance.now()), LOOP_LOOK_MS).unref()
    this.#push = StatsdPush.of(parts, this.#tale())
  }

  /** What StatsD is told next, again and again. */
  #tale(): Tale {
    return this.#parts.settings.statsdNames === 'classic' ? classicTale(this.#parts) : ownTale(() => this.families())
  }

  /** Ours alone, as they are now. */
  families(): Family[] {
    return gather(sourcesOf(this.#parts, this.#delay, this.#parts.usage()))
  }

  /** Prometheus' text format; with what the application counts where that is wanted. */
  async text(): Promise<string> {
    if (!this.#parts.settings.metricsMergePython) return prometheusText(this.families())
    await this.#askWorkers()
    return prometheusText([...this.families(), ...this.#python.families()])
  }

  /** What a worker has counted, told unasked: it is about to end. */
  heard(worker: number, text: string): void {
    this.#python.told(worker, text)
  }

  /** StatsD is told the last. */
  async close(): Promise<void> {
    clearInterval(this.#look)
    await this.#push?.close()
  }

  /** Whoever asks while the workers are being asked gets the same answers. */
  #askWorkers(): Promise<void> {
    this.#asking ??= this.#hearWorkers().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  /** Each answer is read when it comes: all at once would hold up the event loop. */
  async #hearWorkers(): Promise<void> {
    const { supervisor } = this.#parts
    await Promise.all(supervisor.workers.map(({ number }) => this.#hear(number)))
    this.#python.keepOnly(new Set(supervisor.workers.map(({ number }) => number)))
  }

  async #hear(worker: number): Promise<void> {
    const text = await this.#parts.supervisor.attachedOf(worker)?.metrics()
    if (text) this.#python.told(worker, text)
  }
}

/** `usage` is read once: it goes through all connections. */
function sourcesOf(parts: MetricParts, delay: LoopDelay, usage: Omit<Usage, 'serving'>): Sources {
  const { counts, supervisor } = parts
  const meter = RequestMetrics.sumOf(parts.meters)
  return {
    dram_up: () => 1,
    dram_info: () => infoOf(parts),
    dram_start_time_seconds: () => parts.startedMs / 1000,
    dram_ready: () => (parts.ready() ? 1 : 0),

    dram_requests_total: () => meter.requests(),
    dram_request_seconds: () => meter.latency,
    dram_queue_seconds: () => meter.queue,
    dram_application_seconds: () => meter.application,
    dram_body_wait_seconds: () => meter.bodyWait,
    dram_request_bytes_total: () => meter.bytesIn,
    dram_response_bytes_total: () => meter.bytesOut,

    dram_refused_total: () => counts.refused.read(),
    dram_failures_total: () => counts.failures.read(),
    dram_timeouts_total: () => counts.timeouts.read(),
    dram_client_aborts_total: () => counts.clientAborts,

    dram_queue_length: () => usage.queued,
    dram_queue_limit: () => usage.queueLimit,
    dram_requests_running: () => usage.running,
    dram_look_ahead: () => usage.lookAhead,

    dram_connections: () => usage.connections,
    dram_connections_limit: () => usage.maxConnections,
    dram_connections_total: () => usage.accepted,
    dram_connections_refused_total: () => counts.turnedAway.read(),
    dram_received_bytes_total: () => usage.bytesRead,
    dram_sent_bytes_total: () => usage.bytesWritten,

    dram_workers: () => byState(supervisor.workers),
    dram_workers_wanted: () => supervisor.wanted,
    dram_workers_ready_total: () => counts.workersReady,
    dram_worker_ends_total: () => labelled(counts.ends),
    dram_generation: () => currentOf(supervisor.generations),
    dram_reloads_total: () => labelled(counts.reloads),

    dram_process_resident_bytes: () => residentBytes(parts),
    dram_body_memory_bytes: () => usage.memoryBytes,
    dram_body_memory_limit_bytes: () => usage.memoryLimitBytes,
    dram_event_loop_delay_seconds: () => delay.histogram,
    dram_log_lines_lost_total: () => counts.linesLost,
  }
}

function infoOf({ version, facts }: MetricParts): Labelled[] {
  const known = facts()
  if (known === null) return [[[version, '', ''], 1]]
  return [[[version, `${known.implementation} ${known.python}`, withoutSecrets(known.application)], 1]]
}

function labelled(counts: ReadonlyMap<string, number>): Labelled[] {
  return Array.from(counts, ([label, count]) => [[label], count])
}

function byState(workers: readonly WorkerStatus[]): Labelled[] {
  return Object.keys(STATES).map((state) => [[state], workers.filter((worker) => worker.state === state).length])
}

/** Null: the first is still booting. */
function currentOf(generations: readonly GenerationStatus[]): number | null {
  return generations.find(({ state }) => state === 'current')?.number ?? null
}

function residentBytes({ supervisor, rssOf }: MetricParts): Labelled[] {
  const sum = (sizes: readonly (number | null)[]): number => sizes.reduce<number>((all, size) => all + (size ?? 0), 0)
  return [
    [['front'], process.memoryUsage.rss()],
    [['zygote'], sum(supervisor.generations.flatMap(({ forkerPids }) => forkerPids.map(rssOf)))],
    [['worker'], sum(supervisor.workers.map(({ rssBytes }) => rssBytes))],
  ]
}
