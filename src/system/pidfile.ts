import { chownSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { Fault } from '../faults/fault.ts'
import { startedAtMs } from './processes.ts'

/** Clocks are read at different moments, and a start is counted in ticks of 10 ms. */
const SLACK_MS = 2_000

/** The file that holds this server's process id. */
export class Pidfile {
  readonly #path: string

  /**
   * Looks whether the path may be used: nothing is there, or an empty file, or the id of a process that lives no more.
   * @param predecessor the server that we are to replace: its file is ours as soon as we serve
   * Faults: PIDFILE.
   */
  constructor(path: string, predecessor: number | null) {
    this.#path = path
    const there = lookAt(path)
    if (there === null) return
    if (there.pid === null) throw new Fault('PIDFILE', { detail: `${path} holds something else than a process id` })
    if (there.pid === predecessor || there.pid === process.pid) return
    if (isAlive(there.pid, there.writtenMs))
      throw new Fault('PIDFILE', { detail: `${path} is that of process ${there.pid}, which is running` })
  }

  /** Whole or not at all, where the folder lets us. `owner`: who may remove it at the end. Faults: PIDFILE. */
  write(owner: { readonly uid: number; readonly gid: number } | null = null): void {
    const fresh = `${this.#path}.${process.pid}`
    const text = `${process.pid}\n`
    try {
      try {
        rmSync(fresh, { force: true })
        writeFileSync(fresh, text, { mode: 0o644, flag: 'wx' }) // in a folder of many, a link there may lead anywhere
        if (owner !== null) chownSync(fresh, owner.uid, owner.gid)
        renameSync(fresh, this.#path)
      } catch (error) {
        rmSync(fresh, { force: true })
        if (!isForbidden(error)) throw error
        writeFileSync(this.#path, text) // a user without rights on the folder may have them on the file
      }
    } catch (error) {
      throw new Fault('PIDFILE', { detail: (error as Error).message })
    }
  }

  /** Removes it, if it is still ours; empties it where it can't be removed. */
  remove(): void {
    try {
      if (lookAt(this.#path)?.pid !== process.pid) return
      try {
        rmSync(this.#path)
      } catch {
        truncateSync(this.#path)
      }
    } catch {
      // it can't be read or written any more: the next start sees that its process is gone
    }
  }
}

/** Null: there is no file, or an empty one. `pid` null: it holds something else. */
function lookAt(path: string): { readonly pid: number | null; readonly writtenMs: number } | null {
  try {
    const text = readFileSync(path, 'latin1').trim()
    const pid = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null
    return text === '' ? null : { pid, writtenMs: statSync(path).mtimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Fault('PIDFILE', { detail: (error as Error).message })
  }
}

/** A process that started after the file was written is another one, which got its number. */
function isAlive(pid: number, writtenMs: number): boolean {
  const startedMs = startedAtMs(pid)
  return startedMs !== null && startedMs <= writtenMs + SLACK_MS
}

function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(String((error as NodeJS.ErrnoException).code))
}
