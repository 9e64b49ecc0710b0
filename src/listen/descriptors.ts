import { readdirSync, readFileSync } from 'node:fs'

/** How many descriptors this process may have open: the soft limit, which Node raises to the hard one. Infinity where the system doesn't say. */
export function descriptorLimit(): number {
  const limit = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1]
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
}

/** How many descriptors are open now. 0 where the system doesn't say. */
export function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length - 1 // one of them was the look at the folder
  } catch {
    return 0
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
