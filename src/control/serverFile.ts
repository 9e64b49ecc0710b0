import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `server.json` in the runtime folder: who serves there, for those who look for it. */
export interface ServerFile {
  readonly pid: number
  /** When that process started (`startOf`): a pid alone may be another's by now. */
  readonly start: string
  readonly name: string
  /** The folder it was started in. */
  readonly folder: string
  readonly version: string
  /** As it was asked for, MODULE:NAME; '' where it is found by itself. */
  readonly application: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Pid of the server that has taken over; only while the old one drains. */
  readonly successor?: number
}

export const SOCKET_NAME = 'control.sock'
const FILE_NAME = 'server.json'

/** Whole or not at all, for it is read by others at any time. Errors: the system's. */
export function writeServerFile(runtimeFolder: string, file: ServerFile): void {
  const path = join(runtimeFolder, FILE_NAME)
  writeFileSync(`${path}.new`, `${JSON.stringify(file)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Null: there is none, or none that can be read. */
export function readServerFile(runtimeFolder: string): ServerFile | null {
  try {
    const file: unknown = JSON.parse(readFileSync(join(runtimeFolder, FILE_NAME), 'utf8'))
    return isServerFile(file) ? file : null
  } catch {
    return null
  }
}

function isServerFile(value: unknown): value is ServerFile {
  if (typeof value !== 'object' || value === null) return false
  const file = value as Record<string, unknown>
  return typeof file.pid === 'number' && ['start', 'name', 'folder'].every((key) => typeof file[key] === 'string')
}
