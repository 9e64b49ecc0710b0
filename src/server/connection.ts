import { isLast, type RequestEvent, type RequestHead } from '../events/request.ts'
import type { SecureFacts } from '../events/secure.ts'
import { Fault } from '../faults/fault.ts'
import type { Enlisted } from '../kit/roster.ts'
import type { ClientOwner, ClientSocket } from '../listen/client.ts'
import type { HeaderCache } from '../parse/headerCache.ts'
import { Http1Parser, type ParseLimits } from '../parse/http1.ts'
import { healthPage } from '../respond/health.ts'
import { CONTINUE } from '../respond/interim.ts'
import type { PeerPolicy } from '../route/policy.ts'
import { type Peer, route, type Target } from '../route/route.ts'
import { securePairs } from '../route/secure.ts'
import type { ServerContext } from './context.ts'
import { type Carrier, Exchange } from './exchange.ts'
import type { Pipeliner } from './heldBack.ts'
import { Outlet, type OutletOwner } from './outlet.ts'
import { Pace } from './pace.ts'
import type { ConnectionWitness } from './witness.ts'

const NOTHING = Buffer.alloc(0)
/** A client that reads no answers but goes on asking is read no further above this. */
const MOST_WAITING_BYTES = 256 * 1024
/** After our last answer the client's bytes are read and dropped, so that no reset overtakes the answer (RFC 9112 §9.6). */
const LINGER_MS = 5_000
const LINGER_MOST_MS = 30_000
/** A mark of turns that was made before all others. */
const LONG_AGO = -(2 ** 30)
/** Kept alive and idle for so long, a connection lets go what it may never need again. */
const REST_MS = 1_000
/** How often the pace of bytes is judged. */
const PACE_MS = 1_000

/**
 * What the connection waits for. `handshake`: that of TLS. `idle`: the first byte of a request. `head`: its last. `body`: bytes of a body.
 * `write`: the client, to take what is written. `linger`: the client, to hear that it is over. `us`: none of these.
 */
type Waiting = 'handshake' | 'idle' | 'head' | 'body' | 'write' | 'linger' | 'us'

/** Of one that has none. */
const NO_EXCHANGES: Exchange[] = []

/** How the bytes of connections are read: they keep it over reloads. */
export interface Manner {
  readonly policy: PeerPolicy
  readonly cache: HeaderCache
  readonly limits: ParseLimits
  /** What the application is told of a body depends on it, and is part of the policy. */
  readonly streamsRequests: boolean
}

/** One connection's life: bytes in, requests, answers in their order, bytes out. */
export class Connection implements Carrier, ClientOwner, Enlisted, OutletOwner, Pipeliner {
  rosterAt = -1
  readonly address: string
  readonly witness: ConnectionWitness | null
  /** The client has ended its side; it may still read. */
  halfClosed = false
  readonly #client: ClientSocket
  readonly #context: ServerContext
  readonly #manner: Manner
  readonly #port: number
  #pairs: string
  // Made when they are needed, and let go where the connection rests: of those that are open most do nothing.
  #parser: Http1Parser | null = null
  #outlet: Outlet | null = null
  #peer: Peer | null = null
  /** Not answered yet, in the order they came; the first one writes. */
  #exchanges: Exchange[] = NO_EXCHANGES
  /** So many at least, from the first on, were submitted, or need not be. */
  #begun = 0
  /** Requests that are with the workers, or in the queue. */
  #asked = 0
  /** As the pool's turns count them: when it last sent singly, and when it last did not. */
  #window = 0
  #pipelinedIn = LONG_AGO
  mark = LONG_AGO
  isHeld = false
  /** The one whose body is coming. */
  #receiving: Exchange | null = null
  /** The one that waits for a worker. */
  #queued: Exchange | null = null
  /** The one that asked whether to send its body. */
  #asking: Exchange | null = null
  /** The last request has come: no other is read. */
  #lastCame = false
  #paused = false
  #reading = false
  /** The last answer is written. */
  #closing = false
  #gone = false
  #touched = false
  #waiting: Waiting = 'idle'
  /** It speaks plain HTTP where TLS is expected, and its request is read for the bystander alone. */
  #unsecured: Fault | null = null
  #deadlineMs: number
  #lingerUntilMs = 0
  #receivedBytes = 0
  #pace: Pace | null = null

