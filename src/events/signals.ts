/** The signals that the server hears, without their SIG. */
export const SIGNAL_WORDS = ['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'TTIN', 'TTOU', 'WINCH'] as const

export type SignalName = `SIG${(typeof SIGNAL_WORDS)[number]}`

/** What a signal can ask for. */
export const DEEDS = [
  'stop',
  'stop-gently',
  'stop-fast',
  'reload',
  'reopen-logs',
  'upgrade',
  'add-worker',
  'remove-worker',
  'pause',
  'nothing',
] as const

export type Deed = (typeof DEEDS)[number]
