import { basename, dirname, join } from 'node:path'
import type { Fault } from '../../../faults/fault.ts'
import { FIRST_ACTIVATED } from '../../../house/birth.ts'
import { type Configuration, extensionOf, readConfiguration } from '../../../house/configuration.ts'
import { lookAtDisk } from '../../../house/disk.ts'
import type { Keeper } from '../../../house/keeper.ts'
import { findPython } from '../../../house/python.ts'
import type { Given } from '../../../settings/given.ts'
import { type Loaded, load } from '../../../settings/load.ts'
import { readTextFile } from '../../../settings/readTextFile.ts'
import type { World } from '../../commands/command.ts'
import { shellWords } from '../shellWords.ts'
import { type Translation, translate } from '../translate.ts'
import type { Value } from '../verdict.ts'
import { besides } from './besides.ts'
import { type GunicornLine, readLine } from './line.ts'
import { lineOf } from './lineOf.ts'
import { origin, SERVER } from './row.ts'
import { HOOKS } from './rows/hooks.ts'
import { type HookTls, withTls } from './sslContext.ts'
import { foreignNames, suggestions } from './suggest.ts'
import { GUNICORN } from './table.ts'
import { type AllTold, type FileTold, mergeTold, variableDefaults } from './told.ts'

const MODULE = 'gunicorn'
/** The hook ssl_context may take so long. */
const HOOK_MS = 60_000
const DEFAULT_FILE = 'gunicorn.conf.py'
const NAMES = GUNICORN.map(({ name }) => name)

/** All that was told, and what became of it. */
export interface Reading {
  readonly told: AllTold
  readonly defaults: AllTold
  readonly translation: Translation
  readonly configuration: Configuration | null
  readonly loaded: Loaded
  /** What is refused, where somebody wants to hear all of it instead of the first. */
  readonly refusals: readonly Fault[]
}

/** Reads Gunicorn's settings from all their sources, at the start and again at each reload. */
export class GunicornSettings {
  #line: GunicornLine
  readonly #world: World
  #keeper: Keeper | null = null

  constructor(line: GunicornLine, world: World) {
    this.#line = line
    this.#world = world
  }

  /** It has the objects of the file; null: none was read. */
  get keeper(): Keeper | null {
    return this.#keeper
  }

  /** Another line counts from the next reading on. */
  set line(line: GunicornLine) {
    this.#line = line
  }

  /**
   * @param isLenient what is refused is told, and is no failure
   * Faults: USAGE, SETTING_*, CONFIG_FAILED, HOOK_INVALID, PYTHON_NOT_FOUND, KEEPER_LOST.
   */
  async read(isLenient = false): Promise<Reading> {
    const refusals: Fault[] = []
    const refused = isLenient ? (fault: Fault) => void refusals.push(fault) : null
    const { variables, folder } = this.#world
    const fromVariable = readLine(
      shellWords(variables.GUNICORN_CMD_ARGS ?? '', 'GUNICORN_CMD_ARGS'),
      'GUNICORN_CMD_ARGS',
    )
    const lines = [fromVariable, this.#line]
    const location = lines.map((line) => configOf(line)).findLast((path) => path !== null) ?? null
    const configuration =
      location === null && lookAtDisk(join(folder, DEFAULT_FILE)) === null
        ? null
        : await this.#readFile(
            location,
            this.#translate(mergeTold(null, lines, folder), null, isLenient ? () => {} : null).loaded,
          )
    const told = mergeTold(configuration && fileTold(configuration, folder), lines, folder)
    const { translation, defaults, loaded } = this.#translate(
      await this.#withHookTls(told, configuration),
      configuration,
      refused,
    )
    return { told, defaults, translation, configuration, loaded, refusals }
  }

  /** `before`: the settings without the file, which say where Python is. */
  async #readFile(location: string | null, before: Loaded): Promise<Configuration> {
    const { variables, folder, inherited } = this.#world
    const configuration = await readConfiguration({
      keeper: this.#keeper,
      python: findPython(before, variables).path,
      module: MODULE,
      facts: { location, folder, names: NAMES },
      folder,
      variables,
      notifySocket: inherited?.notifySocket ?? null,
    })
    this.#keeper = configuration.keeper
    return configuration
  }

  /** The hook ssl_context runs, and what it wants stands beside it. Faults: CONFIG_FAILED, HOOK_INVALID. */
  async #withHookTls(told: AllTold, configuration: Configuration | null): Promise<AllTold> {
    const hook = told.get('ssl_context')
    if (configuration === null || !hook || hook.value === null) return told
    const { keeper, reading } = configuration
    const tls = (await keeper.ask(MODULE, 'tls', { reading, values: valuesOf(told, new Map()) }, HOOK_MS)) as HookTls
    return new Map([...told, ['ssl_context', { ...hook, value: withTls(hook.value, tls) }]])
  }

  #translate(told: AllTold, configuration: Configuration | null, refused: ((fault: Fault) => void) | null) {
    const { variables, folder } = this.#world
    const defaults = this.#withName(variableDefaults(variables))
    const translation = translate(SERVER, GUNICORN, told, defaults, refused)
    const dialect = {
      defaults: [...besides(variables, told.get('daemon')?.value === true), ...translation.defaults],
      warnings: [...this.#lineWarnings(), ...fileWarnings(configuration), ...translation.warnings],
    }
    const loaded = load(
      [...translation.given, ...this.#app(), ...this.#activated()],
      variables,
      folder,
      readTextFile,
      dialect,
    )
    return { translation, defaults, loaded: withExtension(loaded, told, defaults, configuration) }
  }

  /** As there, APP is what the program is called where nothing else is told. */
  #withName(defaults: AllTold): AllTold {
    const [app] = this.#line.words
    const name = 'default_proc_name'
    return app === undefined ? defaults : new Map([...defaults, [name, { value: app, origin: origin('', name) }]])
  }

  /** APP of the command line; that of GUNICORN_CMD_ARGS counts for nothing. */
  #app(): Given[] {
    const [app] = this.#line.words
    return app === undefined ? [] : [{ key: 'app', words: [app], off: false, origin: origin('command line', 'APP') }]
  }

  /** What the service manager has bound for us is all that is listened at, whatever `bind` says. */
  #activated(): Given[] {
    const count = this.#world.inherited?.activated ?? 0
    if (count === 0) return []
    const words = Array.from({ length: count }, (_, index) => `fd://${FIRST_ACTIVATED + index}`)
    return [{ key: 'bind', words, off: false, origin: { kind: 'variable', name: 'LISTEN_FDS' } }]
  }

  #lineWarnings(): string[] {
    const [app, ...others] = this.#line.words
    return others.length === 0
      ? []
      : [`the application is ${app}: what stands behind it counts for nothing, as in ${SERVER}: ${others.join(' ')}`]
  }
}

