import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Python {
  /** `3.11.7` */
  readonly version: string
  readonly implementation: string
  /** The true executable, no shim in front of it. */
  readonly executable: string
}

/** CPython from here on is served, and tested. */
const OLDEST = [3, 9] as const

/** The interpreter that `python3` means here. */
export function defaultPython(): Python {
  const python = examine('python3')
  if (!python) throw new Error('there is no python3 on PATH that runs')
  return python
}

/** One interpreter for each minor version that is installed, oldest first, then PyPy where it is. */
export function allPythons(): Python[] {
  const found = new Map<string, Python>()
  for (const candidate of [...pyenvPythons(), ...pathPythons()]) {
    const python = examine(candidate)
    if (!python || !isServed(python.version)) continue
    const key = `${python.implementation} ${minorOf(python)}`
    if (!found.has(key)) found.set(key, python)
  }
  return [...found.values()].sort(byVersion)
}

/** The newest interpreter that is too old to be served, to see it refused; null where there is none. */
export function oldPython(): Python | null {
  const found = pyenvPythons().flatMap((candidate) => examine(candidate) ?? [])
  return (
    found
      .filter((python) => !isServed(python.version))
      .sort(byVersion)
      .at(-1) ?? null
  )
}

function pyenvPythons(): string[] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions')
  if (!existsSync(versions)) return []
  return readdirSync(versions).map((name) => join(versions, name, 'bin/python'))
}

function pathPythons(): string[] {
  const minors = Array.from({ length: 6 }, (_, at) => `python3.${OLDEST[1] + at}`)
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => folder && !folder.endsWith('/shims'))
  return [...minors, 'python3', 'pypy3'].flatMap((name) => folders.map((folder) => join(folder, name)))
}

/** Null when it isn't there or doesn't run. */
function examine(command: string): Python | null {
  if (command.includes('/') && !existsSync(command)) return null
  const ask =
    'import platform, sys; print(" ".join([platform.python_version(), platform.python_implementation(), sys.executable]))'
  try {
    const said = execFileSync(command, ['-c', ask], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [version = '', implementation = '', ...executable] = said.trim().split(' ')
    return { version, implementation, executable: executable.join(' ') }
  } catch {
    return null
  }
}

function isServed(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

function minorOf(python: Python): string {
  return python.version.split('.').slice(0, 2).join('.')
}

function byVersion(a: Python, b: Python): number {
  if (a.implementation !== b.implementation) return a.implementation === 'CPython' ? -1 : 1
  const [majorA = 0, minorA = 0] = a.version.split('.').map(Number)
  const [majorB = 0, minorB = 0] = b.version.split('.').map(Number)
  return majorA - majorB || minorA - minorB
}
