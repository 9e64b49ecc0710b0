import { Fault } from '../faults/fault.ts'
import { type Given, unknown } from './given.ts'
import { turnsOff } from './readers.ts'
import { rowOf, SETTING_KEYS, type SettingKey, variable } from './registry.ts'

export type Variables = Readonly<Record<string, string | undefined>>

const KEYS: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.filter((key) => rowOf(key).except !== 'variable').map((key) => [variable(key), key]),
)

/** The settings of `DRAM_*`. An empty variable counts as none: that is how compose files pass on what isn't set. */
export function readVariables(variables: Variables): Given[] {
  const given: Given[] = []
  for (const [name, word] of Object.entries(variables)) {
    if (!name.startsWith('DRAM_') || !word) continue
    const key = KEYS.get(name)
    if (key === undefined) throw unknown(name, ' (a variable of the environment)', KEYS.keys())
    const off = rowOf(key).off !== undefined && turnsOff(word)
    given.push({ key, words: [word], off, origin: { kind: 'variable', name } })
  }
  return given
}

/** WEB_CONCURRENCY, which some platforms set: weaker than DRAM_WORKERS, stronger than a file. */
export function readConcurrency({ WEB_CONCURRENCY: word }: Variables): Given[] {
  if (!word) return []
  return [{ key: 'workers', words: [word], off: false, origin: { kind: 'variable', name: 'WEB_CONCURRENCY' } }]
}

/** PORT, as platforms set it for whatever they run: it counts only where nothing else says what to bind. */
export function readPort({ PORT: port }: Variables): Given[] {
  if (!port) return []
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Fault('SETTING_INVALID', { detail: `PORT must be a number from 0 to 65535, not ${JSON.stringify(port)}` })
  }
  const origin = { kind: 'variable', name: 'PORT' } as const
  return [{ key: 'bind', words: [`0.0.0.0:${port}`, `[::]:${port}`], off: false, origin }]
}
