import { readFileSync, readlinkSync } from 'node:fs'
import { uptime } from 'node:os'

/** What Linux shows in /proc is in hundredths of a second, whatever its own clock is (USER_HZ). */
const MS_PER_TICK = 10

/** When a process started, in ticks since boot: with the pid it names a process for good. '0' where there is no /proc; null: there is no such process. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0' // field 22; the name before may hold blanks
  } catch {
    return isAlive(pid) ? '0' : null
  }
}

/** Is the process that was started then still there, and more than a zombie whom nobody has reaped? */
export function isRunning(pid: number, start: string): boolean {
  return startOf(pid) === start && stateOf(pid) !== 'Z'
}

/** One letter (proc(5)); '' where there is no /proc. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.charAt(stat.lastIndexOf(')') + 2)
  } catch {
    return ''
  }
}

/** When a process started, milliseconds since 1970; 0 where the system doesn't say; null: there is no such process. */
export function startedAtMs(pid: number): number | null {
  const ticks = startOf(pid)
  if (ticks === null || stateOf(pid) === 'Z') return null
  return ticks === '0' ? 0 : Date.now() - uptime() * 1000 + Number(ticks) * MS_PER_TICK
}

/** Sends a signal by number or name, only if the pid is still that process's. */
export function sendSignal(pid: number, start: string, signal: NodeJS.Signals | number): void {
  if (startOf(pid) !== start) return
  try {
    process.kill(pid, signal)
  } catch {
    // it ended meanwhile
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
