import { readFileSync, readlinkSync } from 'node:fs'

/** When a process started, in ticks since boot: with the pid it names a process for good. '0' where there is no /proc; null: there is no such process. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0' // field 22; the name before may hold blanks
  } catch {
    return isAlive(pid) ? '0' : null
  }
}

/** Inode number of the space that our pids belong to (pid namespace); '0' where there is none. */
export function pidSpace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