/** As Gunicorn checks: the file is run and the application loaded, but no hook is called. */
export function withoutHooks(loaded: Loaded): Loaded {
  if (loaded.extension?.module !== MODULE) return loaded
  const { options } = loaded.extension
  const hooks = HOOKS.map(({ name }) => [name, null] as const)
  const values = { ...(options.values as Readonly<Record<string, Value>>), ...Object.fromEntries(hooks) }
  return { ...loaded, extension: { module: MODULE, options: { ...options, values } } }
}

function configOf(line: GunicornLine): string | null {
  for (const [{ name }, { value }] of line.told) if (name === 'config') return (value as string).trim() || null // `-c "$CONF"` without one
  return null
}

function fileTold({ path, values }: Configuration, folder: string): FileTold {
  const text = path?.startsWith('/') ? readTextFile(path) : null
  const shown = path !== null && dirname(path) === folder ? basename(path) : (path ?? '')
  return {
    values: values as Readonly<Record<string, Value>>,
    originOf(name) {
      const line = text === null ? null : lineOf(text, name)
      return origin(line === null ? shown : `${shown}, line ${line}`, name)
    },
  }
}

function fileWarnings(configuration: Configuration | null): string[] {
  if (configuration === null) return []
  const { path, unknown, values, warnings } = configuration
  const misspelled = suggestions(unknown, Object.keys(values)).map(
    ([name, meant]) => `${path}: ${name} is no setting of ${SERVER}: did you mean ${meant}?`,
  )
  const ours = foreignNames(unknown).map(
    ([name, variable]) => `${path}: ${name} is no setting of ${SERVER} and has no effect: ${variable} is one of dram's`,
  )
  return [...warnings, ...misspelled, ...ours]
}

/** None was there. */
const NO_FILE = { path: null, reading: 0 }

function valuesOf(told: AllTold, defaults: AllTold): Record<string, Value> {
  return Object.fromEntries(
    GUNICORN.map((row) => [row.name, (told.get(row.name) ?? defaults.get(row.name))?.value ?? row.default]),
  )
}

/** The file is run in the workers, too, whether it has hooks or not: it may set variables, or import what patches. */
function withExtension(loaded: Loaded, told: AllTold, defaults: AllTold, configuration: Configuration | null): Loaded {
  const values = valuesOf(told, defaults)
  const { chdir } = loaded.settings
  const options = { values, chdir: chdir ?? loaded.folder, folder: loaded.folder }
  return { ...loaded, extension: extensionOf(configuration ?? NO_FILE, MODULE, options) }
}
