import type { GunicornRow } from './row.ts'
import { APPLICATION } from './rows/application.ts'
import { DEBUGGING } from './rows/debugging.ts'
import { HOOKS } from './rows/hooks.ts'
import { LATER } from './rows/later.ts'
import { LIMITS } from './rows/limits.ts'
import { LISTENING } from './rows/listening.ts'
import { LOGS } from './rows/logs.ts'
import { PROCESS } from './rows/process.ts'
import { PROXIES } from './rows/proxies.ts'
import { TLS } from './rows/tls.ts'
import { WORKERS } from './rows/workers.ts'

/** All settings of Gunicorn 27 and what becomes of each: tests/guests/ holds it against the installed one's own registry. */
export const GUNICORN: readonly GunicornRow[] = [
  ...APPLICATION,
  ...LISTENING,
  ...WORKERS,
  ...LIMITS,
  ...PROCESS,
  ...PROXIES,
  ...TLS,
  ...LOGS,
  ...DEBUGGING,
  ...LATER,
  ...HOOKS,
]

const BY_NAME: ReadonlyMap<string, GunicornRow> = new Map(GUNICORN.map((row) => [row.name, row]))

export function gunicornRow(name: string): GunicornRow | undefined {
  return BY_NAME.get(name)
}
