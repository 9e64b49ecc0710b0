import { resolve } from 'node:path'
import type { Variables } from '../../../settings/variables.ts'
import { wrong } from '../translate.ts'
import type { Told, Value } from '../verdict.ts'
import type { GunicornLine } from './line.ts'
import type { GunicornRow } from './row.ts'
import { gunicornRow } from './table.ts'

/** What is told, by name; each source is checked as it comes, also where a stronger one replaces it. */
export type AllTold = ReadonlyMap<string, Told>

/** The values of a configuration file, by name, and where each stands. */
export interface FileTold {
  readonly values: Readonly<Record<string, Value>>
  originOf(name: string): Told['origin']
}

/**
 * Weakest first: the file, GUNICORN_CMD_ARGS, the command line.
 * @param folder the folder the command was given in
 * @throws Fault SETTING_INVALID
 */
export function mergeTold(file: FileTold | null, lines: readonly GunicornLine[], folder: string): AllTold {
  const all = new Map<string, Told>()
  const add = (row: GunicornRow, told: Told): void => {
    all.set(row.name, { origin: told.origin, value: placed(row, checked(row, told), folder) })
  }
  for (const [name, value] of Object.entries(file?.values ?? {})) {
    const row = gunicornRow(name)
    if (row) add(row, { value, origin: file!.originOf(name) })
  }
  for (const line of lines) for (const [row, told] of line.told) add(row, told)
  return all
}

/** The value as Gunicorn keeps it. @throws Fault SETTING_INVALID */
export function checked({ kind }: GunicornRow, told: Told): Value {
  const value = kind.check(told.value)
  if (value === undefined) throw wrong(told, kind.wants)
  return value
}

function placed({ name }: GunicornRow, value: Value, folder: string): Value {
  return name === 'chdir' && typeof value === 'string' ? resolve(folder, value) : value
}

const FROM_VARIABLES: readonly (readonly [name: string, variable: string, value: (word: string) => Value])[] = [
  ['bind', 'PORT', (port) => [`0.0.0.0:${port}`]],
  ['workers', 'WEB_CONCURRENCY', (word) => word],
  ['forwarded_allow_ips', 'FORWARDED_ALLOW_IPS', (word) => word],
]

/** Defaults that the environment sets. Faults: SETTING_INVALID. */
export function variableDefaults(variables: Variables): AllTold {
  const all = new Map<string, Told>()
  for (const [name, variable, value] of FROM_VARIABLES) {
    const word = variables[variable]
    // Compose files pass on what isn't set as nothing.
    if (!word) continue
    const told: Told = { value: value(word), origin: { kind: 'variable', name: variable } }
    all.set(name, { ...told, value: checked(gunicornRow(name)!, told) })
  }
  return all
}
