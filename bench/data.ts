import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIB = 1024 * 1024
const FILES_MIB = [1, 100]

/** What the applications read: files of so many MiB, and Django's database. The folder. */
export function prepareData(folder: string, apps: string, python: string): string {
  mkdirSync(folder, { recursive: true })
  for (const size of FILES_MIB) {
    const path = join(folder, `file-${size}m`)
    if (!existsSync(path) || statSync(path).size !== size * MIB) writeFileSync(path, Buffer.alloc(size * MIB, 'x'))
  }
  makeDatabase(folder, join(apps, 'django_page.py'), python)
  return folder
}

/** Anew when its application has changed. It is made beside and then named, so that half of one is never used. */
function makeDatabase(folder: string, script: string, python: string): void {
  const path = join(folder, 'django.sqlite3')
  if (existsSync(path) && statSync(path).mtimeMs > statSync(script).mtimeMs) return
  const making = join(folder, 'new')
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making)
  try {
    execFileSync(python, [script], { env: { ...process.env, BENCH_DATA: making }, stdio: ['ignore', 'ignore', 'pipe'] })
    renameSync(join(making, 'django.sqlite3'), path)
  } catch (error) {
    // The Django scenarios will say what is missing; the others go on.
    process.stderr.write(`bench: no database for Django: ${error instanceof Error ? error.message : error}\n`)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}