  /** `pairs`: `Peer.pairs`. `witness`: looks on, through a socket of its own, which is `client`. */
  constructor(
    client: ClientSocket,
    context: ServerContext,
    manner: Manner,
    address: string,
    port: number,
    pairs = '',
    witness: ConnectionWitness | null = null,
  ) {
    this.witness = witness
    this.#client = client
    this.#context = context
    this.#manner = manner
    this.address = address
    this.#port = port
    this.#pairs = pairs
    const { headTimeoutMs, handshakeTimeoutMs } = context.settings
    if (client.isShaking) this.#waiting = 'handshake'
    this.#deadlineMs = context.nowMs + (client.isShaking ? handshakeTimeoutMs : headTimeoutMs)
    client.start(this)
  }

  get peer(): Peer {
    this.#peer ??= { address: this.address, port: this.#port === 0 ? '' : String(this.#port), pairs: this.#pairs }
    return this.#peer
  }

  get outlet(): Outlet {
    this.#outlet ??= new Outlet(this.#client, this.#context.memory, this.#context.answerStore.spool.largeChunks, this)
    return this.#outlet
  }

  get streamsRequests(): boolean {
    return this.#manner.streamsRequests
  }

  /** Is no request here, not even a part of one? */
  get isIdle(): boolean {
    return this.#exchanges.length === 0 && !this.#closing && (this.#parser === null || this.#parser.state === 'idle')
  }

  /** Is nothing answered on this connection after that exchange? */
  mustCloseAfter(exchange: Exchange): boolean {
    const { settings, stopping } = this.#context
    if (settings.keepAliveMs === 0 || this.#receiving === exchange) return true
    return (stopping || this.#lastCame) && this.#exchanges.at(-1) === exchange
  }

  /** A mistake of ours costs this connection, not the server. */
  #guard(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      this.#blunder(error)
    }
  }

