import { dirname, join, resolve } from 'node:path'
import { Fault } from '../faults/fault.ts'
import { type Aids, NO_AIDS } from './aids.ts'
import { readEnvFile } from './envfile.ts'
import { readSettingsFile } from './file.ts'
import { type Given, type Origin, readGiven } from './given.ts'
import { readTextFile } from './readTextFile.ts'
import { rowOf, SETTING_KEYS, type SettingKey, type Settings } from './registry.ts'
import { readConcurrency, readPort, readVariables, type Variables } from './variables.ts'

/**
 * A module of python/dram/dialects/ that lives in the Python processes beside the application, and what it is told.
 * Nobody on the way there looks in.
 */
export interface Extension {
  readonly module: string
  readonly options: Readonly<Record<string, unknown>>
}

/** The settings in force, and where each came from. */
export interface Loaded {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingKey, Origin>>
  /** The settings file that was read, if any. */
  readonly file: string | null
  /** The folder the command was given in (absolute). */
  readonly folder: string
  /** What --env-file and --env add to the application's environment. */
  readonly environment: Readonly<Record<string, string>>
  /** What is wrong with the settings, but does not keep the server from serving: for the log. */
  readonly warnings: readonly string[]
  readonly extension: Extension | null
  readonly aids: Aids
}

/** The words of another server, translated. */
export interface Dialect {
  /** Its defaults: weaker than everything else. */
  readonly defaults: readonly Given[]
  /** Faults of its words that are no reason to stop. */
  readonly warnings: readonly string[]
}

/** Text of a file; null if there is none. Throws what the system says if it can't be read. */
export type ReadText = (path: string) => string | null

/**
 * Merges all sources. Weakest first: defaults, PORT, the file, WEB_CONCURRENCY, DRAM_*, the command line.
 * @param given what the command line gave (`readArguments`)
 * @param folder the working folder, absolute
 * @param dialect then `given` was translated from the words of another server, which reads PORT and WEB_CONCURRENCY in
 *   its own way and has a file of its own: ours is read only where `config` names it
 * @throws Fault SETTING_UNKNOWN, SETTING_INVALID, SETTINGS_FILE
 */
export function load(
  given: readonly Given[],
  variables: Variables,
  folder: string,
  readText: ReadText = readTextFile,
  dialect: Dialect | null = null,
): Loaded {
  const stronger = [...(dialect ? [] : readConcurrency(variables)), ...readVariables(variables), ...given]
  const file = namedFile(stronger, folder, readText) ?? (dialect ? null : usualFile(folder, readText))
  const weakest = dialect?.defaults ?? readPort(variables)
  const merged = merge([...weakest, ...(file?.given ?? []), ...stronger], folder)
  return {
    ...merged,
    file: file?.path ?? null,
    folder,
    environment: { ...readEnvironment(merged.settings.envFile, readText), ...merged.settings.env },
    warnings: dialect?.warnings ?? [],
    extension: loggingOf(merged.settings, folder),
    aids: NO_AIDS,
  }
}

/** Where Python's logging is configured, that counts in the workers, too. */
export function loggingOf(settings: Settings, folder: string): Extension | null {
  const { logConfig: path, accessLogFormat, pythonpath } = settings
  if (path === null || path === BY_EXTENSION) return null
  const chdir = settings.chdir === null ? folder : resolve(folder, settings.chdir)
  return { module: 'python_logging', options: { path: resolve(folder, path), chdir, pythonpath, accessLogFormat } }
}

/** Instead of a path: another extension has the configuration. */
export const BY_EXTENSION = 'extension'

/** The defaults with some values of one's own: for tests, and for whoever embeds a part. */
export function defaultSettings(own: Partial<Settings> = {}): Settings {
  return { ...merge([], '/').settings, ...own }
}

/** The same with what is stronger than all that it was made of. */
export function strengthened(loaded: Loaded, given: readonly Given[]): Loaded {
  const values: Partial<Record<SettingKey, unknown>> = { ...loaded.settings }
  const origins: Record<SettingKey, Origin> = { ...loaded.origins }
  for (const item of joinRepeated(given)) {
    values[item.key] = readGiven(item, loaded.folder)
    origins[item.key] = item.origin
  }
  return { ...loaded, settings: values as Settings, origins }
}

function merge(all: readonly Given[], folder: string): Pick<Loaded, 'settings' | 'origins'> {
  const values: Partial<Record<SettingKey, unknown>> = {}
  const origins: Partial<Record<SettingKey, Origin>> = {}
  for (const key of SETTING_KEYS) {
    values[key] = defaultOf(key)
    origins[key] = { kind: 'default' }
  }
  for (const item of joinRepeated(all)) {
    const value = readGiven(item, item.origin.kind === 'file' ? dirname(item.origin.path) : folder)
    const addsUp = rowOf(item.key).reader.shape === 'pairs'
    values[item.key] = addsUp ? { ...(values[item.key] as object), ...(value as object) } : value
    origins[item.key] = item.origin
  }
  return { settings: values as Settings, origins: origins as Record<SettingKey, Origin> }
}

function defaultOf(key: SettingKey): unknown {
  const words = rowOf(key).default
  return words === null ? null : rowOf(key).reader.read([words].flat(), '/')
}

/** A flag that repeats is one list; a setting that takes one value keeps the last. */
function joinRepeated(all: readonly Given[]): Given[] {
  const joined: Given[] = []
  for (const item of all) {
    const at = joined.findIndex(({ key, origin }) => key === item.key && origin.kind === 'flag')
    const before = item.origin.kind === 'flag' ? joined[at] : undefined
    const isList = rowOf(item.key).reader.shape !== 'one' && rowOf(item.key).reader.shape !== 'switch'
    if (before && isList && !before.off && !item.off) joined[at] = { ...item, words: [...before.words, ...item.words] }
    else joined.push(item)
  }
  return joined
}

interface SettingsFile {
  readonly path: string
  readonly given: readonly Given[]
}

function namedFile(stronger: readonly Given[], folder: string, readText: ReadText): SettingsFile | null {
  const named = stronger.findLast(({ key }) => key === 'config')
  if (!named) return null
  const path = readGiven(named, folder) as string
  const text = tryRead(path, readText)
  if (text === null) throw new Fault('SETTINGS_FILE', { detail: `there is no file ${path}` }, '', 'check --config')
  const given = readSettingsFile(path, text)
  if (given === null) throw new Fault('SETTINGS_FILE', { detail: `${path} has no table [tool.dram]` })
  return { path, given }
}

function usualFile(folder: string, readText: ReadText): SettingsFile | null {
  for (const name of ['dram.toml', 'pyproject.toml']) {
    const path = join(folder, name)
    const text = tryRead(path, readText)
    const given = text === null ? null : readSettingsFile(path, text)
    if (given !== null) return { path, given }
  }
  return null
}

function readEnvironment(path: string | null, readText: ReadText): Record<string, string> {
  if (path === null) return {}
  const text = tryRead(path, readText)
  if (text === null) throw new Fault('SETTING_INVALID', { detail: `--env-file: there is no file ${path}` })
  return readEnvFile(path, text)
}

function tryRead(path: string, readText: ReadText): string | null {
  try {
    return readText(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Fault('SETTINGS_FILE', { detail: `${path}: ${reason}` }, '', 'check the path and its rights')
  }
}
