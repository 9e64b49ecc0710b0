/** One row per way a worker ends. A key is a label of `dram_worker_ends_total`: never renamed, never reused. */
export interface EndRow {
  /** The supervisor wanted it: no failure, nothing to look into. */
  readonly planned: boolean
  /** Completes "worker 3 (pid 71) ended: …". */
  readonly says: string
}

export const ENDS = {
  stop: { planned: true, says: 'the server stops' },
  reload: { planned: true, says: 'a reload replaced it' },
  given_up: { planned: true, says: 'its generation was given up before it served' },
  scale: { planned: true, says: 'fewer workers are wanted' },
  requests: { planned: true, says: 'it had served --max-requests' },
  age: { planned: true, says: 'it had reached --max-worker-age' },
  memory: { planned: true, says: 'it had grown beyond --max-worker-memory' },
  relief: { planned: true, says: 'its zygote had died, and its successors serve' },
  asked: { planned: true, says: 'it was sent a signal that asks it to end' },
  audited: { planned: true, says: 'it was forked to see whether the application can be preloaded' },
  timeout: { planned: false, says: 'a request was over --timeout' },
  memory_limit: { planned: false, says: 'it was above --memory-limit' },
  boot_failed: { planned: false, says: 'the application failed to load' },
  boot_timeout: { planned: false, says: 'it was not ready within --boot-timeout' },
  graceful_timeout: { planned: false, says: 'it had not finished within --graceful-timeout' },
  crashed: { planned: false, says: 'a signal ended it' },
  exited: { planned: false, says: 'it exited by itself' },
  lost: { planned: false, says: 'it was lost from sight' },
} as const satisfies Record<string, EndRow>

export type End = keyof typeof ENDS
