import { statfsSync } from 'node:fs'
import { Fault } from '../faults/fault.ts'
import { makePrivateFolder } from '../system/privateFolder.ts'

// statfs(2): TMPFS_MAGIC, RAMFS_MAGIC
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6])

/** Makes this process's own spool folder in `parent`. Faults: SPOOL_FOLDER. */
export function makeFolder(parent: string): string {
  try {
    return makePrivateFolder(parent, 'dram-spool')
  } catch (error) {
    throw new Fault('SPOOL_FOLDER', { detail: (error as Error).message })
  }
}

/** Does the folder live in memory, so that spooling saves none? */
export function isInMemory(folder: string): boolean {
  try {
    return MEMORY_FILE_SYSTEMS.has(statfsSync(folder).type)
  } catch {
    return false
  }
}
