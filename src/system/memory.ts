import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

const KIB = 1024
/** In the auxiliary vector (getauxval(3)): the size of a page. */
const AT_PAGESZ = 6n
const USUAL_PAGE_BYTES = 4096

let pageBytes = 0

/** Resident set size of a process, bytes; null: there is no such process, or no /proc. Some 10 µs. */
export function rssOf(pid: number): number | null {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1])
    pageBytes ||= readPageBytes()
    return pages * pageBytes
  } catch {
    return null
  }
}

/**
 * Its share, bytes: what it has in common with others is divided among them. Null: it can't be read. The kernel walks
 * all its memory for this, milliseconds for a large one, so that is done on another thread.
 */
export async function pssOf(pid: number): Promise<number | null> {
  try {
    const found = /^Pss:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1'))
    return found === null ? null : Number(found[1]) * KIB
  } catch {
    return null
  }
}

function readPageBytes(): number {
  try {
    const vector = readFileSync('/proc/self/auxv')
    for (let at = 0; at + 16 <= vector.length; at += 16)
      if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8))
  } catch {
    // as on most machines, then
  }
  return USUAL_PAGE_BYTES
}
