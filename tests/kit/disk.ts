import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd, type Scope } from './ends.ts'

/** A file system of its own that can be filled to the last byte. */
export interface SmallDisk {
  readonly path: string
  /** Leaves no room for a single byte more. */
  fill(): void
  /** Gives back what `fill` took. */
  free(): void
}

const BALLAST = 'ballast'

/** Whether this process may mount: false, or the reason for skipping. */
export const noSmallDisk = canMount() ? false : 'mounting a tmpfs needs root'

/** A tmpfs, unmounted with the scope. */
export function smallDisk(scope: Scope, bytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'dram-test-'))
  try {
    mount(path, bytes)
  } catch (error) {
    rmdirSync(path)
    throw error
  }
  atEnd(scope, () => {
    // Lazily: a process that still ends may have a file open there.
    execFileSync('umount', ['--lazy', path])
    rmdirSync(path)
  })
  return {
    path,
    fill: () => fill(join(path, BALLAST), path),
    free: () => rmSync(join(path, BALLAST), { force: true }),
  }
}

function fill(file: string, path: string): void {
  for (let round = 0; ; round++) {
    const { bavail, bsize } = statfsSync(path)
    if (bavail === 0) return
    if (round > 100) throw new Error('the disk does not get full')
    try {
      writeFileSync(file, Buffer.alloc(bavail * bsize), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

function mount(path: string, bytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=1777`, 'tmpfs', path], { stdio: 'pipe' })
}

function canMount(): boolean {
  const ends: (() => void)[] = []
  const scope = { after: (end: () => void) => ends.unshift(end) } as unknown as Scope
  try {
    return readdirSync(smallDisk(scope, 4096).path).length === 0
  } catch {
    return false
  } finally {
    for (const end of ends) end()
  }
}
