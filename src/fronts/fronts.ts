import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type CommonMemory, Commons, commonMemory } from '../dispatch/commons.ts'
import type { WorkerPool } from '../events/pool.ts'
import type { RequestFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { Listener } from '../listen/listener.ts'
import type { TlsMaterial } from '../listen/tls/material.ts'
import { RequestMetrics } from '../observe/requestMeter.ts'
import type { DescriptorPlan } from '../server/admission.ts'
import type { Bystander } from '../server/bystander.ts'
import type { ServerLine } from '../server/lines.ts'
import { Server, type ServerEvents, type Usage } from '../server/server.ts'
import type { Settings } from '../settings/registry.ts'
import type { Spool } from '../spool/spool.ts'
import type { MessageFromFront } from './messages.ts'
import { SharedPool } from './sharedPool.ts'
import { FrontThread } from './thread.ts'

/** What the house needs of its fronts, be they one or several. */
export interface ServingFronts {
  idleReady: boolean
  readonly count: number
  readonly pool: WorkerPool
  readonly usage: Usage
  readonly ready: boolean
  readonly meters: readonly RequestMetrics[]
  adopt(settings: Settings): void
  /** Threads have TLS of their own; null: none. The listeners given to `serve` have theirs already. */
  secureWith(material: TlsMaterial | null): void
  requests(): Promise<readonly RequestFacts[]>
  /** The oldest request that each worker runs; with several fronts, for each of them. */
  current(): Promise<readonly RequestFacts[]>
  /** The id of the request that a worker runs, where it runs one alone. */
  requestOf(pid: number): string | undefined | Promise<string | undefined>
  /** Serves what comes to these listeners. Faults: FRONT_FAILED. */
  serve(listeners: readonly Listener[]): Promise<void>
  /** While it is held, requests wait (`fronts` is 1). */
  hold(isHeld: boolean): void
  /** Not null: what every request gets instead of the application (`fronts` is 1). */
  standIn(fault: Fault | null): void
  /** Stands beside each request from now on (`fronts` is 1). */
  accompany(bystander: Bystander | null): void
  reportNotReady(): void
  drain(gracefulMs: number, hurry: AbortSignal): Promise<void>
  handOver(gracefulMs: number, hurry: AbortSignal): Promise<void>
  /** Ends all that goes on. */
  close(): void
  /** Ends the threads; the workers must have ended before, for they end with a front. */
  end(): void
}

export interface FrontsOptions {
  readonly settings: Settings
  readonly descriptors: DescriptorPlan
  readonly spool: Spool
  readonly clock: Clock
  readonly events: FrontsEvents
  readonly python: string
  random(): number
}

/** Beside what a server tells: what comes from those in threads. */
export interface FrontsEvents extends ServerEvents {
  line(line: ServerLine): void
  accessLines(lines: readonly string[]): void
  workerLog(
    worker: { readonly pid: number },
    exchange: { readonly requestId: string } | null,
    level: string,
    text: string,
  ): void
}

export function openFronts(options: FrontsOptions): ServingFronts {
  return options.settings.fronts === 1 ? new OneFront(options) : new SeveralFronts(options)
}

/** The main thread's own, and nothing besides. */
class OneFront implements ServingFronts {
  readonly count = 1
  readonly meters: readonly RequestMetrics[]
  readonly #server: Server

  constructor({ settings, descriptors, spool, clock, events }: FrontsOptions) {
    const meter = new RequestMetrics(new ArrayBuffer(meterBytes(settings)))
    this.meters = [meter]
    this.#server = new Server(settings, descriptors.maxConnections, spool, clock, events, meter)
  }

  get idleReady(): boolean {
    return this.#server.idleReady
  }

  set idleReady(value: boolean) {
    this.#server.idleReady = value
  }

  get pool(): WorkerPool {
    return this.#server.pool
  }

  get usage(): Usage {
    return this.#server.usage
  }

  get ready(): boolean {
    return this.#server.ready
  }

  adopt(settings: Settings): void {
    this.#server.adopt(settings)
  }

  secureWith(): void {}

  async requests(): Promise<readonly RequestFacts[]> {
    return this.#server.requests()
  }

  async current(): Promise<readonly RequestFacts[]> {
    return this.#server.current()
  }

  requestOf(pid: number): string | undefined {
    return this.#server.requestOf(pid)
  }

  async serve(listeners: readonly Listener[]): Promise<void> {
    this.#server.serve(listeners)
  }

  hold(isHeld: boolean): void {
    this.#server.pool.held = isHeld
  }

  standIn(fault: Fault | null): void {
    this.#server.standIn = fault
  }

  accompany(bystander: Bystander | null): void {
    this.#server.bystander = bystander
  }

  reportNotReady(): void {
    this.#server.reportNotReady()
  }

  drain(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    return this.#server.drain(gracefulMs, hurry)
  }

  handOver(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    return this.#server.handOver(gracefulMs, hurry)
  }

  close(): void {
    this.#server.close()
  }

  end(): void {}
}

/** Front 0 in the main thread, the others in threads; they share the workers. */
class SeveralFronts implements ServingFronts {
  readonly count: number
  readonly meters: readonly RequestMetrics[]
  readonly pool: SharedPool
  readonly #server: Server
  readonly #threads: readonly FrontThread[]
  readonly #commons: Commons
  readonly #maxConnections: number

  constructor(options: FrontsOptions) {
    const { settings, descriptors, spool, clock, events, random } = options
    const { fronts } = settings
    this.count = fronts
    this.#maxConnections = descriptors.maxConnections
    const memory = commonMemory(fronts, Math.floor(random() * 2 ** 31))
    this.#commons = new Commons(memory, 0)
    const meters = Array.from({ length: fronts }, () => new SharedArrayBuffer(meterBytes(settings)))
    this.meters = meters.map((meter) => new RequestMetrics(meter))
    const ports = portsBetween(fronts)
    const wake = (front: number): void => ports[0]![front]?.postMessage(null)
    this.#server = new Server(shareOf(settings), this.#maxConnections, spool, clock, events, this.meters[0]!, {
      commons: this.#commons,
      wake,
    })
    for (const port of ports[0]!) port?.on('message', () => this.#server.pool.woken()).unref()
    const others = Array.from({ length: fronts - 1 }, (_, index) => index + 1)
    const hear = (front: number, message: MessageFromFront): void => this.#hear(front, message, events)
    this.#threads = others.map(
      (front) =>
        new FrontThread(this.#startOf(front, options, memory, meters[front]!, ports[front]!), {
          hear,
          died: (_, error) => endWith(error),
        }),
    )
    this.pool = new SharedPool(this.#server.pool, this.#threads, this.#commons)
  }

  #startOf(
    front: number,
    { settings, descriptors, spool, python }: FrontsOptions,
    memory: CommonMemory,
    meter: SharedArrayBuffer,
    ports: readonly (MessagePort | null)[],
  ) {
    return {
      front,
      settings: shareOf(settings),
      maxConnections: this.#maxConnections,
      spool: {
        parent: `${spool.folder}/front-${front}`,
        limitBytes: shareOf(settings).spoolLimitBytes,
        maxOpenFiles: Math.max(2, Math.floor(descriptors.maxSpoolFiles / settings.fronts)),
      },
      memory,
      meter,
      python,
      ports,
    }
  }

  get idleReady(): boolean {
    return this.#server.idleReady
  }

  set idleReady(value: boolean) {
    this.#server.idleReady = value
    for (const thread of this.#threads) thread.post({ kind: 'idleReady', value })
  }

  get usage(): Usage {
    const own = this.#server.usage
    const others = this.#threads.map(({ front }) => this.#commons.reportOf(front))
    const sum = (name: 'accepted' | 'memoryBytes' | 'bytesRead' | 'bytesWritten'): number =>
      others.reduce((all, report) => all + report[name], own[name])
    return {
      ...own,
      connections: this.#commons.connections,
      accepted: sum('accepted'),
      memoryBytes: sum('memoryBytes'),
      memoryLimitBytes: own.memoryLimitBytes * this.count,
      queued: this.#commons.waiting,
      running: this.#commons.running,
      bytesRead: sum('bytesRead'),
      bytesWritten: sum('bytesWritten'),
    }
  }

  get ready(): boolean {
    return this.#server.ready
  }

  secureWith(material: TlsMaterial | null): void {
    for (const thread of this.#threads) thread.post({ kind: 'secure', material })
  }

  adopt(settings: Settings): void {
    const share = shareOf(settings)
    this.#server.adopt(share)
    for (const thread of this.#threads) thread.post({ kind: 'adopt', settings: share })
  }

  async requests(): Promise<readonly RequestFacts[]> {
    const others = await Promise.all(this.#threads.map((thread) => thread.ask('requests')))
    return [...this.#server.requests(), ...others.flatMap((some) => some ?? [])]
  }

  async current(): Promise<readonly RequestFacts[]> {
    const others = await Promise.all(this.#threads.map((thread) => thread.ask('current')))
    return [...this.#server.current(), ...others.flatMap((some) => some ?? [])]
  }

  async requestOf(pid: number): Promise<string | undefined> {
    const own = this.#server.requestOf(pid)
    if (own !== undefined) return own
    const worker = this.pool.numberOf(pid)
    const others = await Promise.all(this.#threads.map((thread) => thread.ask('running', worker)))
    return others.find((id) => id !== null) ?? undefined
  }

  async serve(listeners: readonly Listener[]): Promise<void> {
    this.#server.serve(listeners)
    const sockets = listeners.map(({ descriptor, where, key, takesTls }) => {
      if (descriptor === null) throw new Fault('FRONT_FAILED', { detail: `${key} has no descriptor here` })
      return { descriptor, where, takesTls }
    })
    for (const thread of this.#threads) thread.post({ kind: 'listen', sockets })
    await Promise.all(this.#threads.map(({ listening }) => listening))
  }

  hold(): void {
    throw new Error('several fronts have no one who could hold them')
  }

  standIn(): void {
    this.hold()
  }

  accompany(): void {
    this.hold()
  }

  reportNotReady(): void {
    this.#server.reportNotReady()
    for (const thread of this.#threads) thread.post({ kind: 'notReady' })
  }

  drain(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    return this.#finish('drain', gracefulMs, hurry)
  }

  handOver(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    return this.#finish('handOver', gracefulMs, hurry)
  }

  async #finish(how: 'drain' | 'handOver', gracefulMs: number, hurry: AbortSignal): Promise<void> {
    for (const thread of this.#threads) thread.post({ kind: 'finish', how, gracefulMs })
    const tell = (): void => {
      for (const thread of this.#threads) thread.post({ kind: 'hurry' })
    }
    if (hurry.aborted) tell()
    else hurry.addEventListener('abort', tell, { once: true })
    await Promise.all([this.#server[how](gracefulMs, hurry), ...this.#threads.map(({ finished }) => finished)])
  }

  close(): void {
    this.#server.close()
    for (const thread of this.#threads) thread.post({ kind: 'close' })
  }

  end(): void {
    for (const thread of this.#threads) thread.end()
  }

  #hear(front: number, message: MessageFromFront, events: FrontsEvents): void {
    switch (message.kind) {
      case 'line':
        return events.line(message.line)
      case 'accessLines':
        return events.accessLines(message.lines)
      case 'workerLog': {
        const { pid, requestId, level, text } = message
        return events.workerLog({ pid }, requestId === null ? null : { requestId }, level, text)
      }
      default:
        return this.pool.hear(front, message)
    }
  }
}

/** What is kept apart by each front: memory and disk. Connections, the queue and clients are counted together. */
function shareOf(settings: Settings): Settings {
  const { fronts, bodyMemoryBytes, spoolLimitBytes } = settings
  return {
    ...settings,
    bodyMemoryBytes: Math.ceil(bodyMemoryBytes / fronts),
    spoolLimitBytes: Math.ceil(spoolLimitBytes / fronts),
  }
}

/** A port from each front to each other. */
function portsBetween(fronts: number): (MessagePort | null)[][] {
  const ports = Array.from({ length: fronts }, () => new Array<MessagePort | null>(fronts).fill(null))
  for (let one = 0; one < fronts; one++) {
    for (let other = one + 1; other < fronts; other++) {
      const { port1, port2 } = new MessageChannel()
      ports[one]![other] = port1
      ports[other]![one] = port2
    }
  }
  return ports
}

/** As if it had been thrown here: a server that lost a front is in a state that nobody knows. */
function endWith(error: Error): void {
  setImmediate(() => {
    throw error
  })
}

function meterBytes({ statsd, statsdNames }: Settings): number {
  return statsd !== null && statsdNames === 'classic' ? RequestMetrics.BYTES_WITH_SINGLES : RequestMetrics.BYTES
}
