import { isDeepStrictEqual } from 'node:util'
import { rowOf, SETTING_KEYS, type Settings } from './registry.ts'

export interface Changes {
  /** What counts from now on: of what needs a restart, the old values. */
  readonly settings: Settings
  /** Flags of what was changed and counts only after a restart. */
  readonly needRestart: readonly string[]
}

/** What a reload makes of settings that were read anew. */
export function changesOf(inForce: Settings, anew: Settings): Changes {
  const kept = SETTING_KEYS.filter((key) => rowOf(key).applies === 'restart')
  const old = Object.fromEntries(kept.map((key) => [key, inForce[key]])) as Partial<Settings>
  const changed = kept.filter((key) => !isDeepStrictEqual(inForce[key], anew[key]))
  return { settings: { ...anew, ...old }, needRestart: changed.map((key) => rowOf(key).flag) }
}
