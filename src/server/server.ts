import type { Socket } from 'node:net'
import type { WorkerPool } from '../events/pool.ts'
import { Fault } from '../faults/fault.ts'
import { plainAddress } from '../kit/address.ts'
import type { Clock } from '../kit/clock.ts'
import { requestIds } from '../kit/ids.ts'
import { Roster } from '../kit/roster.ts'
import type { Listener } from '../listen/listener.ts'
import { SendQueues } from '../listen/sendQueue.ts'
import { HeaderCache } from '../parse/headerCache.ts'
import { RequestIdLine } from '../respond/requestId.ts'
import { StandingLines } from '../respond/standing.ts'
import { ListenerPolicies, type PeerPolicy } from '../route/policy.ts'
import type { Settings } from '../settings/registry.ts'
import { BodyMemory } from '../spool/memory.ts'
import type { Spool } from '../spool/spool.ts'
import { Refuser } from './admission.ts'
import { Connection } from './connection.ts'
import type { Flushed, ServerContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import type { ConnectionFacts, ExchangeFacts } from './facts.ts'
import { Pool, type PooledWorker } from './pool.ts'

/** What the server tells of; who listens decides what becomes a log line. */
export interface ServerEvents {
  /** A request failed in the application, in its worker, or for want of one. */
  failed(exchange: ExchangeFacts, fault: Fault): void
  /** Bytes that are no request we take, or came too slowly. */
  refused(connection: ConnectionFacts, fault: Fault): void
  /** A client left before its answer was whole. */
  left(exchange: ExchangeFacts): void
  /** Clients that were turned away since this was last told. */
  turnedAway(count: number, fault: Fault): void
  /** A mistake of ours: what it hit is closed, the rest goes on. */
  bug(error: unknown): void
  workerLog(worker: PooledWorker, exchange: ExchangeFacts | null, level: string, text: string): void
  /** Null: no access log is kept. */
  readonly access: ((exchange: ExchangeFacts) => void) | null
}

/** How often deadlines are looked at. */
const SWEEP_MS = 200
/** At a stop, a kept-alive connection may send one more request for this long, and have it answered. */
const LAST_REQUEST_MS = 1_000
const CHECK_MS = 20

/** Listening sockets before, the pool of workers behind: all connections, and what they share. */
export class Server {
  readonly #context: ServerContext
  readonly #events: ServerEvents
  readonly #maxConnections: number
  readonly #connections = new Roster<Connection>()
  readonly #refuser = new Refuser()
  readonly #sendQueues = new SendQueues(SWEEP_MS)
  #touched: Flushed[] = []
  #flushing = false
  #turnedAway = 0
  #listeners: readonly Listener[] = []
  #sweep: NodeJS.Timeout | null = null

  constructor(settings: Settings, maxConnections: number, spool: Spool, clock: Clock, events: ServerEvents) {
    this.#maxConnections = maxConnections
    this.#events = events
    const memory = new BodyMemory(settings.bodyMemoryBytes)
    const pool = new Pool(settings, clock, {
      workerLog: (worker, job, level, text) => events.workerLog(worker, job as Exchange | null, level, text),
      batchEnd: () => this.#flush(),
      bug: (error, job) => {
        events.bug(error)
        ;(job as Exchange | null)?.connection.destroy()
      },
    })
    this.#context = {
      settings,
      clock,
      pool,
      limits: { ...settings, maxBodyBytes: settings.maxBodyBytes || Number.POSITIVE_INFINITY },
      standing: new StandingLines({ server: settings.serverHeader, date: settings.dateHeader }),
      idLine: new RequestIdLine(settings.requestIdHeader),
      memory,
      bodyStore: { memory, spool, bodyBufferBytes: settings.bodyBufferBytes },
      answerStore: {
        memory,
        spool,
        answerBufferBytes: settings.bodyBufferBytes,
        responseSpoolBytes: settings.responseSpoolBytes,
      },
      nowMs: clock.nowMs(),
      stopping: false,
      newRequestId: requestIds(Math.random),
      unsentBytes: (socket) => this.#sendQueues.of(socket, this.#context.nowMs),
      touched: (connection) => this.#touch(connection),
      closed: (connection) => this.#connections.delete(connection as Connection),
      failed: (exchange, fault) => events.failed(exchange, fault),
      refused: (connection, fault) => events.refused(connection, fault),
      left: (exchange) => events.left(exchange),
      bug: (error) => events.bug(error),
      access: events.access,
    }
  }

  get pool(): WorkerPool {
    return this.#context.pool
  }

  /** What is held just now: open connections, bytes of the memory for bodies, requests that wait for a worker. */
  get usage(): { readonly connections: number; readonly memoryBytes: number; readonly queued: number } {
    const { memory, pool } = this.#context
    return { connections: this.#connections.size, memoryBytes: memory.used, queued: pool.waiting }
  }

  /** The id of the request that a worker runs, where it runs one alone. */
  requestOf(pid: number): string | undefined {
    return (this.#context.pool.soleJobOf(pid) as Exchange | undefined)?.requestId
  }

  /** Serves what comes to these listeners. */
  serve(listeners: readonly Listener[]): void {
    this.#listeners = listeners
    this.#context.nowMs = this.#context.clock.nowMs()
    this.#sweep = setInterval(() => this.sweep(), SWEEP_MS)
    for (const listener of listeners) {
      const policies = new ListenerPolicies(this.#context.settings, listener.where)
      const caches = new Map<PeerPolicy, HeaderCache>()
      for (const policy of [policies.trusted, policies.untrusted]) caches.set(policy, new HeaderCache())
      listener.onConnection((socket) => {
        const address = plainAddress(socket.remoteAddress ?? '')
        const policy = policies.of(address)
        this.#accept(socket, policy, caches.get(policy)!, address)
      })
    }
  }

  /** Looks at all deadlines. Called by its own timer; a test with its own clock calls it. */
  sweep(): void {
    const nowMs = this.#context.clock.nowMs()
    this.#context.nowMs = nowMs
    for (const connection of this.#connections.all()) connection.tick(nowMs)
    this.#context.pool.expire(nowMs)
    if (this.#turnedAway > 0) this.#events.turnedAway(this.#turnedAway, this.#tooMany())
    this.#turnedAway = 0
    this.#flush()
  }

  /**
   * Serves what has come, the kernel's queue included, and then ends. What isn't done after `gracefulMs` is cut off.
   * `hurry` ends it at once.
   */
  async drain(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    const context = this.#context
    const untilMs = context.clock.nowMs() + gracefulMs
    context.stopping = true
    const hurried = new Promise((resolve) => hurry.addEventListener('abort', resolve, { once: true }))
    await Promise.race([hurried, Promise.all(this.#listeners.map((listener) => listener.drain(gracefulMs)))])
    const idleUntilMs = Math.min(untilMs, context.clock.nowMs() + LAST_REQUEST_MS)
    while (this.#connections.size > 0 && !hurry.aborted) {
      const nowMs = context.clock.nowMs()
      if (nowMs >= untilMs) break
      if (nowMs >= idleUntilMs) for (const connection of this.#connections.all()) connection.closeIfIdle()
      this.#flush()
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS))
    }
    this.close()
  }

  /** Ends everything now. */
  close(): void {
    if (this.#sweep !== null) clearInterval(this.#sweep)
    for (const listener of this.#listeners) void listener.close()
    this.#context.pool.clear(new Fault('STOPPING'))
    this.#flush()
    for (const connection of this.#connections.all()) connection.destroy()
    this.#refuser.close()
  }

  #accept(socket: Socket, policy: PeerPolicy, cache: HeaderCache, address: string): void {
    if (this.#connections.size >= this.#maxConnections) {
      this.#turnedAway++
      const lines = this.#context.standing.for({ hasDate: false, hasServer: false }, Date.now())
      return this.#refuser.refuse(socket, this.#tooMany(), lines)
    }
    const peer = { address, port: socket.remotePort === undefined ? '' : String(socket.remotePort) }
    this.#connections.add(new Connection(socket, this.#context, policy, cache, peer))
  }

  #tooMany(): Fault {
    return new Fault('TOO_MANY_CONNECTIONS', { limit: this.#maxConnections })
  }

  #touch(connection: Flushed): void {
    this.#touched.push(connection)
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushing = false
    if (this.#touched.length === 0) return
    const touched = this.#touched
    this.#touched = []
    for (const connection of touched) connection.flush()
  }
}
