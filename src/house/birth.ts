import type { HandedSocket } from '../listen/handed.ts'

/** Where a dram that starts another one says how that came to be. Not DRAM_*, which are settings. */
export const BIRTH_VARIABLE = '_DRAM_BIRTH'

/** The first descriptor that a service manager passes on (SD_LISTEN_FDS_START). */
export const FIRST_ACTIVATED = 3

/** How this process came to be. `report`: the descriptor on which its parent waits to be told how the start went. */
export type Birth =
  | { readonly kind: 'started' }
  /** In the background: the parent ends once we are ready. */
  | { readonly kind: 'daemon'; readonly report: number }
  /** To replace the server with this pid. */
  | {
      readonly kind: 'successor'
      readonly report: number
      readonly of: number
      readonly sockets: readonly HandedSocket[]
      /** How many sockets the service manager had passed to the first server. */
      readonly activated: number
    }

/** What whoever started us left in our environment, for us alone. */
export interface Inherited {
  readonly birth: Birth
  /** How many sockets a service manager passed on, from descriptor 3 on (sd_listen_fds(3)). */
  readonly activated: number
  /** Where the service manager wants to be told of our state (sd_notify(3)); null: nowhere. */
  readonly notifySocket: string | null
  /** How often it wants to hear that we live, milliseconds (sd_watchdog_enabled(3)); null: it doesn't. */
  readonly watchdogMs: number | null
}

export const NOTHING_INHERITED: Inherited = {
  birth: { kind: 'started' },
  activated: 0,
  notifySocket: null,
  watchdogMs: null,
}

const OURS_ALONE = [
  BIRTH_VARIABLE,
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
]

/** Takes it out of `variables`, so that neither Python nor what the application starts takes it for its own. */
export function takeInherited(variables: Record<string, string | undefined>, pid: number): Inherited {
  const taken = Object.fromEntries(OURS_ALONE.map((name) => [name, variables[name]]))
  for (const name of OURS_ALONE) delete variables[name]
  const birth = readBirth(taken[BIRTH_VARIABLE])
  const isOurs = (owner: string | undefined) => owner === String(pid) || birth.kind === 'successor'
  const watchdogMicros = wholeNumber(taken.WATCHDOG_USEC)
  return {
    birth,
    activated:
      birth.kind === 'successor'
        ? birth.activated
        : taken.LISTEN_PID === String(pid)
          ? wholeNumber(taken.LISTEN_FDS)
          : 0,
    notifySocket: taken.NOTIFY_SOCKET || null,
    watchdogMs:
      watchdogMicros > 0 && (!taken.WATCHDOG_PID || isOurs(taken.WATCHDOG_PID)) ? watchdogMicros / 1000 : null,
  }
}

/** What the environment of a successor has beside ours. */
export function passedOn({ notifySocket, watchdogMs }: Inherited, birth: Birth): Record<string, string> {
  return {
    [BIRTH_VARIABLE]: JSON.stringify(birth),
    ...(notifySocket !== null && { NOTIFY_SOCKET: notifySocket }),
    ...(watchdogMs !== null && { WATCHDOG_USEC: String(watchdogMs * 1000) }),
  }
}

/** Nobody else writes it, so nobody checks it. */
function readBirth(text: string | undefined): Birth {
  if (!text) return { kind: 'started' }
  return JSON.parse(text) as Birth
}

function wholeNumber(text: string | undefined): number {
  return /^\d{1,15}$/.test(text ?? '') ? Number(text) : 0
}
