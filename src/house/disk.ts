import { accessSync, constants, statSync } from 'node:fs'

/** What is at a path: something this user may run, a folder, something else, or nothing. */
export type Look = (path: string) => 'executable' | 'folder' | 'other' | null

export const lookAtDisk: Look = (path) => {
  try {
    const found = statSync(path)
    if (found.isDirectory()) return 'folder'
    if (!found.isFile()) return 'other'
  } catch {
    return null
  }
  try {
    accessSync(path, constants.X_OK)
    return 'executable'
  } catch {
    return 'other'
  }
}

/**
 * The working folder by the name it was entered with (the variable PWD), if that is still it: where the name is a link
 * that a deployment moves on, a reload finds what is new there.
 */
export function workingFolder(name: string | undefined): string {
  const real = process.cwd()
  return name?.startsWith('/') && isSame(name, real) ? name : real
}

function isSame(path: string, other: string): boolean {
  try {
    const [first, second] = [statSync(path), statSync(other)]
    return first.dev === second.dev && first.ino === second.ino
  } catch {
    return false
  }
}
