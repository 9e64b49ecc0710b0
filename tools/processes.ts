import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  /** One letter of /proc/PID/stat; Z is a zombie. */
  readonly state: string
  readonly command: string
}

/** Every living process whose environment, as it was started, holds `NAME=VALUE`. Zombies have none, so they don't count. */
export function processesMarked(mark: string): ProcessRow[] {
  const rows: ProcessRow[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const row = processRow(Number(name))
    if (row && row.state !== 'Z' && readOr('', `/proc/${name}/environ`).split('\0').includes(mark)) rows.push(row)
  }
  return rows.sort((a, b) => a.pid - b.pid)
}

/** Null when there is no such process. */
export function processRow(pid: number): ProcessRow | null {
  const stat = readOr('', `/proc/${pid}/stat`)
  // The name stands in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields.length < 3) return null
  const command = readOr('', `/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
  return { pid, parent: Number(fields[1]), state: fields[0]!, command }
}

/** The file it runs; empty when that can't be told. */
export function executableOf(pid: number): string {
  return linkOr('', `/proc/${pid}/exe`)
}

export function isAlive(pid: number): boolean {
  const row = processRow(pid)
  return row !== null && row.state !== 'Z'
}

/** Proportional set size in bytes: shared pages are counted once over all who share them. */
export function pssBytes(pid: number): number {
  return kibibytes(readOr('', `/proc/${pid}/smaps_rollup`), 'Pss')
}

export function rssBytes(pid: number): number {
  return kibibytes(readOr('', `/proc/${pid}/status`), 'VmRSS')
}

export function openDescriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOr('', `/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

/** Seconds of processor time the process has used, user and system. 100 ticks a second on Linux. */
export function cpuSeconds(pid: number): number {
  const stat = readOr('', `/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}

/** False when it was gone already. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}

function readOr(otherwise: string, path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return otherwise
  }
}

function linkOr(otherwise: string, path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return otherwise
  }
}
