import type { RequestFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import { plainAddress } from '../kit/address.ts'
import type { Clock } from '../kit/clock.ts'
import { requestIds } from '../kit/ids.ts'
import { Roster } from '../kit/roster.ts'
import type { ClientSocket } from '../listen/client.ts'
import type { Listener } from '../listen/listener.ts'
import { SendQueues } from '../listen/sendQueue.ts'
import type { RequestMeter } from '../observe/meter.ts'
import { RequestIdLine } from '../respond/requestId.ts'
import { StandingLines } from '../respond/standing.ts'
import type { Settings } from '../settings/registry.ts'
import { BodyMemory } from '../spool/memory.ts'
import type { Spool } from '../spool/spool.ts'
import { Refuser } from './admission.ts'
import type { Bystander } from './bystander.ts'
import { ClientCounts } from './clientCounts.ts'
import { Connection, type Manner } from './connection.ts'
import type { Adopted, Flushed, ServerContext } from './context.ts'
import { type Door, door, speaksForOthers } from './door.ts'
import type { Exchange } from './exchange.ts'
import { type ConnectionFacts, type ExchangeFacts, oldestOfWorkers } from './facts.ts'
import { Greeting, type ProxyRules, proxyPairs } from './greeting.ts'
import { harmless } from './harmless.ts'
import { type Company, Pool, type PooledWorker } from './pool.ts'
import type { ConnectionWitness } from './witness.ts'

/** What the server tells of; who listens decides what becomes a log line. */
export interface ServerEvents {
  /** A request failed in the application, in its worker, or for want of one. */
  failed(exchange: ExchangeFacts, fault: Fault): void
  /** Bytes that are no request we take, or came too slowly. */
  refused(connection: ConnectionFacts, fault: Fault): void
  /** Forwarding headers of these names don't count; told where that is asked for. */
  untrusted(connection: ConnectionFacts, names: readonly string[]): void
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

/** What is held and used just now. */
export interface Usage {
  /** Open connections. */
  readonly connections: number
  readonly maxConnections: number
  /** Connections taken since the start. */
  readonly accepted: number
  /** Bytes of the memory for bodies. */
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  /** Requests that wait for a worker. */
  readonly queued: number
  readonly queueLimit: number
  /** Requests that workers were given and have not answered. */
  readonly running: number
  /** Workers that take requests. */
  readonly serving: number
  /** Requests that a worker may be sent beyond its threads just now. */
  readonly lookAhead: number
  /** From and to all clients since the start. */
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** How often deadlines are looked at. */
const SWEEP_MS = 200
/** At a stop, a kept-alive connection may send one more request for this long, and have it answered. */
const LAST_REQUEST_MS = 1_000
const CHECK_MS = 20

/** Listening sockets before, the pool of workers behind: all connections, and what they share. */
export class Server {
  /** No worker is wanted before the first request: that is no reason not to be ready. */
  idleReady = false
  readonly #context: Mutable<ServerContext>
  readonly #events: ServerEvents
  readonly #maxConnections: number
  readonly #connections = new Roster<Connection>()
  /** Until their first bytes have told for whom they speak. */
  readonly #greetings = new Roster<Greeting>()
  readonly #refuser = new Refuser()
  readonly #sendQueues = new SendQueues()
  readonly #clients: ClientCounts
  readonly #company: Company | null
  readonly #spool: Spool
  #touched: Flushed[] = []
  #flushing = false
  /** Whose connection ends now did not leave: it is cut off. */
  #isClosed = false
  /** Since this was last told. */
  #turnedAway = 0
  #turnedAwayOfClient = 0
  #accepted = 0
  #lastAddress = ''
  /** Of connections that have ended. */
  #bytesRead = 0
  #bytesWritten = 0
  #reportsNotReady = false
  #doors: readonly Door[] = []
  #sweep: NodeJS.Timeout | null = null

  constructor(
    settings: Settings,
    maxConnections: number,
    spool: Spool,
    clock: Clock,
    events: ServerEvents,
    meter: RequestMeter | null = null,
    /** Other fronts of the same server; null: there are none. */
    company: Company | null = null,
  ) {
    this.#company = company
    this.#clients = new ClientCounts(company?.commons ?? null)
    this.#maxConnections = maxConnections
    this.#events = events
    this.#spool = spool
    this.#clients.adopt(settings.maxClientConnections, [])
    const memory = new BodyMemory(settings.bodyMemoryBytes)
    const pool = new Pool(
      settings,
      clock,
      {
        workerLog: (worker, job, level, text) => events.workerLog(worker, job as Exchange | null, level, text),
        joined: () => this.#look(),
        batchEnd: () => this.#flush(),
        bug: (error, job) => {
          events.bug(error)
          ;(job as Exchange | null)?.connection.destroy()
        },
      },
      company,
    )
    this.#context = {
      ...this.#follow(settings, memory),
      clock,
      pool,
      memory,
      meter,
      nowMs: clock.nowMs(),
      standIn: null,
      bystander: null,
      stopping: false,
      isReady: () => this.ready,
      newRequestId: requestIds(Math.random),
      unsentBytes: (client, mostRestMs) => this.#sendQueues.of(client, this.#context.nowMs, mostRestMs),
      touched: (connection) => this.#touch(connection),
      closed: (connection) => this.#forget(connection as Connection),
      failed: (exchange, fault) => events.failed(exchange, fault),
      refused: (connection, fault) => events.refused(connection, fault),
      untrusted: (connection, names) => events.untrusted(connection, names),
      left: (exchange) => {
        if (this.#isClosed) events.failed(exchange, new Fault('STOPPING'))
        else events.left(exchange)
      },
      bug: (error) => events.bug(error),
    }
  }

  /**
   * After a reload: these settings count from now on, all of them for new connections. Connections that are open keep
   * the limits of the parser (--max-request-line, --max-header-size, --max-headers, --max-body, --max-trailer-size,
   * --max-chunk-line), --stream-requests, and what follows from the peer (--trusted-proxies, --proxy-hops,
   * --forwarded-headers, --scheme-headers and their kin, --header-underscores, --proxy-header, --script-name, --url-scheme, and which header's request
   * id is believed); a timer that runs keeps its end. Those that apply on restart are not looked at.
   * Throws SETTING_INVALID, and then nothing has changed.
   */
  adopt(settings: Settings): void {
    const renewed = this.#doors.map(({ listener }) => door(listener, settings))
    Object.assign(this.#context, this.#follow(settings, this.#context.memory))
    this.#context.pool.adopt(settings)
    for (const [index, one] of this.#doors.entries()) Object.assign(one, renewed[index])
    this.#clients.adopt(settings.maxClientConnections, [...this.#connections.all(), ...this.#greetings.all()])
  }

  #follow(settings: Settings, memory: BodyMemory): Adopted {
    const spool = this.#spool
    return {
      settings,
      standing: new StandingLines({ server: settings.serverHeader, date: settings.dateHeader }),
      idLine: new RequestIdLine(settings.requestIdHeader),
      bodyStore: { memory, spool, bodyBufferBytes: settings.bodyBufferBytes },
      answerStore: {
        memory,
        spool,
        answerBufferBytes: settings.bodyBufferBytes,
        responseSpoolBytes: settings.responseSpoolBytes,
      },
      access: this.#events.access,
    }
  }

  get pool(): Pool {
    return this.#context.pool
  }

  get usage(): Usage {
    const { memory, pool, settings } = this.#context
    const open = this.#connections.all()
    return {
      connections: open.length + this.#greetings.size,
      maxConnections: this.#maxConnections,
      accepted: this.#accepted,
      memoryBytes: memory.used,
      memoryLimitBytes: memory.limitBytes,
      queued: pool.waiting,
      queueLimit: settings.queue,
      running: pool.running,
      serving: pool.serving,
      lookAhead: pool.ahead.allowed,
      bytesRead: open.reduce((sum, { bytesRead }) => sum + bytesRead, this.#bytesRead),
      bytesWritten: open.reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#bytesWritten),
    }
  }

  /** At least one worker takes requests, and no stop is near. */
  get ready(): boolean {
    if (this.#reportsNotReady || this.#context.stopping) return false
    return this.idleReady || this.#context.pool.serving > 0
  }

  /** Not null: what every request gets instead of the application, until it is null again. */
  set standIn(fault: Fault | null) {
    this.#context.standIn = fault
    if (fault !== null) this.#context.pool.clear(fault)
    this.#flush()
  }

  /** Null: nobody stands beside the requests. */
  set bystander(bystander: Bystander | null) {
    this.#context.bystander = bystander && harmless(bystander, (error) => this.#context.bug(error))
  }

  /** A stop is near: balancers are told, and everything is served as before. */
  reportNotReady(): void {
    this.#reportsNotReady = true
  }

  /** All requests that wait or run, and those whose answer is on its way to a slow client. */
  requests(): RequestFacts[] {
    const nowMs = this.#context.clock.nowMs()
    const leaving = this.#connections.all().flatMap(({ leaving }) => leaving ?? [])
    const facts = leaving.map((one) => one.facts('answering', nowMs - one.place!.sentAtMs, one.place!.worker.number))
    return [...this.#context.pool.requests(), ...facts]
  }

  /** Of those, the oldest that each worker runs. */
  current(): RequestFacts[] {
    return [...oldestOfWorkers(this.requests()).values()]
  }

  /** The id of the request that a worker runs, where it runs one alone. */
  requestOf(pid: number): string | undefined {
    return (this.#context.pool.soleJobOf(pid) as Exchange | undefined)?.requestId
  }

  /** Serves what comes to these listeners. */
  serve(listeners: readonly Listener[]): void {
    this.#context.nowMs = this.#context.clock.nowMs()
    this.#sweep = setInterval(() => this.sweep(), SWEEP_MS)
    this.#doors = listeners.map((listener) => door(listener, this.#context.settings))
    for (const one of this.#doors) one.listener.onClient((client) => this.#acceptGuarded(client, one))
  }

  /** Looks at all deadlines. Called by its own timer; a test with its own clock calls it. */
  sweep(): void {
    const nowMs = this.#context.clock.nowMs()
    this.#context.nowMs = nowMs
    for (const connection of this.#connections.all()) connection.tick(nowMs)
    for (const greeting of this.#greetings.all()) greeting.tick(nowMs)
    this.#context.pool.expire(nowMs, this.#connections.size)
    this.#tellTurnedAway()
    this.#report()
    this.#flush()
  }

  /** To whoever adds up what the fronts have. */
  #report(): void {
    this.#company?.commons.report(this.usage)
  }

  #tellTurnedAway(): void {
    if (this.#turnedAway > 0) this.#events.turnedAway(this.#turnedAway, this.#tooMany())
    if (this.#turnedAwayOfClient > 0) this.#events.turnedAway(this.#turnedAwayOfClient, this.#tooManyOfClient())
    this.#turnedAway = this.#turnedAwayOfClient = 0
  }

  /**
   * Serves what has come, the kernel's queue included, and then ends. What isn't done after `gracefulMs` is cut off.
   * `hurry` ends it at once.
   */
  async drain(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    const untilMs = this.#context.clock.nowMs() + gracefulMs
    this.#context.stopping = true
    const drained = Promise.all(this.#doors.map(({ listener }) => listener.drain(gracefulMs)))
    const hurried = new Promise((resolve) => hurry.addEventListener('abort', resolve, { once: true }))
    if (!hurry.aborted) await Promise.race([hurried, drained])
    await this.#letGo(Math.min(untilMs, this.#context.clock.nowMs() + LAST_REQUEST_MS), untilMs, hurry)
  }

  /**
   * A successor has the listening sockets, and what waits in them: ours are closed at once. A kept-alive connection
   * stays until one more request of its has been answered, or for `gracefulMs`: its client can't know that the next
   * one would be for another process.
   */
  async handOver(gracefulMs: number, hurry: AbortSignal): Promise<void> {
    const untilMs = this.#context.clock.nowMs() + gracefulMs
    this.#context.stopping = true
    await Promise.all(this.#doors.map(({ listener }) => listener.close()))
    await this.#letGo(untilMs, untilMs, hurry)
  }

  /** Waits for the connections to end: idle ones may stay until `idleUntilMs`, others until `untilMs`. Ends everything. */
  async #letGo(idleUntilMs: number, untilMs: number, hurry: AbortSignal): Promise<void> {
    const context = this.#context
    while (this.#connections.size + this.#greetings.size > 0 && !hurry.aborted) {
      const nowMs = context.clock.nowMs()
      if (nowMs >= untilMs) break
      if (nowMs >= idleUntilMs) this.#closeIdle()
      this.#flush()
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS))
    }
    this.close()
  }

  #closeIdle(): void {
    for (const connection of this.#connections.all()) connection.closeIfIdle()
    for (const greeting of this.#greetings.all()) if (greeting.isIdle) greeting.client.destroy()
  }

  /** Ends everything now. */
  close(): void {
    this.#isClosed = true
    if (this.#sweep !== null) clearInterval(this.#sweep)
    for (const { listener } of this.#doors) void listener.close()
    this.#context.pool.clear(new Fault('STOPPING'))
    this.#flush()
    for (const connection of this.#connections.all()) connection.destroy()
    for (const { client } of this.#greetings.all()) client.destroy()
    this.#refuser.close()
  }

  /** A mistake of ours costs this client, not the server. */
  #acceptGuarded(client: ClientSocket, door: Door): void {
    try {
      this.#accept(client, door)
    } catch (error) {
      this.#context.bug(error)
      client.destroy()
    }
  }

  #accept(client: ClientSocket, door: Door): void {
    const { address: itsAddress, port } = client.peer()
    if (itsAddress === '' && door.listener.where.kind === 'tcp') return client.destroy() // it left before it was accepted
    const address = this.#kept(plainAddress(itsAddress))
    if (this.#open >= this.#maxConnections) {
      this.#turnedAway++
      return this.#refuse(client, this.#tooMany())
    }
    if (door.proxied !== null) return this.#greet(client, door, door.proxied, address, port)
    this.#admit(client, door, address, address, port)
  }

  get #open(): number {
    return this.#company?.commons.connections ?? this.#connections.size + this.#greetings.size
  }

  /** Reads first for whom this connection speaks. */
  #greet(client: ClientSocket, door: Door, { versions }: ProxyRules, address: string, port: number): void {
    const { settings, nowMs } = this.#context
    // Told twice where a refusal ends the connection, which its end tells of again: it was counted once.
    const forget = () => {
      if (greeting.rosterAt < 0) return
      this.#greetings.delete(greeting)
      this.#clients.delete(greeting.address)
      this.#company?.commons.connected(-1)
    }
    const isAllowed = speaksForOthers(door, address)
    if (!isAllowed && this.#turnsAway(client, address)) return
    const greeting = new Greeting(client, versions, address, isAllowed, nowMs, settings.headTimeoutMs, {
      greeted: (facts, rest) => {
        forget()
        const { client: told, clientPort } = facts?.ends ?? { client: address, clientPort: port }
        const pairs = facts === null ? '' : proxyPairs(facts)
        const isIn = this.#admit(client, door, address, this.#kept(told), clientPort, pairs)
        if (isIn || client.isShaking) client.unread(rest)
      },
      refused: (fault) => {
        forget()
        this.#context.refused({ peer: { address, port: String(port), pairs: '' } }, fault)
        if (client.isShaking) client.destroy()
        else this.#refuse(client, fault)
      },
      left: forget,
      bug: (error) => this.#context.bug(error),
    })
    this.#company?.commons.connected(1)
    this.#clients.add(greeting.address)
    this.#greetings.add(greeting)
    client.greet(greeting)
  }

  /** `peerAddress` is who connected, and decides what is believed; `address` is who that speaks for. False: turned away. */
  #admit(
    client: ClientSocket,
    { listener, policies, manners }: Door,
    peerAddress: string,
    address: string,
    port: number,
    pairs = '',
  ): boolean {
    if (this.#turnsAway(client, address)) return false
    const manner = manners.get(policies.of(peerAddress))!
    this.#accepted++
    this.#clients.add(address)
    this.#company?.commons.connected(1)
    const witness = this.#context.bystander === null ? null : this.#witness(client, listener, manner)
    const seen = witness?.client ?? client
    this.#connections.add(new Connection(seen, this.#context, manner, address, port, pairs, witness))
    return true
  }

  /** Has this client as many connections as it may have? */
  #turnsAway(client: ClientSocket, address: string): boolean {
    if (!this.#clients.isFull(address)) return false
    this.#turnedAwayOfClient++
    this.#refuse(client, this.#tooManyOfClient())
    return true
  }

  #witness(client: ClientSocket, listener: Listener, { policy, limits }: Manner): ConnectionWitness | null {
    const { where, isSecure } = listener
    const settings = (): Settings => this.#context.settings
    const bug = (error: unknown): void => this.#context.bug(error)
    return this.#context.bystander?.connected?.({ client, where, isSecure, policy, limits, settings, bug }) ?? null
  }

  /** Behind a proxy all come from one address: they share one text. */
  #kept(address: string): string {
    if (address !== this.#lastAddress) this.#lastAddress = address
    return this.#lastAddress
  }

  #refuse(client: ClientSocket, fault: Fault): void {
    const lines = this.#context.standing.for({ hasDate: false, hasServer: false }, Date.now())
    this.#refuser.refuse(client, fault, lines)
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    this.#clients.delete(connection.address)
    this.#bytesRead += connection.bytesRead
    this.#bytesWritten += connection.bytesWritten
    this.#company?.commons.connected(-1)
  }

  #tooMany(): Fault {
    return new Fault('TOO_MANY_CONNECTIONS', { limit: this.#maxConnections })
  }

  #tooManyOfClient(): Fault {
    return new Fault('TOO_MANY_OF_CLIENT', { limit: this.#context.settings.maxClientConnections })
  }

  /** A worker more: who pipelines may send it what was beyond its share. */
  #look(): void {
    for (const connection of this.#connections.all()) connection.look()
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

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
