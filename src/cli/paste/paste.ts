import { dirname, resolve } from 'node:path'
import { Fault } from '../../faults/fault.ts'
import type { Keeper } from '../../house/keeper.ts'
import type { Given } from '../../settings/given.ts'
import { type Loaded, load, type ReadText, strengthened } from '../../settings/load.ts'
import { readTextFile } from '../../settings/readTextFile.ts'
import { readConcurrency, readPort } from '../../settings/variables.ts'
import type { World } from '../commands/command.ts'
import { GunicornSettings } from '../dialects/gunicorn/load.ts'
import { gunicornLine } from './gunicornServer.ts'
import { type Globals, readSection, type Section } from './ini.ts'
import { ownServer } from './ownServer.ts'
import type { OriginOf, ReadServer, ServerSection } from './server.ts'
import { waitressServer } from './waitressServer.ts'

const SERVERS: Readonly<Record<string, ReadServer>> = { 'egg:dram': ownServer, 'egg:waitress': waitressServer }
const GUNICORN = 'egg:gunicorn'
const SERVER = 'server:main'

/** Is this APP a file of PasteDeploy: `production.ini`, `production.ini#shop`? */
export function isPaste(app: string | undefined): boolean {
  return /\.ini(?:#.*)?$/.test(app ?? '')
}

/**
 * The settings by a file of PasteDeploy: it names the application, and its [server:main] is the settings file, in the
 * meaning of the server it was written for. Read at the start and again at each reload.
 */
export class PasteSettings {
  readonly #app: string
  readonly #given: readonly Given[]
  readonly #world: World
  readonly #readText: ReadText
  #gunicorn: GunicornSettings | null = null

  /** `app`: the file, and perhaps the name of an application. `given`: what the command line says besides. */
  constructor(app: string, given: readonly Given[], world: World, readText: ReadText = readTextFile) {
    this.#app = app
    this.#given = given.filter(({ key }) => key !== 'app')
    this.#world = world
    this.#readText = readText
  }

  /** What it has started to run a configuration file of Gunicorn; null: nothing. */
  get keeper(): Keeper | null {
    return this.#gunicorn?.keeper ?? null
  }

  /** Faults: PASTE_FILE, PASTE_SERVER, those of the settings. */
  async read(): Promise<Loaded> {
    const path = resolve(this.#world.folder, this.#app.replace(/#.*$/, ''))
    const section = readSection(path, this.#textOf(path), SERVER, this.#globals(path))
    const { use, keys, originOf } = opened(path, section ?? new Map())
    if (use === GUNICORN) return this.#readGunicorn(keys, originOf)
    const read = SERVERS[use]
    if (section !== null && read === undefined) {
      throw new Fault('PASTE_SERVER', { detail: `${path}, [${SERVER}]: use = ${use || 'nothing'}` })
    }
    return this.#load(read?.(keys, originOf) ?? { given: [], dialect: null, extension: null })
  }

  #load({ given, dialect, extension }: ServerSection): Loaded {
    const { variables, folder } = this.#world
    const defaults = dialect
      ? [...dialect.defaults, ...given]
      : [...readPort(variables), ...given, ...readConcurrency(variables)]
    const app: Given = { key: 'paste', words: [this.#app], off: false, origin: { kind: 'flag', name: '' } }
    const warnings = dialect?.warnings ?? []
    return { ...load([...this.#given, app], variables, folder, this.#readText, { defaults, warnings }), extension }
  }

  async #readGunicorn(keys: Section, originOf: OriginOf): Promise<Loaded> {
    const line = gunicornLine(this.#app, this.#globalWords, keys, originOf)
    this.#gunicorn ??= new GunicornSettings(line, withPython(this.#world, this.#given))
    this.#gunicorn.line = line
    return strengthened((await this.#gunicorn.read()).loaded, this.#given)
  }

  get #globalWords(): string[] {
    return this.#given.filter(({ key }) => key === 'pasteGlobal').flatMap((one) => one.words)
  }

  /** What PasteDeploy itself says in every section, and what the command line adds. */
  #globals(path: string): Globals {
    const pairs = this.#globalWords.map((word) => {
      const at = word.indexOf('=')
      return [word.slice(0, at), word.slice(at + 1)] as const
    })
    return { here: dirname(path), __file__: path, ...Object.fromEntries(pairs) }
  }

  #textOf(path: string): string {
    const text = this.#readText(path)
    if (text === null) throw new Fault('PASTE_FILE', { detail: `there is no file ${path}` })
    return text
  }
}

function opened(path: string, section: Section): { use: string; keys: Section; originOf: OriginOf } {
  const use = section.get('use')
  const keys = new Map([...section].filter(([name]) => name !== 'use'))
  return {
    use: use?.value.replace(/#main$/, '') ?? '',
    keys,
    originOf: (name) => ({ kind: 'file', path, line: (keys.get(name) ?? use)?.line ?? 1, name }),
  }
}

/** A configuration file of Gunicorn's is run by the Python that `--python` names. */
function withPython(world: World, given: readonly Given[]): World {
  const python = given.findLast(({ key }) => key === 'python')?.words[0]
  return python === undefined ? world : { ...world, variables: { ...world.variables, DRAM_PYTHON: python } }
}
