import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bytecodeFolder, isBytecodeOf } from './relevance.ts'

/** Removes what Python would take for the bytecode of these sources although they have changed: it knows whole seconds only. */
export function forgetBytecode(sources: readonly string[]): void {
  for (const source of sources) if (source.endsWith('.py')) forget(source)
}

function forget(source: string): void {
  const folder = bytecodeFolder(source)
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return // there is none
  }
  for (const name of names) if (isBytecodeOf(source, name)) remove(join(folder, name))
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It is somebody else's, root's perhaps: Python may go by it until another save.
  }
}
