import type { Deed, SignalName } from '../events/signals.ts'

export type { Deed, SignalName } from '../events/signals.ts'

export interface DeedRow {
  /** While the server starts: obeyed at once, once it serves, or not at all. */
  readonly starting: 'now' | 'later' | 'never'
  /** While it stops. */
  readonly stopping: 'now' | 'never'
  /** What it does, for docs/lifecycle.md. */
  readonly says: string
}

/** One row per deed; printed into docs/lifecycle.md. */
export const DEED_ROWS: Readonly<Record<Deed, DeedRow>> = {
  stop: {
    starting: 'now',
    stopping: 'now',
    says: 'Stops: what has come is answered, as long as `--graceful-timeout` lasts. A second one ends everything at once.',
  },
  'stop-gently': {
    starting: 'now',
    stopping: 'now',
    says: 'The same, but a second one changes nothing, and the exit code is 0 also where a fast stop cuts it short.',
  },
  'stop-fast': { starting: 'now', stopping: 'now', says: 'Stops at once: what runs is cut off.' },
  reload: {
    starting: 'later',
    stopping: 'never',
    says: 'Reloads settings and application: new workers beside the old ones, the traffic moves when they are ready. If they fail, the old ones go on.',
  },
  'reopen-logs': { starting: 'now', stopping: 'now', says: 'Opens the log files anew, after a rotation.' },
  upgrade: {
    starting: 'later',
    stopping: 'never',
    says: 'Replaces the whole server, Node and dram itself included: a new process gets the listening sockets, the old one finishes what it has. If the new one fails, the old one goes on. `--pidfile` names the new one as soon as it serves.',
  },
  'add-worker': { starting: 'later', stopping: 'never', says: 'One worker more.' },
  'remove-worker': { starting: 'later', stopping: 'never', says: 'One worker less.' },
  pause: {
    starting: 'never',
    stopping: 'never',
    says: 'Ends the workers gracefully and keeps the sockets open; requests wait. A reload, another number of workers, or a stop ends the pause.',
  },
  nothing: { starting: 'never', stopping: 'never', says: 'Nothing.' },
}

export interface SignalRow {
  readonly deed: Deed
  /** When it means that, for docs/lifecycle.md; '': always. */
  readonly says: string
}

/** One row per signal: what it asks for unless --signal says otherwise; printed into docs/lifecycle.md. */
export const SIGNALS: Readonly<Record<SignalName, SignalRow>> = {
  SIGTERM: { deed: 'stop', says: '' },
  SIGINT: { deed: 'stop', says: 'Ctrl-C in a terminal.' },
  SIGQUIT: { deed: 'stop-fast', says: '' },
  SIGHUP: { deed: 'reload', says: 'When it comes because the terminal of the server was closed, it is a `stop`.' },
  SIGUSR1: { deed: 'reopen-logs', says: '' },
  SIGUSR2: { deed: 'upgrade', says: '' },
  SIGTTIN: { deed: 'add-worker', says: '' },
  SIGTTOU: { deed: 'remove-worker', says: '' },
  SIGWINCH: {
    deed: 'pause',
    says: 'Only where the server has no terminal, unless `--signal` names it: there it says that the window was resized.',
  },
}

export type Phase = 'starting' | 'serving' | 'stopping'

/** When a deed that was asked for in this phase is done. */
export function whenObeyed(deed: Deed, phase: Phase): 'now' | 'later' | 'never' {
  const row = DEED_ROWS[deed]
  if (phase === 'serving') return 'now'
  return phase === 'starting' ? row.starting : row.stopping
}

/** From what --signal says: `INT=stop-fast`. The last one counts. */
export function deedsOf(given: readonly string[]): Partial<Record<SignalName, Deed>> {
  return Object.fromEntries(
    given.map((word) => {
      const [signal, deed] = word.split('=')
      return [`SIG${signal}`, deed]
    }),
  )
}
