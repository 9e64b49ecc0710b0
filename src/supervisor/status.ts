/** One row per state of a worker; printed into docs/lifecycle.md. */
export const STATES = {
  booting: 'It was forked and loads the application, or waits for the others of its generation.',
  serving: 'Requests go to it.',
  draining: 'Nothing new goes to it; it finishes what runs, as long as --graceful-timeout.',
  broken: 'Its connections ended, nobody knows why yet.',
  killed: 'It was sent SIGKILL; its end is not reported yet.',
} as const

export type WorkerState = keyof typeof STATES

/** What can be told of a worker. */
export interface WorkerStatus {
  readonly number: number
  readonly pid: number
  readonly generation: number
  readonly state: WorkerState
  /** Since it was forked. */
  readonly ageMs: number
  /** Answered since it serves. */
  readonly requests: number
  /** Time in the application, all requests together. */
  readonly busyMs: number
  readonly running: number
  /** Resident set size; null: it can't be read. */
  readonly rssBytes: number | null
}

export interface GenerationStatus {
  readonly number: number
  /** The newest that serves is `current`. */
  readonly state: 'booting' | 'current' | 'draining'
  /** Its workers are forked from a process that has loaded the application. */
  readonly preloaded: boolean
  readonly zygotePid: number
  /** Its processes that are no workers: the zygote, and with preloading the template. */
  readonly forkerPids: readonly number[]
  readonly ageMs: number
}
