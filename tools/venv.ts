import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Python } from './pythons.ts'

/**
 * The interpreter of a virtual environment with the guests in it. It is kept in .cache/ under a name that
 * follows from interpreter and requirements, and made anew when either changes or when it was left half-made.
 */
export function preparedPython(root: string, python: Python): string {
  const requirements = join(root, 'tests/guests/requirements.txt')
  const key = createHash('sha256')
    .update(readFileSync(requirements))
    .update(python.executable)
    .digest('hex')
    .slice(0, 12)
  const folder = join(root, '.cache', `python-${python.version}-${key}`)
  const done = join(folder, 'complete')
  const executable = join(folder, 'bin/python')
  if (existsSync(done)) return executable
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(root, '.cache'), { recursive: true })
  process.stdout.write(`preparing ${folder}\n`)
  const quiet: ExecFileSyncOptions = { stdio: ['ignore', 'inherit', 'inherit'] }
  execFileSync(python.executable, ['-m', 'venv', folder], quiet)
  execFileSync(
    executable,
    ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', '-r', requirements],
    quiet,
  )
  writeFileSync(done, '')
  return executable
}
