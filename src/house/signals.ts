/** What a signal can ask for. */
export type Deed = 'stop' | 'stopFast' | 'reload' | 'reopenLogs' | 'upgrade' | 'addWorker' | 'removeWorker' | 'pause'

export interface SignalRow {
  readonly deed: Deed
  /** What it does, for docs/lifecycle.md. */
  readonly says: string
  /** While the server starts: obeyed at once, once it serves, or not at all. */
  readonly starting: 'now' | 'later' | 'never'
  /** While it stops. */
  readonly stopping: 'now' | 'never'
}

/** One row per signal; printed into docs/lifecycle.md. */
export const SIGNALS = {
  SIGTERM: {
    deed: 'stop',
    says: 'Stops: what has come is answered, as long as `--graceful-timeout` lasts. A second one ends everything at once.',
    starting: 'now',
    stopping: 'now',
  },
  SIGINT: {
    deed: 'stop',
    says: 'The same as SIGTERM: Ctrl-C in a terminal.',
    starting: 'now',
    stopping: 'now',
  },
  SIGQUIT: {
    deed: 'stopFast',
    says: 'Stops at once: what runs is cut off.',
    starting: 'now',
    stopping: 'now',
  },
  SIGHUP: {
    deed: 'reload',
    says: 'Reloads settings and application: new workers beside the old ones, the traffic moves when they are ready. If they fail, the old ones go on. When it comes because the terminal of the server was closed, it is a SIGTERM.',
    starting: 'later',
    stopping: 'never',
  },
  SIGUSR1: {
    deed: 'reopenLogs',
    says: 'Opens the log files anew, after a rotation.',
    starting: 'now',
    stopping: 'now',
  },
  SIGUSR2: {
    deed: 'upgrade',
    says: 'Replaces the whole server, Node and dram itself included: a new process gets the listening sockets, the old one finishes what it has. If the new one fails, the old one goes on.',
    starting: 'later',
    stopping: 'never',
  },
  SIGTTIN: { deed: 'addWorker', says: 'One worker more.', starting: 'later', stopping: 'never' },
  SIGTTOU: { deed: 'removeWorker', says: 'One worker less.', starting: 'later', stopping: 'never' },
  SIGWINCH: {
    deed: 'pause',
    says: 'Only where the server has no terminal: ends the workers gracefully and keeps the sockets open; requests wait. A reload, another number of workers, or a stop ends the pause.',
    starting: 'never',
    stopping: 'never',
  },
} as const satisfies Record<string, SignalRow>

export type SignalName = keyof typeof SIGNALS

export type Phase = 'starting' | 'serving' | 'stopping'

/** When a signal that came in this phase is obeyed. */
export function whenObeyed(signal: SignalName, phase: Phase): 'now' | 'later' | 'never' {
  const row: SignalRow = SIGNALS[signal]
  if (phase === 'serving') return 'now'
  return phase === 'starting' ? row.starting : row.stopping
}
