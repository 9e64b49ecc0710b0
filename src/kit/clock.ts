/** Milliseconds on a clock that never goes back; passed in wherever time matters, so that a test of five seconds takes none. */
export interface Clock {
  nowMs(): number
  /** What `nowMs` is behind CLOCK_MONOTONIC, on which other processes write down their times; not said: nothing. */
  readonly behindMonotonicMs?: number
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  behindMonotonicMs: Number(process.hrtime.bigint()) / 1e6 - performance.now(),
}
