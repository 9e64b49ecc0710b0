import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from '../faults/fault.ts'

// statfs(2): TMPFS_MAGIC, RAMFS_MAGIC
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6])
const NAME = /^dram-spool-(\w+)-(\d+)-(\d+)$/

/** Makes this process's own spool folder in `parent`, after sweeping what dead servers left. Faults: SPOOL_FOLDER. */
export function makeFolder(parent: string): string {
  try {
    makeParents(parent)
    sweep(parent)
    const folder = join(parent, `dram-spool-${processSpace()}-${process.pid}-${startOf(process.pid)}`)
    rmSync(folder, { recursive: true, force: true }) // an earlier start of this same process
    mkdirSync(folder, { mode: 0o700 })
    return folder
  } catch (error) {
    throw new Fault('SPOOL_FOLDER', { detail: (error as Error).message })
  }
}

/** As `recursive` of mkdir, which never returns below /proc (Node 20). */
function makeParents(path: string): void {
  if (existsSync(path)) return
  makeParents(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/** Does the folder live in memory, so that spooling saves none? */
export function isInMemory(folder: string): boolean {
  try {
    return MEMORY_FILE_SYSTEMS.has(statfsSync(folder).type)
  } catch {
    return false
  }
}

/**
 * Removes the folders whose server is gone. Only of this space of process ids: on a volume that containers share,
 * the servers of the others live though their pids are not seen here.
 */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, space, pid, start] = NAME.exec(name) ?? []
    if (space !== processSpace() || startOf(Number(pid)) === start) continue
    const folder = join(parent, name)
    const found = lstatSync(folder)
    if (found.isDirectory() && found.uid === process.getuid?.()) rmSync(folder, { recursive: true, force: true })
  }
}

/** Inode number of the pid namespace; '0' where there is none. */
function processSpace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** When a process started, in ticks since boot: with the pid it names a process for good. null: there is none. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0' // field 22; the name before may hold blanks
  } catch {
    return isAlive(pid) ? '0' : null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
