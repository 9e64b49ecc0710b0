import type { Given, Origin } from '../../../settings/given.ts'
import type { Dialect, Extension } from '../../../settings/load.ts'
import type { SettingKey } from '../../../settings/registry.ts'
import { translate } from '../translate.ts'
import type { Told } from '../verdict.ts'
import { ADJUSTMENT, ADJUSTMENTS } from './adjustments.ts'
import type { CommandLine } from './arguments.ts'
import { bindsOf } from './binds.ts'
import { IMPLIED_WARNING } from './proxies.ts'
import { readWord } from './values.ts'

export const WAITRESS = 'Waitress'

/** What holds beside the defaults of its adjustments: nothing there bounds how long a request runs, or waits. */
const STANDARD: Partial<Record<SettingKey, string>> = {
  bind: '0.0.0.0:8080',
  workers: '1',
  timeoutMs: '0s',
  streamTimeoutMs: '0s',
  queueTimeoutMs: '24h',
  queueWarningMs: '1s',
  maxHeaders: '10000',
}

/** Adjustments said in our words. */
export interface Translated {
  readonly given: readonly Given[]
  readonly dialect: Dialect
  /** python/dram/dialects/waitress.py, and what it is told. */
  readonly extension: Extension
}

/**
 * @param words what was given, by name
 * @param originOf where each was said
 * @throws Fault DIALECT_USAGE, SETTING_INVALID, SETTING_REFUSED
 */
export function translateAdjustments(
  words: ReadonlyMap<string, string>,
  originOf: (name: string) => Origin,
): Translated {
  const told = new Map<string, Told>()
  for (const [name, word] of words) {
    const origin = originOf(name)
    told.set(name, { value: readWord(ADJUSTMENT.get(name)!.kind, word, origin), origin })
  }
  const { given, defaults, warnings } = translate(WAITRESS, ADJUSTMENTS, told)
  const binds = bindsOf(told)
  const bind =
    binds === null ? [] : [{ key: 'bind', words: binds.words, off: false, origin: originOf(binds.name) } as const]
  return {
    given: [...given, ...bind],
    dialect: { defaults: [...standard(), ...defaults], warnings: [...warnings, ...implied(told)] },
    extension: { module: 'waitress', options: { ident: told.get('ident')?.value || null } },
  }
}

/** APP as ours: with `--call`, what the object returns. */
export function applicationOf({ app, switches }: CommandLine): Given {
  const word = switches.has('call') ? `${app}()` : app!
  return { key: 'app', words: [word], off: false, origin: { kind: 'flag', name: '' } }
}

function implied(told: ReadonlyMap<string, Told>): string[] {
  return told.get('trusted_proxy')?.value && !told.has('trusted_proxy_headers') ? [IMPLIED_WARNING] : []
}

function standard(): Given[] {
  return Object.entries(STANDARD).map(([key, word]) => ({
    key: key as SettingKey,
    words: [word],
    off: false,
    origin: { kind: 'dialect', server: WAITRESS, source: '', name: '' },
  }))
}
