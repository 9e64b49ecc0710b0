import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../faults/fault.ts'
import { isRunning, pidSpace } from '../system/processes.ts'
import { readServerFile, type ServerFile, SOCKET_NAME } from './serverFile.ts'

/** A server that runs here. */
export interface FoundServer extends ServerFile {
  readonly socketPath: string
}

/** A server that can't be asked. */
export interface ClosedServer {
  readonly pid: number
  readonly why: string
}

export interface Found {
  readonly servers: readonly FoundServer[]
  readonly closed: readonly ClosedServer[]
}

/** Which one is meant. */
export interface Wanted {
  readonly pid: number | null
  readonly name: string | null
  /** The working folder, absolute. */
  readonly folder: string
}

interface Places {
  /** By `--runtime-dir` or its variable: then it is looked for nowhere else. */
  readonly runtimeDir: string | null
  /** XDG_RUNTIME_DIR. */
  readonly userDir: string | null
}

/** `/run`, with what is one level below: there systemd makes the folder of a unit's `RuntimeDirectory=`. */
const SYSTEM_RUN = '/run'

/** The folders in which runtime folders may be. */
export function parentsOf({ runtimeDir, userDir }: Places): string[] {
  if (runtimeDir !== null) return [runtimeDir]
  const below = foldersIn(SYSTEM_RUN).map((name) => join(SYSTEM_RUN, name))
  return [tmpdir(), ...(userDir ? [userDir] : []), SYSTEM_RUN, ...below]
}

/** All servers whose runtime folders are in `parents`, oldest first. Only our own user's, but for root. */
export function findServers(parents: readonly string[]): Found {
  const servers = new Map<number, FoundServer>()
  const closed = new Map<number, ClosedServer>()
  for (const folder of parents.flatMap(runtimeFoldersIn)) {
    const { path, pid, start } = folder
    const file = isOpen(path) ? readServerFile(path) : null
    if (!isOpen(path)) closed.set(pid, { pid, why: 'it is a server of another user' })
    else if (file === null) closed.set(pid, { pid, why: 'it has no control socket' })
    else if (file.pid === pid && file.start === start)
      servers.set(pid, { ...file, socketPath: join(path, SOCKET_NAME) })
  }
  return {
    servers: [...servers.values()].sort((a, b) => Number(a.start) - Number(b.start)),
    closed: [...closed.values()],
  }
}

/** The server that is meant. Faults: SERVER_NOT_FOUND, SERVER_AMBIGUOUS, SERVER_SILENT. */
export function chooseServer({ servers, closed }: Found, wanted: Wanted): FoundServer {
  if (wanted.pid !== null) return byPid(servers, closed, wanted.pid)
  const current = servers.filter(({ successor }) => !servers.some(({ pid }) => pid === successor))
  if (wanted.name !== null) {
    const named = current.filter(({ name }) => name === wanted.name)
    return only(named) ?? refuse(named, closed, ` with the name ${wanted.name}${others(current)}`)
  }
  const here = current.filter(({ folder }) => real(folder) === real(wanted.folder))
  return only(here) ?? only(current) ?? refuse(here.length > 0 ? here : current, closed, '')
}

function byPid(servers: readonly FoundServer[], closed: readonly ClosedServer[], pid: number): FoundServer {
  const server = servers.find((one) => one.pid === pid)
  if (server !== undefined) return server
  const why = closed.find((one) => one.pid === pid)?.why
  if (why !== undefined) throw new Fault('SERVER_SILENT', { detail: `pid ${pid}: ${why}` })
  throw new Fault('SERVER_NOT_FOUND', { detail: ` with pid ${pid}${others(servers)}` })
}

function only(servers: readonly FoundServer[]): FoundServer | null {
  return servers.length === 1 ? servers[0]! : null
}

function refuse(servers: readonly FoundServer[], closed: readonly ClosedServer[], detail: string): never {
  if (servers.length > 0) throw new Fault('SERVER_AMBIGUOUS', { detail: listed(servers) })
  const hidden = closed.map(({ pid, why }) => `pid ${pid}: ${why}`).join(', ')
  throw new Fault('SERVER_NOT_FOUND', { detail: detail + (hidden && ` (${hidden})`) })
}

function others(servers: readonly FoundServer[]): string {
  return servers.length > 0 ? `; there are ${listed(servers)}` : ''
}

function listed(servers: readonly FoundServer[]): string {
  return servers.map(({ pid, name, folder }) => `pid ${pid} ${name} (${folder})`).join(', ')
}

interface RuntimeFolder {
  readonly path: string
  readonly pid: number
  readonly start: string
}

/** Those of servers that live. Their names tell (system/privateFolder.ts), so those closed to us are seen, too. */
function runtimeFoldersIn(parent: string): RuntimeFolder[] {
  return foldersIn(parent).flatMap((name) => {
    const [, space, pid, start] = /^dram-(\d+)-(\d+)-(\d+)$/.exec(name) ?? []
    if (start === undefined || space !== pidSpace() || !isRunning(Number(pid), start)) return []
    return [{ path: join(parent, name), pid: Number(pid), start }]
  })
}

/** A folder that belongs to another is not believed: in /tmp anybody could make one that looks like a server's. */
function isOpen(path: string): boolean {
  const user = process.geteuid?.() ?? 0
  return user === 0 || lstatSync(path, { throwIfNoEntry: false })?.uid === user
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
