/** What the service manager's watchdog is to know. */
export interface Pulse {
  /** At least one worker can take requests. */
  readonly ready: boolean
  /** Requests that wait for a worker. */
  readonly waiting: number
}

/**
 * Is the server of use? The event loop turns, or nobody would ask. Otherwise it is of none only while requests wait
 * and no worker can take any: all are overdue, dead, or never came to be.
 */
export function isOfUse({ ready, waiting }: Pulse): boolean {
  return ready || waiting === 0
}

/** Tells that we live twice in each interval, as sd_watchdog_enabled(3) has it. @returns ends it */
export function keepAlive(intervalMs: number, pulse: () => Pulse, tell: () => void): () => void {
  const timer = setInterval(() => {
    if (isOfUse(pulse())) tell()
  }, intervalMs / 2)
  return () => clearInterval(timer)
}
