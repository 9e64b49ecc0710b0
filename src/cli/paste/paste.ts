import { dirname, resolve } from 'node:path'
import { Fault } from '../../faults/fault.ts'
import type { Given, Origin } from '../../settings/given.ts'
import { type Dialect, type Extension, type Loaded, load, type ReadText } from '../../settings/load.ts'
import { readTextFile } from '../../settings/readTextFile.ts'
import { readConcurrency, readPort, type Variables } from '../../settings/variables.ts'
import { type Globals, readSection, type Section } from './ini.ts'
import { ownServer } from './ownServer.ts'
import { waitressServer } from './waitressServer.ts'

/** A section [server:…], said as settings. */
export interface ServerSection {
  /** As strong as a settings file. */
  readonly given: readonly Given[]
  readonly dialect: Dialect | null
  readonly extension: Extension | null
}

/** `originOf`: where a key of the section was said. */
export type ReadServer = (section: Section, originOf: (name: string) => Origin, path: string) => ServerSection

const SERVERS: Readonly<Record<string, ReadServer>> = {
  'egg:dram': ownServer,
  'egg:waitress': waitressServer,
}

const SERVER = 'server:main'

/** Is this APP a file of PasteDeploy: `production.ini`, `production.ini#shop`? */
export function isPaste(app: string | undefined): boolean {
  return /\.ini(?:#.*)?$/.test(app ?? '')
}

/**
 * As `load`, for a file of PasteDeploy: it names the application, and its [server:main] is a source of settings, in
 * the meaning of the server it was written for. It is the settings file: dram.toml is not read.
 * @throws Fault PASTE_FILE, PASTE_SERVER, and those of the settings
 */
export function loadPaste(
  app: string,
  given: readonly Given[],
  variables: Variables,
  folder: string,
  readText: ReadText = readTextFile,
): Loaded {
  const path = resolve(folder, app.replace(/#.*$/, ''))
  const rest = given.filter(({ key }) => key !== 'app')
  const target: Given = { key: 'paste', words: [app], off: false, origin: { kind: 'flag', name: '' } }
  const { given: own, dialect, extension } = readServer(path, textOf(path, readText), globalsOf(path, given))
  const defaults = dialect
    ? [...dialect.defaults, ...own]
    : [...readPort(variables), ...own, ...readConcurrency(variables)]
  const loaded = load([...rest, target], variables, folder, readText, { defaults, warnings: dialect?.warnings ?? [] })
  return { ...loaded, extension }
}

function readServer(path: string, text: string, globals: Globals): ServerSection {
  const section = readSection(path, text, SERVER, globals)
  if (section === null) return { given: [], dialect: null, extension: null }
  const use = section.get('use')?.value ?? ''
  const read = SERVERS[use.replace(/#main$/, '')]
  if (read === undefined) {
    throw new Fault('PASTE_SERVER', { detail: `${path}, [${SERVER}]: use = ${use || 'nothing'}` })
  }
  const keys = new Map([...section].filter(([name]) => name !== 'use'))
  return read(
    keys,
    (name) => ({ kind: 'file', path, line: keys.get(name)?.line ?? section.get('use')!.line, name }),
    path,
  )
}

/** What PasteDeploy itself says in every section, and what the command line adds. */
function globalsOf(path: string, given: readonly Given[]): Globals {
  const words = given.filter(({ key }) => key === 'pasteGlobal').flatMap((one) => one.words)
  const pairs = words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const)
  return { here: dirname(path), __file__: path, ...Object.fromEntries(pairs) }
}

function textOf(path: string, readText: ReadText): string {
  const text = readText(path)
  if (text === null) throw new Fault('PASTE_FILE', { detail: `there is no file ${path}` })
  return text
}
