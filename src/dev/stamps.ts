import { type BigIntStats, statSync } from 'node:fs'

const NS_PER_MS = 1e6

/** Another one for each state of a file; '' where there is none that can be looked at. */
export function stampOf(path: string): string {
  const stats = statsOf(path)
  return stats === null ? '' : `${stats.ino} ${stats.mtimeNs} ${stats.size}`
}

/** Those of these files that were changed since then. `wallMs`: milliseconds since 1970. */
export function changedSince(paths: readonly string[], wallMs: number): string[] {
  return paths.filter((path) => Number(statsOf(path)?.mtimeNs ?? 0) / NS_PER_MS > wallMs)
}

/** In the midst of a checkout a folder may have become a file, and who made a file may keep it to themselves. */
function statsOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return null
  }
}
