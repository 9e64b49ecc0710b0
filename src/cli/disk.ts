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
