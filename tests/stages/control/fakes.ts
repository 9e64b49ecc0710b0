import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Operations, Status, WorkerStacks } from '../../../src/control/operations.ts'
import { type ServerFile, writeServerFile } from '../../../src/control/serverFile.ts'
import { openControl } from '../../../src/control/socket.ts'
import type { ReloadOutcome } from '../../../src/events/attendant.ts'
import type { RequestFacts } from '../../../src/events/worker.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { pidSpace, startOf } from '../../../src/system/processes.ts'
import { atEnd } from '../../kit/ends.ts'

export const SLOW: RequestFacts = {
  requestId: 'abc-1',
  method: 'GET',
  target: '/slow?x=1',
  client: '192.0.2.7',
  ageMs: 1_234,
  state: 'running',
  worker: 1,
  headers: [
    ['host', 'shop.example'],
    ['cookie', '***'],
  ],
}

type StatusWorker = Status['workers'][number]

export function worker(own: Partial<StatusWorker> = {}): StatusWorker {
  return {
    number: 1,
    pid: 4_720,
    generation: 1,
    state: 'serving',
    ageMs: 100_000,
    requests: 12_034,
    busyMs: 43_000,
    running: 0,
    rssBytes: 80 * 1024 ** 2,
    current: null,
    ...own,
  }
}

export function status(own: Partial<Status> = {}): Status {
  return {
    name: 'shop',
    version: '0.1.0',
    pid: 4_711,
    application: 'shop.wsgi:application',
    python: 'CPython 3.11.7 (/usr/bin/python3)',
    folder: '/srv/shop',
    addresses: ['http://127.0.0.1:8000'],
    state: 'serving',
    ready: true,
    fronts: 1,
    uptimeMs: 3 * 3_600_000 + 12 * 60_000,
    workersWanted: { least: 2, most: 8, now: 2 },
    generations: [
      { number: 1, state: 'current', preloaded: true, zygotePid: 4_712, forkerPids: [4_712], ageMs: 100_000 },
    ],
    workers: [worker(), worker({ number: 2, pid: 4_721, busyMs: 0, requests: 7, rssBytes: null })],
    queue: { waiting: 0, limit: 2_048 },
    connections: { open: 12, limit: 10_000 },
    bodyMemoryBytes: 0,
    frontRssBytes: 58 * 1024 ** 2,
    lastReload: null,
    ...own,
  }
}

/** A server without a server: what it is asked is written down, what it answers can be set. */
export class FakeOperations implements Operations {
  readonly asked: string[] = []
  ready = true
  now = status()
  current: RequestFacts[] = [SLOW]
  threads: WorkerStacks[] = []
  onReload: () => Promise<ReloadOutcome> = async () => ({ generation: 2, tookMs: 810, needRestart: [] })
  onStop: () => void = () => {}

  async status(): Promise<Status> {
    return this.now
  }

  async requests(): Promise<readonly RequestFacts[]> {
    return this.current
  }

  async stacks(number: number | null): Promise<readonly WorkerStacks[]> {
    const found = this.threads.filter((one) => number === null || one.number === number)
    if (number !== null && found.length === 0) throw new Fault('WORKER_UNKNOWN', { detail: number })
    return found
  }

  reload(): Promise<ReloadOutcome> {
    this.asked.push('reload')
    return this.onReload()
  }

  scale(workers: number): void {
    this.asked.push(`scale ${workers}`)
  }

  stop(fast: boolean): { withinMs: number } {
    this.asked.push(`stop ${fast ? 'fast' : 'gracefully'}`)
    this.onStop()
    return { withinMs: 1_000 }
  }

  async upgrade(): Promise<{ pid: number }> {
    this.asked.push('upgrade')
    return { pid: 99 }
  }

  reopenLogs(): void {
    this.asked.push('reopen')
  }

  async metrics(): Promise<string> {
    return 'dram_info 1\n'
  }
}

/** A folder of the test's own, short enough for sockets. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What a server of a process that lives (by default this very one) says of itself. */
export function serverFile(own: Partial<ServerFile> = {}): ServerFile {
  const pid = own.pid ?? process.pid
  return {
    pid,
    start: startOf(pid)!,
    name: 'shop',
    folder: '/srv/shop',
    version: '0.1.0',
    application: 'shop:app',
    startedAt: '2026-01-02T03:04:05.000Z',
    ...own,
  }
}

/** Its runtime folder in `parent`, with server.json unless `file` is null. */
export function runtimeFolder(parent: string, pid: number, file: ServerFile | null): string {
  const folder = join(parent, `dram-${pidSpace()}-${pid}-${startOf(pid)}`)
  mkdirSync(folder, { mode: 0o700 })
  if (file !== null) writeServerFile(folder, file)
  return folder
}

/** A control socket that really listens, in a runtime folder of this process in `parent`. */
export async function serveControl(
  t: TestContext,
  parent: string,
  operations: Operations,
  own: Partial<ServerFile> = {},
): Promise<string> {
  const folder = runtimeFolder(parent, process.pid, null)
  const control = await openControl(folder, serverFile(own), operations, (text) => {
    throw new Error(text)
  })
  atEnd(t, () => control?.close())
  return folder
}
