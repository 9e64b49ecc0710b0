import { deepEqual, equal } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AttachedWorker } from '../../../src/events/pool.ts'
import type { RequestFacts } from '../../../src/events/worker.ts'
import type { Fault } from '../../../src/faults/fault.ts'
import { Acceptor } from '../../../src/listen/acceptor.ts'
import { Listener } from '../../../src/listen/listener.ts'
import type { RequestMeter } from '../../../src/observe/meter.ts'
import type { ConnectionFacts, ExchangeFacts } from '../../../src/server/facts.ts'
import { Server, type ServerEvents } from '../../../src/server/server.ts'
import { defaultSettings } from '../../../src/settings/load.ts'
import type { Settings } from '../../../src/settings/registry.ts'
import { Spool } from '../../../src/spool/spool.ts'
import { Client } from '../../kit/client.ts'
import { atEnd } from '../../kit/ends.ts'
import { eventually, within } from '../../kit/wait.ts'
import { FakeWorker } from '../worker/fakeWorker.ts'
import { FakeClock } from './fakeClock.ts'

export interface HouseOptions {
  readonly settings?: Partial<Settings>
  readonly maxConnections?: number
  readonly spoolFiles?: number
  /** Listen on a Unix socket. */
  readonly unix?: boolean
  readonly meter?: RequestMeter
  /** Connections are `net.Socket`s, as where Node's insides are missing. */
  readonly netSockets?: boolean
}

/** Settings as the houses of the tests have them. */
export function settingsOf(settings: Partial<Settings> = {}): Settings {
  return defaultSettings({ requestIdHeader: '', ...settings })
}

/** A whole server but for its workers and its clock, which are the test's. */
export class House implements ServerEvents {
  readonly clock = new FakeClock()
  readonly server: Server
  readonly spool: Spool
  readonly faults: string[] = []
  readonly overdue: RequestFacts[] = []
  readonly untrustedNames: string[] = []
  readonly refusals: string[] = []
  readonly gone: (string | undefined)[] = []
  readonly bugs: unknown[] = []
  readonly lines: ExchangeFacts[] = []
  turnedAwayCount = 0
  readonly turnedAwayBy: string[] = []
  readonly access: (exchange: ExchangeFacts) => void
  readonly #t: TestContext
  readonly #folder = mkdtempSync(join(tmpdir(), 'dram-house-'))
  readonly #path: string | null
  #port = 0

  private constructor(t: TestContext, { settings, maxConnections = 100, spoolFiles, unix, meter }: HouseOptions) {
    this.#t = t
    this.#path = unix ? join(this.#folder, 'front.sock') : null
    this.access = (exchange) => this.lines.push(exchange)
    this.spool = new Spool({
      parent: this.#folder,
      limitBytes: 1 << 30,
      ...(spoolFiles !== undefined && { maxOpenFiles: spoolFiles }),
    })
    this.server = new Server(settingsOf(settings), maxConnections, this.spool, this.clock, this, meter ?? null)
  }

  static async open(t: TestContext, options: HouseOptions = {}): Promise<House> {
    const house = new House(t, options)
    const acceptor = new Acceptor(!options.netSockets)
    await acceptor.listen(house.#path === null ? { host: '127.0.0.1', port: 0 } : { path: house.#path })
    const at = acceptor.server.address()
    if (typeof at === 'object' && at !== null) house.#port = at.port
    const where =
      house.#path === null
        ? ({ kind: 'tcp', family: 4, address: '127.0.0.1', port: house.#port } as const)
        : ({ kind: 'unix', path: house.#path } as const)
    house.server.serve([
      new Listener({ key: 'bind', acceptor, where, fd: null, file: null, isShared: false }, house.clock),
    ])
    atEnd(t, async () => {
      house.server.close()
      await eventually(() => readdirSync(house.spool.folder).length === 0, 'the spool to be empty')
      rmSync(house.#folder, { recursive: true, force: true })
      deepEqual(house.bugs, [])
    })
    return house
  }

  /** Where a browser reaches it. */
  get link(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async worker(options: { threads?: number } = {}): Promise<FakeWorker> {
    return (await this.attach(options)).worker
  }

  async attach(options: { threads?: number } = {}): Promise<{ worker: FakeWorker; attached: AttachedWorker }> {
    const worker = await FakeWorker.start(this.#t, options)
    let tell!: () => void
    const ready = new Promise<void>((resolve) => {
      tell = resolve
    })
    const attached = this.server.pool.attach(worker.place, {
      ready: () => tell(),
      unready: () => {},
      broken: () => {},
      overdue: (requests) => this.overdue.push(...requests),
      leaving: () => {},
    })
    await worker.ready()
    await within(ready, 'READY')
    attached.serve()
    return { worker, attached }
  }

  /** A client that keeps its side open until the test closes it. */
  async client({ paused = false } = {}): Promise<Client> {
    const at = this.#path === null ? { host: '127.0.0.1', port: this.#port, noDelay: true } : { path: this.#path }
    const socket = connect({ ...at, allowHalfOpen: true })
    await within(once(socket, 'connect'), 'a connection')
    const client = new Client(socket)
    if (paused) client.pause()
    atEnd(this.#t, () => client.close())
    return client
  }

  /** Time passes, and deadlines are looked at, at once and on the way. */
  async pass(ms: number): Promise<void> {
    await this.turns()
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left))
      this.server.sweep()
      await new Promise(setImmediate)
    }
    await this.turns()
  }

  /** Some turns of the event loop: what is on its way between sockets of this process arrives. */
  async turns(count = 10): Promise<void> {
    for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
  }

  /** Every byte of the budget and of the disk was given back, and no connection is kept. */
  async allGivenBack(): Promise<void> {
    await eventually(() => this.server.usage.connections === 0, 'the connections to end')
    await eventually(() => this.spool.openFiles === 0, 'the spool files to be closed')
    const { connections, memoryBytes, queued } = this.server.usage
    deepEqual({ connections, memoryBytes, queued }, { connections: 0, memoryBytes: 0, queued: 0 })
    equal(this.spool.usedBytes, 0)
  }

  failed(_exchange: ExchangeFacts, fault: Fault): void {
    this.faults.push(fault.code)
  }

  refused(_connection: ConnectionFacts, fault: Fault): void {
    this.refusals.push(fault.code)
  }

  untrusted(_connection: ConnectionFacts, names: readonly string[]): void {
    this.untrustedNames.push(...names)
  }

  left(exchange: ExchangeFacts): void {
    this.gone.push(exchange.head?.target)
  }

  turnedAway(count: number, fault: Fault): void {
    this.turnedAwayCount += count
    this.turnedAwayBy.push(fault.code)
  }

  bug(error: unknown): void {
    this.bugs.push(error)
  }

  workerLog(): void {}
}
