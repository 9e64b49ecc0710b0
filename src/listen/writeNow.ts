import { writevSync } from 'node:fs'

/**
 * Writes what the kernel takes at once, and says how many bytes that were: those may be written over, where a handle's
 * own write would keep all of them. 0 where nothing can be said, errors included: its own write is then to be used,
 * and tells of them.
 */
export function writeNow(fd: number | undefined, parts: readonly Buffer[]): number {
  if (fd === undefined || fd < 0) return 0
  try {
    return writevSync(fd, parts)
  } catch {
    return 0
  }
}
