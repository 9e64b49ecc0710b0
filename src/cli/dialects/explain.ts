import { isDeepStrictEqual } from 'node:util'
import type { Fault } from '../../faults/fault.ts'
import { type Origin, originText } from '../../settings/given.ts'
import { defaultSettings, type Loaded } from '../../settings/load.ts'
import { fileKey, rowOf, SECTIONS, SETTING_KEYS, type Section, type SettingKey } from '../../settings/registry.ts'

/** What a dram.toml can't hold. */
export interface Besides {
  /** The command that was explained: `dram gunicorn`. */
  readonly command: string
  readonly refusals: readonly Fault[]
  /** What is to be said at the end, a line each. */
  readonly notes: readonly string[]
}

/** They are read by `dram serve` too, and a file would be stronger. */
const FOLLOWED = ['PORT', 'WEB_CONCURRENCY']

/** A dram.toml with which `dram serve` has the same settings; whatever is our own default anyway is left out. */
export function explain({ settings, origins, warnings }: Loaded, { command, refusals, notes }: Besides): string {
  const usual = defaultSettings()
  const isOther = (key: SettingKey): boolean => key !== 'config' && !isDeepStrictEqual(settings[key], usual[key])
  const sections = (Object.keys(SECTIONS) as Section[]).flatMap((section) => {
    const keys = SETTING_KEYS.filter((key) => rowOf(key).section === section && isOther(key) && !isTable(key))
    return keys.length === 0 ? [] : [`# ${SECTIONS[section]}`, ...keys.flatMap(assignment), '']
  })
  const tables = SETTING_KEYS.filter((key) => isTable(key) && isOther(key)).flatMap((key) => [
    `# ${whence(origins[key])}`,
    `[${fileKey(key)}]`,
    ...Object.entries(settings[key] as Readonly<Record<string, string>>).map(
      ([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`,
    ),
    '',
  ])
  const remarks = [
    ...refusals.map((fault) => `NOT POSSIBLE: ${fault.message}. Instead: ${fault.hint}`),
    ...warnings,
    ...notes,
  ]
  const head = [`# What ${command} was told, as dram.toml for: dram serve`, '']
  // Before the tables: what comes after them would be read as theirs by people, too.
  const lines = [...head, ...remarks.map(comment), ...(remarks.length > 0 ? [''] : []), ...sections, ...tables]
  return `${lines.join('\n').trimEnd()}\n`

  function assignment(key: SettingKey): string[] {
    const origin = origins[key]
    const line = `${fileKey(key)} = ${tomlOf(key, settings[key])}`
    if (origin.kind === 'variable' && FOLLOWED.includes(origin.name))
      return [`# ${line}   # follows the variable ${origin.name}`]
    return [`${line}   # ${whence(origin)}`]
  }
}

const isTable = (key: SettingKey): boolean => rowOf(key).reader.shape === 'pairs'

/** One line, whatever it says. */
function comment(text: string): string {
  return `# ${text.replaceAll(/\s+/g, ' ')}`
}

function whence(origin: Origin): string {
  return originText(origin).replaceAll(/\s+/g, ' ')
}

function tomlOf(key: SettingKey, value: unknown): string {
  const { reader, off } = rowOf(key)
  if (reader.shape === 'switch') return String(value)
  if (off !== undefined && isDeepStrictEqual(value, off)) return 'false'
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(reader.show([item]))).join(', ')}]`
  const word = reader.show(value)
  return /^\d{1,15}$/.test(word) && !reader.quoted && !word.startsWith('0') ? word : JSON.stringify(word)
}
