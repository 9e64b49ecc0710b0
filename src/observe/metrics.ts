import type { FaultCode } from '../faults/table.ts'
import type { Family, Label, Sample } from './family.ts'
import type { Histogram } from './histogram.ts'

/** One metric. The row is its line in docs/metrics.md and its HELP text. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

function counter<const L extends readonly string[] = readonly []>(help: string, ...labels: L) {
  return { type: 'counter', help, labels } as const
}

function gauge<const L extends readonly string[] = readonly []>(help: string, ...labels: L) {
  return { type: 'gauge', help, labels } as const
}

function histogram(help: string) {
  return { type: 'histogram', help, labels: [] } as const
}

/**
 * All metrics of ours, named by the conventions of Prometheus: base units, `_total` for counters. Dashboards and alerts
 * hang on the names and labels: never renamed, never reused.
 */
export const METRICS = {
  dram_up: gauge('1: the server runs.'),
  dram_info: gauge('1; its labels say what runs.', 'version', 'python', 'application'),
  dram_start_time_seconds: gauge('When the server was started, in seconds since 1970.'),
  dram_ready: gauge('1: requests can be taken, as /-/ready says; 0: not.'),

  dram_requests_total: counter(
    'Requests that were answered, by method (other: none of the standard) and class of status (none: the connection ended before).',
    'method',
    'status',
  ),
  dram_request_seconds: histogram("From a request's head to the last byte of its answer."),
  dram_queue_seconds: histogram('Time of requests in the queue before a worker.'),
  dram_application_seconds: histogram('Time of requests in the application, as their workers measured it.'),
  dram_body_wait_seconds: histogram("From a request's head to the end of its body, for those that have one."),
  dram_request_bytes_total: counter('Bytes of the bodies of requests.'),
  dram_response_bytes_total: counter('Bytes of the bodies of answers.'),

  dram_refused_total: counter(
    'Requests that were refused before they came to the queue, by the code of docs/faults.md.',
    'code',
  ),
  dram_failures_total: counter(
    'Requests that failed in the application, in its worker, or for want of one, by the code of docs/faults.md; those over a time limit are in dram_timeouts_total.',
    'code',
  ),
  dram_timeouts_total: counter('Requests over --timeout or --stream-timeout, by the code of docs/faults.md.', 'code'),
  dram_client_aborts_total: counter('Clients that left before their answer was whole.'),

  dram_queue_length: gauge('Requests that wait for a worker.'),
  dram_queue_limit: gauge('How many may wait: --queue.'),
  dram_requests_running: gauge('Requests that workers have and have not answered.'),
  dram_look_ahead: gauge('How many requests a worker may be sent beyond those it runs.'),

  dram_connections: gauge('Open connections of clients.'),
  dram_connections_limit: gauge('How many may be open: --max-connections, or what the open descriptors allow.'),
  dram_connections_total: counter('Connections that were accepted.'),
  dram_connections_refused_total: counter('Clients that were turned away, by the code of docs/faults.md.', 'code'),
  dram_received_bytes_total: counter('Bytes that came from clients, with heads and framing.'),
  dram_sent_bytes_total: counter('Bytes that went to clients, with heads and framing.'),

  dram_workers: gauge('Workers by state (docs/lifecycle.md).', 'state'),
  dram_workers_wanted: gauge('How many workers there should be.'),
  dram_workers_ready_total: counter('Workers that became ready.'),
  dram_worker_ends_total: counter('Workers that ended, by reason (docs/lifecycle.md).', 'reason'),
  dram_generation: gauge('Number of the generation that serves; one higher with every reload.'),
  dram_reloads_total: counter('Reloads by result: ok, failed, cancelled.', 'result'),

  dram_process_resident_bytes: gauge(
    'Resident memory of the front, of the zygotes, of the workers together (what they share counts for each).',
    'process',
  ),
  dram_body_memory_bytes: gauge('Memory that buffered bodies take, both ways.'),
  dram_body_memory_limit_bytes: gauge('How much it may be: --body-memory.'),
  dram_event_loop_delay_seconds: histogram(
    "How late the front's event loop is, looked at every 50 ms; a pause counts as often as it would have been looked at.",
  ),
  dram_log_lines_lost_total: counter('Lines of the logs that were dropped because nobody took them in.'),
} as const satisfies Record<string, MetricRow>

export type MetricName = keyof typeof METRICS

/** Values of the labels, in the order of the row, and what they count. */
export type Labelled = readonly [values: readonly string[], value: number]

type Reading<R extends MetricRow> = R['type'] extends 'histogram'
  ? Histogram
  : R['labels'] extends readonly []
    ? number | null
    : Iterable<Labelled>

/** Where each is read. Null: it can't be told now, and is left out. */
export type Sources = { readonly [K in MetricName]: () => Reading<(typeof METRICS)[K]> }

/** All metrics as they are now, in the order of the table. */
export function gather(sources: Sources): Family[] {
  return (Object.keys(METRICS) as MetricName[]).map((name) => {
    const row: MetricRow = METRICS[name]
    return { name, type: row.type, help: row.help, samples: samplesOf(row, sources[name]()) }
  })
}

function samplesOf(row: MetricRow, reading: Histogram | number | null | Iterable<Labelled>): Sample[] {
  if (reading === null) return []
  if (typeof reading === 'number') return [{ suffix: '', labels: [], value: reading }]
  if (Symbol.iterator in reading)
    return Array.from(reading, ([values, value]) => ({
      suffix: '',
      labels: row.labels.map((name, at) => [name, values[at]!] as const),
      value,
    }))
  return histogramSamples(reading)
}

function histogramSamples(histogram: Histogram): Sample[] {
  const bucket = (le: string, value: number): Sample => ({ suffix: '_bucket', labels: [['le', le]], value })
  const count = histogram.count
  return [
    ...Array.from(histogram.bounds, (bound, at) => bucket(String(bound), histogram.atMost(at))),
    bucket('+Inf', count),
    { suffix: '_sum', labels: [], value: histogram.sum },
    { suffix: '_count', labels: [], value: count },
  ]
}

/** Counts of codes as they occur; sorted, so that pages compare. */
export class CodeCounts {
  readonly #counts = new Map<string, number>()

  /** @param known counted from the start, at 0 */
  constructor(known: readonly FaultCode[] = []) {
    for (const code of known) this.#counts.set(code, 0)
  }

  add(code: FaultCode, count = 1): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + count)
  }

  of(code: FaultCode): number {
    return this.#counts.get(code) ?? 0
  }

  *read(): Generator<Labelled> {
    for (const code of [...this.#counts.keys()].sort()) yield [[code], this.#counts.get(code)!]
  }
}

/** Label of one sample by its name; '' where it has none. */
export function labelOf(labels: readonly Label[], name: string): string {
  return labels.find(([each]) => each === name)?.[1] ?? ''
}