  #blunder(error: unknown): void {
    this.#context.bug(error)
    this.#client.destroy()
  }

  // — told by the client's socket —

  /** Hot: `#guard` without its closure. */
  clientSent(bytes: Buffer): void {
    try {
      this.#read(bytes)
    } catch (error) {
      this.#blunder(error)
    }
  }

  /** Hot. */
  clientRoom(): Buffer | null {
    return this.#receiving === null ? null : this.#receiving.intake.room()
  }

  clientEnded(): void {
    this.#guard(() => this.#ended())
  }

  clientTook(): void {
    this.#guard(() => this.#outlet?.drained())
  }

  clientHeardEnd(): void {
    this.#guard(() => this.#setTimer())
  }

  clientClosed(): void {
    this.#guard(() => this.#close())
  }

  clientSecured(facts: SecureFacts): void {
    this.#guard(() => {
      this.#pairs += securePairs(facts)
      this.#peer = null
      this.#awaitHead()
    })
  }

  clientUnsecured(fault: Fault): void {
    this.#guard(() => {
      if (fault.code !== 'TLS_EXPECTED') return this.#context.refused(this, fault)
      if (this.#context.bystander === null) return this.#refuse(fault)
      this.#unsecured = fault // by what is asked for, the bystander may know where to go instead
      this.#awaitHead()
    })
  }

  #awaitHead(): void {
    this.#waiting = 'idle'
    this.#deadlineMs = this.#context.nowMs + this.#context.settings.headTimeoutMs
  }

  // — in —

  #read(bytes: Buffer): void {
    if (this.#lastCame && this.#receiving === null) return this.#drop()
    this.#parser ??= new Http1Parser(this.#manner.limits, this.#manner.cache)
    const parser = this.#parser
    this.#reading = true
    let fed = bytes
    do {
      this.#take(parser.feed(fed, this.#roomForHeads()))
      fed = NOTHING // what was answered at once made room for what the parser holds
    } while (parser.held && !this.#lastCame && this.#roomForHeads() > 0)
    this.#reading = false
    if (this.#asking !== null) this.#sayContinue()
    if (parser.held && !this.#lastCame) this.bodyHold()
    this.#setTimer()
  }

  /** How many heads may be read ahead (RFC 9112 §9.3.2 lets us bound it). */
  #roomForHeads(): number {
    if (this.#outlet !== null && this.#outlet.waiting > MOST_WAITING_BYTES) return 0
    if (this.#context.stopping && this.#exchanges.length > 0) return 0
    return Math.max(0, this.#context.settings.pipeline - this.#exchanges.length)
  }

  #take(events: readonly RequestEvent[]): void {
    for (const event of events) {
      switch (event.kind) {
        case 'head':
          this.#head(event.head)
          break
        case 'body':
          this.#body(event.bytes)
          break
        case 'bodyEnd':
          this.#bodyEnd()
          break
        case 'refused':
          this.#refuse(
            this.#unsecured ?? new Fault(event.code, { limit: event.detail, detail: event.detail, name: event.detail }),
          )
      }
      if (this.#lastCame && this.#receiving === null) return
    }
  }

  #head(head: RequestHead): void {
    if (this.#unsecured !== null) return this.#refuse(this.#unsecured, head)
    const { framing, expectsContinue } = head.block
    const target = route(head, this.#manner.policy, this.peer)
    if (target.kind === 'refused') return this.#refuse(new Fault(target.code, target.values), head)
    if (target.untrusted !== null) this.#context.untrusted(this, target.untrusted)
    this.#lastCame = isLast(head)
    if (this.#context.settings.healthPaths && this.#answersHealth(head, target)) return
    const exchange = new Exchange(this, this.#context, head, target)
    const desk = this.#context.bystander?.deskFor(exchange) ?? null
    if (desk === null && this.#context.standIn !== null) return this.#answerFault(exchange, head, this.#context.standIn)
    exchange.desk = desk
    if (framing !== 'none') {
      this.#receiving = exchange
      if (expectsContinue) this.#asking = exchange
    }
    this.#push(exchange)
    exchange.begin(head)
  }

  /** Answers in its turn what asks for our health. A body is not looked at. */
  #answersHealth(head: RequestHead, target: Target): boolean {
    const page = healthPage(head, () => this.#context.isReady())
    if (page === null) return false
    const exchange = new Exchange(this, this.#context, head, target)
    this.#pushOwn(exchange, head)
    exchange.answer(page)
    this.touch()
    return true
  }

  /** Answers in its turn, too. */
  #answerFault(exchange: Exchange, head: RequestHead, fault: Fault): void {
    this.#pushOwn(exchange, head)
    exchange.fail(fault)
    this.touch()
  }

  /** One that is answered without a worker. */
  #pushOwn(exchange: Exchange, { block }: RequestHead): void {
    if (block.framing !== 'none') this.#receiving = exchange
    this.#push(exchange)
  }

  #body(bytes: Buffer): void {
    this.#asking = null // RFC 9110 §10.1.1: no need to say what it did not wait for
    this.#receivedBytes += bytes.length
    if (this.#receiving === null) return
    this.#receiving.tookIn(bytes.length)
    if (!this.#receiving.intake.write(bytes)) this.bodyHold()
  }

  #bodyEnd(): void {
    const exchange = this.#receiving
    this.#receiving = null
    exchange?.bodyEnded()
  }

  /** What comes can't be taken: it is answered when those before it are, and nothing after it is read. */
  #refuse(fault: Fault, head: RequestHead | null = null): void {
    const half = this.#receiving
    this.#lastCame = true
    this.#receiving = null
    this.#asking = null
    this.#context.refused(this, fault)
    if (half === null) {
      const exchange = new Exchange(this, this.#context, head, null)
      this.#push(exchange)
      exchange.fail(fault)
    } else half.refuse(fault)
    this.touch()
  }

  #push(exchange: Exchange): void {
    if (this.#exchanges === NO_EXCHANGES) this.#exchanges = [exchange]
    else this.#exchanges.push(exchange)
    if (this.#exchanges.length === 1) exchange.takeTurn()
    else {
      exchange.isPipelined = true
      this.#pipelinedIn = this.#context.pool.turns.window
    }
  }

  /** Only once it is its turn, and only if the request will be taken (RFC 9110 §10.1.1). */
  #sayContinue(): void {
    const asking = this.#asking
    if (asking === null || asking !== this.#exchanges[0]) return
    this.#asking = null
    if (!asking.submitted && this.#context.pool.full)
      return this.#refuse(new Fault('QUEUE_FULL', { limit: this.#context.settings.queue }))
    this.outlet.text(CONTINUE)
    asking.witness?.continued()
    this.outlet.flush()
  }

  /** Reading stops until `bodyRoom`, or until there is room for more requests. */
  bodyHold(): void {
    if (this.#paused) return
    this.#paused = true
    this.#client.pause()
  }

  /** Reads on: first what the parser kept, then the socket. */
  bodyRoom(): void {
    if (!this.#paused || this.#gone) return
    this.#paused = false
    // Within a read, what it brought comes first; then it goes on by itself.
    if (!this.#reading && this.#parser?.held && !this.#lastCame) this.#read(NOTHING)
    if (!this.#paused) this.#client.resume()
    this.#setTimer()
  }

  /** A body can't be kept: of the request that is coming, or of one that has come and is still written to disk. */
  bodyFailed(exchange: Exchange, fault: Fault): void {
    if (exchange === this.#receiving) this.#refuse(fault)
    else {
      this.#context.failed(exchange, fault)
      exchange.fail(fault)
      this.touch()
    }
    this.bodyRoom()
  }

  /** Bytes after the last request: the client is heard out, for a while. */
  #drop(): void {
    if (this.#waiting === 'linger') this.#deadlineMs = Math.min(this.#context.nowMs + LINGER_MS, this.#lingerUntilMs)
  }

  // — to the workers —

  /**
   * Submits what may run now: one of ours at a time waits in the queue, beyond one the workers get no more than our
   * share, and those that send singly come in between. What is above it waits here until it is our turn again.
   */
  advance(): void {
    const { pool } = this.#context
    while (this.#queued === null) {
      const next = this.#mayRun()
      if (next === null) return
      if (this.#asked > 0 && !pool.takesAnother(this.#asked)) return pool.awaitThread(this)
      if (next.isPipelined) {
        if (!pool.turns.mayGo(this.mark)) {
          next.witness?.heldBack()
          return pool.holdBack(this)
        }
      } else if (pool.turns.window - this.#pipelinedIn > 1) this.#window = pool.turns.single(this.#window)
      this.mark = pool.turns.singles
      if (this.#asked === 0) pool.connections++
      this.#asked++
      this.#queued = next
      next.submit()
    }
  }

  goOn(): void {
    this.mark = LONG_AGO
    this.#guard(() => this.advance())
  }

  /** There may be a thread for more of ours than there was. */
  look(): void {
    if (this.#exchanges.length > 1) this.#guard(() => this.advance())
  }

  /** Safe requests run side by side, any other alone, after all before it are answered (RFC 9112 §9.3.2). */
  #mayRun(): Exchange | null {
    const all = this.#exchanges
    while (this.#begun < all.length && all[this.#begun]!.submitted) this.#begun++
    const next = all[this.#begun]
    if (next === undefined || !next.ready) return null
    return this.#begun === 0 || (next.isSafe && all[0]!.isSafe) ? next : null
  }

  settled(): void {
    if (--this.#asked === 0) this.#context.pool.connections--
  }

  /** The one that waited was given to a worker, or waits no more. */
  unqueued(exchange: Exchange): void {
    if (this.#queued !== exchange) return
    this.#queued = null
    if (this.#exchanges.length > 1) this.advance()
  }

  // — out —

  /** There may be something to flush at the end of this turn. */
  touch(): void {
    if (this.#touched) return
    this.#touched = true
    this.#context.touched(this)
  }

  flush(): void {
    this.#touched = false
    this.#outlet?.flush()
    if (this.#closing && !this.#client.isEnded) this.#client.end()
    this.#setTimer()
  }

  /** The first exchange is through; `staysOpen`: the connection can carry another. */
  answered(exchange: Exchange, staysOpen: boolean): void {
    this.#shift()
    this.#pace = null
    this.touch()
    const bodyStillComes = this.#receiving === exchange
    const wasLast = this.#lastCame && this.#exchanges.length === 0
    if (!staysOpen || bodyStillComes || wasLast) return this.#end()
    const next = this.#exchanges[0]
    if (next !== undefined) {
      next.takeTurn()
      this.#sayContinue()
      this.advance()
    }
    if (this.#paused && this.#receiving === null) this.bodyRoom()
  }

  /** The first exchange's answer broke off. `reset`: only a reset tells the client. */
  abort(reset: boolean): void {
    this.#shift()
    this.#outlet?.flush()
    this.#end()
    if (reset) this.#client.reset()
  }

  #shift(): void {
    this.#exchanges.shift()
    if (this.#begun > 0) this.#begun--
  }

  outletText(): void {
    this.touch()
  }

  outletBusy(): void {
    this.#setTimer()
  }

  outletIdle(): void {
    this.#exchanges[0]?.pump()
    if (this.#paused && this.#receiving === null) this.bodyRoom()
    this.touch()
  }

  // — the end —

  /** No further answer: what is written leaves, then the client is heard out until it ends its side. */
  #end(): void {
    this.#closing = true
    this.#lastCame = true
    this.#abandonAll()
    this.#lingerUntilMs = this.#context.nowMs + LINGER_MOST_MS
    if (this.#paused) this.bodyRoom()
    this.touch()
  }

  /** The client ended its side: what it asked is still answered, what it had not finished is not. */
  #ended(): void {
    this.halfClosed = true
    this.#lastCame = true
    const half = this.#receiving
    this.#receiving = null
    if (half !== null) {
      half.intake.broken()
      if (!half.submitted && !half.hasAnswer) {
        half.abandon()
        this.#exchanges.splice(this.#exchanges.indexOf(half), 1)
      }
    }
    if (this.#exchanges.length === 0) return this.#end()
    for (const exchange of this.#exchanges) exchange.halfClosed()
  }

  #close(): void {
    this.#gone = true
    this.#abandonAll()
    this.#outlet?.dispose()
    this.#context.pool.unwant(this)
    this.#context.closed(this)
  }

  #abandonAll(): void {
    const all = this.#exchanges
    this.#exchanges = NO_EXCHANGES
    this.#begun = 0
    this.#receiving = null
    this.#asking = null
    for (const exchange of all) exchange.abandon()
    this.#queued = null
  }

  /** Ends it now, whatever is under way. */
  destroy(): void {
    this.#client.destroy()
  }

  /** What its worker has ended, and the client is still taking; null: nothing. */
  get leaving(): Exchange | null {
    const first = this.#exchanges[0]
    return first?.isLeaving ? first : null
  }

  /** Bytes read from the client so far. */
  get bytesRead(): number {
    return this.#client.bytesRead
  }

  /** Bytes written to the client so far. */
  get bytesWritten(): number {
    return this.#client.bytesWritten
  }

  /** The server is stopping: a connection that is idle, or only heard out, has no answer to wait for. */
  closeIfIdle(): void {
    if (this.isIdle) this.#end()
    else if (this.#waiting === 'linger') this.destroy()
  }

  // — time —

  #setTimer(): void {
    const waiting = this.#whatFor()
    if (waiting === this.#waiting && waiting !== 'idle') return
    const { settings, nowMs } = this.#context
    this.#waiting = waiting
    this.#restPace(waiting, nowMs)
    switch (waiting) {
      case 'idle':
        this.#deadlineMs = nowMs + settings.keepAliveMs
        break
      case 'head':
        this.#deadlineMs = nowMs + settings.headTimeoutMs
        break
      case 'linger':
        this.#deadlineMs = nowMs + LINGER_MS
        break
      case 'handshake':
        this.#deadlineMs = nowMs + settings.handshakeTimeoutMs
        break
      case 'body':
      case 'write':
        this.#deadlineMs = nowMs
        break
      case 'us':
        this.#deadlineMs = Number.POSITIVE_INFINITY
    }
  }

  /** An upload or an answer has one pace, however often it is our turn in between. */
  #restPace(waiting: Waiting, nowMs: number): void {
    if (waiting === 'us') this.#pace?.rest(nowMs)
    else if (waiting === this.#pace?.of) this.#pace.goOn(nowMs)
    else this.#pace = null
  }

  #whatFor(): Waiting {
    if (this.#client.isShaking) return 'handshake'
    if (this.#client.hasSaidEnd) return 'linger'
    if (this.#closing || this.#client.waitingBytes > 0) return 'write'
    if (this.#receiving !== null) return this.#paused || this.#asking !== null ? 'us' : 'body'
    if (this.#exchanges.length > 0) return 'us'
    return this.#parser?.state === 'head' ? 'head' : 'idle'
  }

  /** Called a few times a second. */
  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.#guard(() => this.#due(nowMs))
    if (this.#parser !== null && this.#waiting === 'idle') this.#rest(nowMs)
  }

  /** Idle for a while: it keeps nothing that the next request can't make anew. */
  #rest(nowMs: number): void {
    const idleMs = nowMs + this.#context.settings.keepAliveMs - this.#deadlineMs
    if (idleMs < REST_MS || this.#touched || !this.#parser!.isFresh) return
    this.#parser = null
    this.#outlet = null
    this.#peer = null
    this.#exchanges = NO_EXCHANGES
  }

  #due(nowMs: number): void {
    const { settings } = this.#context
    switch (this.#waiting) {
      case 'handshake':
        this.#context.refused(this, new Fault('TLS_HANDSHAKE_TIMEOUT', { limit: seconds(settings.handshakeTimeoutMs) }))
        return this.destroy()
      case 'idle':
        return this.#end()
      case 'head':
        return this.#refuse(new Fault('HEAD_TIMEOUT', { limit: seconds(settings.headTimeoutMs) }))
      case 'body':
        return this.#judgeBody(nowMs)
      case 'write':
        return this.#judgeWrite(nowMs)
      case 'linger':
        return this.destroy()
      case 'us':
    }
  }

  #judgeBody(nowMs: number): void {
    const { bodyTimeoutMs, minBodyRateBytes } = this.#context.settings
    this.#pace ??= new Pace('body', nowMs, bodyTimeoutMs, minBodyRateBytes, this.#receivedBytes)
    const verdict = this.#pace.judge(this.#receivedBytes, nowMs)
    if (verdict === 'stalled') this.#refuse(new Fault('BODY_TIMEOUT', { limit: seconds(bodyTimeoutMs) }))
    else if (verdict === 'slow') this.#refuse(new Fault('BODY_TOO_SLOW', { limit: `${minBodyRateBytes} bytes` }))
    else this.#deadlineMs = nowMs + Math.min(PACE_MS, bodyTimeoutMs)
  }

  /** What the kernel holds for the client doesn't count as taken by it: a large socket buffer hides a slow reader. */
  #judgeWrite(nowMs: number): void {
    const { writeTimeoutMs, minBodyRateBytes } = this.#context.settings
    const unsent = this.#context.unsentBytes(this.#client, Math.max(PACE_MS, writeTimeoutMs / 10))
    if (unsent === null) return // the next sweep asks again
    const taken = this.#client.takenBytes - unsent
    this.#pace ??= new Pace('write', nowMs, writeTimeoutMs, minBodyRateBytes, taken)
    if (this.#pace.judge(taken, nowMs) === 'ok') this.#deadlineMs = nowMs + Math.min(PACE_MS, writeTimeoutMs)
    else this.destroy()
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}
