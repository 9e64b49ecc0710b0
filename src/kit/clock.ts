/** Milliseconds on a clock that never goes back; passed in wherever time matters, so that a test of five seconds takes none. */
export interface Clock {
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => performance.now() }
