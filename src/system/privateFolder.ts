import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pidSpace, startOf } from './processes.ts'

/**
 * Makes a folder of this process alone (0700) in `parent`, after sweeping what dead servers left there. Its name tells
 * whose it is: prefix, space of process ids, pid, start time. Errors: the system's.
 */
export function makePrivateFolder(parent: string, prefix: string): string {
  makeParents(parent)
  sweep(parent, prefix)
  const folder = join(parent, `${prefix}-${pidSpace()}-${process.pid}-${startOf(process.pid)}`)
  rmSync(folder, { recursive: true, force: true }) // an earlier start of this same process
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

/**
 * As `recursive` of mkdir, which never returns below /proc (Node 20). `owner`: to whom what is made belongs, where that
 * is not us. Errors: the system's.
 */
export function makeParents(path: string, owner: { readonly uid: number; readonly gid: number } | null = null): void {
  if (existsSync(path)) return
  makeParents(dirname(path), owner)
  mkdirSync(path, { mode: 0o700 })
  if (owner !== null) chownSync(path, owner.uid, owner.gid)
}

/**
 * Removes the folders whose server is gone. Only of this space of process ids: on a volume that containers share,
 * the servers of the others live though their pids are not seen here. And only our own user's.
 */
function sweep(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    const [, space, pid, start] = new RegExp(`^${prefix}-(\\d+)-(\\d+)-(\\d+)$`).exec(name) ?? []
    if (space !== pidSpace() || startOf(Number(pid)) === start) continue
    const folder = join(parent, name)
    const found = lstatSync(folder, { throwIfNoEntry: false })
    if (found?.isDirectory() && found.uid === process.getuid?.()) rmSync(folder, { recursive: true, force: true })
  }
}
