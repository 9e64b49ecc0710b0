import { basename, dirname, extname, join, relative, sep } from 'node:path'
import type { Pattern } from './patterns.ts'

/** What the application consists of. */
export interface Sources {
  /** The folder it runs in, absolute. */
  readonly folder: string
  /** Files that it has imported, absolute. */
  readonly imported: ReadonlySet<string>
  /** It, or a request, failed: any Python file of its folder may be the one that mends it. */
  readonly isBroken: boolean
  /** Files that count besides, absolute. */
  readonly named: ReadonlySet<string>
  /** And these. */
  readonly patterns: readonly Pattern[]
}

/** `reload`: the application is loaded anew. `refresh`: it is none of Python's business, only a browser's. */
export type Relevance = 'reload' | 'refresh' | 'none'

const TEMPLATES: ReadonlySet<string> = new Set(
  '.html .htm .jinja .jinja2 .j2 .mako .mak .pt .tmpl .tpl .xml .txt .mo'.split(' '),
)
const ASSETS: ReadonlySet<string> = new Set(
  '.css .js .mjs .svg .png .jpg .jpeg .gif .webp .avif .ico .woff .woff2'.split(' '),
)
/** Folders that hold nothing of the application's own. */
const FOREIGN: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'site-packages', 'venv', 'htmlcov'])

export function isInside(folder: string, path: string): boolean {
  const from = relative(folder, path)
  return from !== '..' && !from.startsWith(`..${sep}`)
}

/** Is what lies here looked at? Not folders that are foreign or hidden. What lies outside is watched by name only. */
export function isWatched(folder: string, path: string): boolean {
  if (!isInside(folder, path)) return true
  const parts = relative(folder, path).split(sep)
  const last = parts.at(-1)!
  return !parts.some((part) => FOREIGN.has(part) || (part.startsWith('.') && part !== last)) && isPlain(last)
}

const isPlain = (name: string): boolean =>
  !name.startsWith('.') || name.startsWith('.env') || name.startsWith('.flaskenv')

export function isNamed(path: string, patterns: readonly Pattern[]): boolean {
  return patterns.some((pattern) => pattern.matches(path))
}

/** What follows from a change of this file (absolute), its making and its deletion included. */
export function relevanceOf(path: string, { folder, imported, isBroken, named, patterns }: Sources): Relevance {
  if (named.has(path) || imported.has(path) || isNamed(path, patterns)) return 'reload'
  if (!isInside(folder, path) || !isWatched(folder, path)) return 'none'
  const extension = extname(path)
  if (extension === '.py') return isBroken ? 'reload' : 'none'
  if (TEMPLATES.has(extension)) return 'reload'
  return ASSETS.has(extension) ? 'refresh' : 'none'
}

/**
 * Is this name, in a `__pycache__`, that of the bytecode of `source`? Python takes it for fresh where time (in whole
 * seconds) and size of the source are the same (PEP 3147, PEP 552).
 */
export function isBytecodeOf(source: string, name: string): boolean {
  return name.startsWith(`${basename(source, '.py')}.`) && name.endsWith('.pyc')
}

export function bytecodeFolder(source: string): string {
  return join(dirname(source), '__pycache__')
}
