import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../faults/fault.ts'
import { makePrivateFolder } from '../system/privateFolder.ts'

/** A Unix socket's path holds 107 bytes; `/w1234567.template` is the longest name that is put in the folder. */
const MOST_PATH_BYTES = 107 - 18

/** The private folder in which front, zygote and workers meet. Faults: RUNTIME_FOLDER. */
export function makeRuntimeFolder(runtimeDir: string | null): string {
  const folder = make(runtimeDir ?? tmpdir())
  if (Buffer.byteLength(folder) <= MOST_PATH_BYTES) return folder
  removeRuntimeFolder(folder)
  throw new Fault('RUNTIME_FOLDER', { detail: `${folder} is too long a path for sockets` })
}

function make(parent: string): string {
  try {
    return makePrivateFolder(parent, 'dram')
  } catch (error) {
    throw new Fault('RUNTIME_FOLDER', { detail: (error as Error).message })
  }
}

export function removeRuntimeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** What a worker that has ended leaves behind (wire/README.md, python/dram/zygote.py). */
export function removeWorkerFiles(folder: string, number: number): void {
  for (const kind of ['sock', 'out', 'err', 'page', 'stack', 'template'])
    rmSync(join(folder, `w${number}.${kind}`), { force: true })
}

export function removeLifeline(path: string): void {
  rmSync(path, { force: true })
}
