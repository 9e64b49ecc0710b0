import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../faults/fault.ts'

/** A Unix socket's path holds 107 bytes; `/w1234567.sock` is the longest name that is put in the folder. */
const MOST_PATH_BYTES = 107 - 16

/**
 * The private folder (0700) in which front, zygote and workers meet. Its name holds the server's pid and start time,
 * so that the next start can sweep what dead servers left.
 */
export function makeRuntimeFolder(runtimeDir: string | null): string {
  const base = runtimeDir ?? tmpdir()
  const path = join(base, `dram-${process.pid}-${startTime(process.pid) ?? 0}`)
  if (Buffer.byteLength(path) > MOST_PATH_BYTES)
    throw new Fault('RUNTIME_FOLDER', { detail: `${path} is too long a path` })
  try {
    sweep(base)
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    throw new Fault('RUNTIME_FOLDER', { detail: (error as Error).message })
  }
  return path
}

export function removeRuntimeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** What a worker that has ended leaves behind (wire/README.md, python/dram/zygote.py). */
export function removeWorkerFiles(folder: string, number: number): void {
  for (const kind of ['sock', 'out', 'err', 'page']) rmSync(join(folder, `w${number}.${kind}`), { force: true })
}

/** Clock ticks since boot at which a process started; null when there is none, or no /proc. */
export function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function sweep(base: string): void {
  if (startTime(process.pid) === null) return // no /proc: no telling who is dead
  for (const name of readdirSync(base)) {
    const owner = /^dram-(\d+)-(\d+)$/.exec(name)
    if (owner && startTime(Number(owner[1])) !== owner[2]) rmSync(join(base, name), { recursive: true, force: true })
  }
}
