import type { Row } from './row.ts'
import { APPLICATION } from './rows/application.ts'
import { BODIES } from './rows/bodies.ts'
import { CLIENTS } from './rows/clients.ts'
import { DEVELOPMENT } from './rows/development.ts'
import { HEADERS } from './rows/headers.ts'
import { LIMITS } from './rows/limits.ts'
import { LISTENING } from './rows/listening.ts'
import { LOGS } from './rows/logs.ts'
import { OPERATION } from './rows/operation.ts'
import { PROXIES } from './rows/proxies.ts'
import { TLS } from './rows/tls.ts'
import { WORKERS } from './rows/workers.ts'

export { type Row, SECTIONS, type Section } from './row.ts'

/** All settings, a row each; a file of rows for each section. */
export const REGISTRY = {
  ...APPLICATION,
  ...LISTENING,
  ...TLS,
  ...WORKERS,
  ...CLIENTS,
  ...LIMITS,
  ...HEADERS,
  ...BODIES,
  ...PROXIES,
  ...LOGS,
  ...OPERATION,
  ...DEVELOPMENT,
} as const satisfies Record<string, Row<unknown>>

export type SettingKey = keyof typeof REGISTRY
export type Settings = { readonly [K in SettingKey]: (typeof REGISTRY)[K] extends Row<infer T> ? T : never }

export const SETTING_KEYS = Object.keys(REGISTRY) as SettingKey[]

/** The row with its type forgotten, for code that treats all alike. */
export function rowOf(key: SettingKey): Row<unknown> {
  return REGISTRY[key] as Row<unknown>
}

/** `max-body`: its key in a settings file. */
export function fileKey(key: SettingKey): string {
  return rowOf(key).flag.slice(2) || key
}

/** `DRAM_MAX_BODY`: its variable. */
export function variable(key: SettingKey): string {
  return `DRAM_${fileKey(key).toUpperCase().replaceAll('-', '_')}`
}

/** Has it a `--no-…` form? */
export function canTurnOff(key: SettingKey): boolean {
  return rowOf(key).off !== undefined || rowOf(key).reader.shape === 'switch'
}
