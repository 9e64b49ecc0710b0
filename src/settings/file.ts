import { parse, TomlError } from 'smol-toml'
import { Fault } from '../faults/fault.ts'
import { type Given, invalid, type Origin, originText, unknown } from './given.ts'
import { turnsOff } from './readers.ts'
import { fileKey, rowOf, SETTING_KEYS, type SettingKey } from './registry.ts'

const KEYS: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.filter((key) => rowOf(key).except !== 'file').map((key) => [fileKey(key), key]),
)

type Table = Readonly<Record<string, unknown>>

/** The settings of a `dram.toml`, or of `[tool.dram]` where the file is a `pyproject.toml`. Null: it has no such table. */
export function readSettingsFile(path: string, text: string): Given[] | null {
  const document = parseToml(path, text)
  if (!path.endsWith('pyproject.toml')) return readTable(document, { path, text, header: '' })
  const table = subtable(subtable(document, 'tool'), 'dram')
  return table && readTable(table, { path, text, header: 'tool.dram' })
}

function parseToml(path: string, text: string): Table {
  try {
    return parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')
    throw new Fault('SETTINGS_FILE', { detail: `${path}, line ${error.line}: ${reason}` })
  }
}

function subtable(table: Table | null, name: string): Table | null {
  const value = table?.[name]
  return isTable(value) ? value : null
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

interface Place {
  readonly path: string
  readonly text: string
  /** The table the settings are in; '' for the top. */
  readonly header: string
}

function readTable(table: Table, place: Place): Given[] {
  return Object.entries(table).map(([name, value]) => {
    const origin: Origin = { kind: 'file', path: place.path, line: lineOf(place, name), name }
    const key = KEYS.get(name)
    if (key === undefined) throw unknown(name, ` (${place.path}, line ${origin.line})`, KEYS.keys())
    return readValue(key, value, origin)
  })
}

/** A setting of a file in which all is text: an INI file's. Lists are a line each, or have commas. */
export function readPlain(name: string, text: string, origin: Origin): Given {
  const key = KEYS.get(name)
  if (key === undefined) throw unknown(name, ` (${originText(origin)})`, KEYS.keys())
  const { reader, off } = rowOf(key)
  if (off !== undefined && turnsOff(text)) return { key, words: [], off: true, origin }
  const isList = reader.shape === 'many' || reader.shape === 'pairs'
  return { key, words: isList ? text.split('\n').filter(Boolean) : [text], off: false, origin }
}

function readValue(key: SettingKey, value: unknown, origin: Origin): Given {
  const { reader, off } = rowOf(key)
  if (value === false && off !== undefined) return { key, words: [], off: true, origin }
  const words = wordsOf(value, reader.shape)
  if (words === null || (reader.quoted && typeof value === 'number')) {
    throw invalid(origin, reader.wants, [typeof value === 'object' ? JSON.stringify(value) : String(value)])
  }
  return { key, words, off: false, origin }
}

/** A list is a list and a table is pairs; anything else is one word. */
function wordsOf(value: unknown, shape: string): string[] | null {
  if (Array.isArray(value)) {
    const words = value.map(wordOf)
    return shape === 'many' && !words.includes(null) ? (words as string[]) : null
  }
  if (isTable(value)) {
    const pairs = Object.entries(value).map(([name, item]) => [name, wordOf(item)] as const)
    const whole = shape === 'pairs' && pairs.every(([, word]) => word !== null)
    return whole ? pairs.map((pair) => pair.join('=')) : null
  }
  const word = shape === 'pairs' ? null : wordOf(value)
  return word === null ? null : [word]
}

function wordOf(value: unknown): string | null {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null
}

/** The line that sets a name in its table, as far as a look at the text can tell; else the table's, else 1. */
function lineOf({ text, header }: Place, name: string): number {
  const lines = text.split('\n')
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const assigned = new RegExp(`^\\s*["']?${quoted}["']?\\s*[=.]`)
  const ownTable = [header, name].filter(Boolean).join('.')
  let table = ''
  let tableLine = 0
  for (const [index, line] of lines.entries()) {
    const opened = /^\s*\[+([^[\]]+)\]/.exec(line)
    if (opened) table = opened[1]!.replace(/[\s"']/g, '')
    if (opened && table === ownTable) return index + 1
    if (opened && table === header) tableLine = index
    if (table === header && assigned.test(line)) return index + 1
  }
  return tableLine + 1
}
