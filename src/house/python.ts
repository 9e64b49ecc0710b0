import { delimiter, dirname, join, resolve } from 'node:path'
import { Fault } from '../faults/fault.ts'
import type { Loaded } from '../settings/load.ts'
import type { Variables } from '../settings/variables.ts'
import { type Look, lookAtDisk } from './disk.ts'

export interface Interpreter {
  /** Absolute; not resolved, since a virtual environment is known by where its link stands. */
  readonly path: string
  /** Why this one, to be read: `--python`, `the active virtual environment` … */
  readonly from: string
}

/** What to look for, in order: one that must be there if it was asked for, else the first that is. */
interface Candidate extends Interpreter {
  readonly asked?: true
}

/**
 * The interpreter to use. Nothing is run: whether it runs, and how old it is, shows when the first process starts.
 * @throws Fault PYTHON_NOT_FOUND with all that was tried
 */
export function findPython(loaded: Loaded, variables: Variables, look: Look = lookAtDisk): Interpreter {
  const tried: string[] = []
  for (const { path, from, asked } of candidates(loaded, variables, look)) {
    if (look(path) === 'executable') return { path, from }
    tried.push(`${path} (${from})`)
    if (asked) break
  }
  throw new Fault('PYTHON_NOT_FOUND', { detail: tried.join(', ') || 'nothing, for PATH is empty' })
}

function* candidates({ settings, folder }: Loaded, variables: Variables, look: Look): Generator<Candidate> {
  if (settings.python !== null) yield* asked(settings.python, variables, look)
  if (variables.VIRTUAL_ENV) {
    yield { path: join(resolve(folder, variables.VIRTUAL_ENV), 'bin/python'), from: 'the active virtual environment' }
  }
  for (const home of applicationFolders(settings.paste ?? settings.app, resolve(folder, settings.chdir ?? ''))) {
    yield { path: join(home, '.venv/bin/python'), from: 'beside the application' }
    yield { path: join(home, 'venv/bin/python'), from: 'beside the application' }
  }
  yield* onPath('python3', variables, look)
  yield* onPath('python', variables, look)
}

/** `--python`: a path, the folder of a virtual environment, or a name to look for on PATH. */
function* asked(python: string, variables: Variables, look: Look): Generator<Candidate> {
  const from = '--python'
  if (!python.startsWith('/')) {
    for (const { path } of onPath(python, variables, look)) yield { path, from, asked: true }
  } else if (look(python) === 'folder') yield { path: join(python, 'bin/python'), from, asked: true }
  else yield { path: python, from, asked: true }
}

/** The first of that name on PATH; the bare name if there is none, so that it is told as tried. */
function* onPath(name: string, variables: Variables, look: Look): Generator<Candidate> {
  const folders = (variables.PATH ?? '').split(delimiter).filter(Boolean)
  const path = folders.map((folder) => join(folder, name)).find((path) => look(path) === 'executable')
  yield { path: path ?? name, from: 'on PATH' }
}

/** Where a virtual environment of the application may be: the folder of its file, and the one it runs in. */
function applicationFolders(app: string | null, base: string): Set<string> {
  const file = /^([^(]*\.py)(?::|$)|^(.*\.ini)(?:#|$)/.exec(app ?? '')?.[0].replace(/[:#]$/, '')
  return new Set(file === undefined ? [base] : [dirname(resolve(base, file)), base])
}
