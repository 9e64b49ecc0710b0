export interface Deadlines {
  /** Until the answer begins, counted from the request's entry; 0: any time. */
  readonly timeoutMs: number
  /** Between two pieces of an answer; 0: any time. */
  readonly streamTimeoutMs: number
  /** What is late is ended, or only told of. */
  readonly timeoutAction: 'end' | 'log'
}

/** What a request's deadline follows from. All times in milliseconds on one clock. */
export interface Timed {
  /** It was sent to its worker then, or a little later: it can't have begun before. */
  readonly sentAtMs: number
  /** Its answer has begun. */
  readonly streaming: boolean
  /** Since when nothing more of the answer has come, without its client being the cause. */
  readonly silentSinceMs: number
}

export type Late = 'REQUEST_TIMEOUT' | 'STREAM_TIMEOUT'

/**
 * What is late about a request that its worker runs; null: nothing. `startMs`: when it was entered, by the worker's
 * own mark, which is moved on by what the request has waited for its client; Infinity: it waits for it now.
 */
export function lateness(
  timed: Timed,
  startMs: number,
  nowMs: number,
  deadlines: Omit<Deadlines, 'timeoutAction'>,
): Late | null {
  const { timeoutMs, streamTimeoutMs } = deadlines
  if (startMs === Number.POSITIVE_INFINITY) return null
  if (timed.streaming)
    return streamTimeoutMs > 0 && nowMs - timed.silentSinceMs >= streamTimeoutMs ? 'STREAM_TIMEOUT' : null
  // The mark is written in two steps: an older request's start may stand beside this one's id for a moment.
  return timeoutMs > 0 && nowMs - Math.max(startMs, timed.sentAtMs) >= timeoutMs ? 'REQUEST_TIMEOUT' : null
}
