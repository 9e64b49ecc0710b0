import type { LookAhead } from '../dispatch/ahead.ts'
import type { Commons } from '../dispatch/commons.ts'
import { type Deadlines, type Late, lateness } from '../dispatch/deadlines.ts'
import type { AttachedWorker, WorkerOwner, WorkerPlace } from '../events/pool.ts'
import {
  type Asker,
  type EndReason,
  endText,
  type RequestFacts,
  type ThreadStack,
  type WorkerFacts,
} from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { isAfter } from '../worker/codec.ts'
import { type LinkOwner, type Question, WorkerLink } from '../worker/link.ts'

/** A request on its way through the pool. */
export interface Job extends Asker {
  readonly requestId: string
  /** When it came to the pool, and until when it may wait for a worker. */
  readonly queuedAtMs: number
  readonly question: Question
  /** How often it came back from a worker that died before it was begun. */
  requeues: number
  /** Nobody waits for its answer any more. */
  readonly abandoned: boolean
  /** Its answer has begun and not ended: the pool's own mark. */
  streaming: boolean
  /** A piece of its answer came since the pool last looked. */
  heard: boolean
  /** Since when the worker has said nothing of the answer, though it could; 0: not looked at yet. The pool's own mark. */
  silentSinceMs: number
  /** Its client does not take what the worker would give. */
  readonly holdsBack: boolean
  /** Time it took in the application, microseconds; −1: unknown. */
  serviceMicros: number
  /** The worker that has it, and its id there; null while it waits. */
  place: PlacedJob | null
  /** It was sent to a worker: its connection may queue the next. */
  sent(): void
  facts(state: RequestFacts['state'], ageMs: number, worker: number | null): RequestFacts
}

export interface PlacedJob {
  readonly worker: PooledWorker
  readonly id: number
  /** It was sent then or up to a sweep later. */
  readonly sentAtMs: number
}

export interface PoolEvents {
  workerLog(worker: PooledWorker, job: Job | null, level: string, text: string): void
  /** Another worker serves. */
  joined(): void
  /** All answers that came in one read have been told: what is to be written can be written now. */
  batchEnd(): void
  /** A mistake of ours; `job`: the one that it hit. */
  bug(error: unknown, job: Job | null): void
}

/** The pool, as its workers see it. */
export interface Home {
  /** What it shares with other fronts; null: there are none. */
  readonly commons: Commons | null
  readonly clock: Clock
  readonly events: PoolEvents
  readonly ahead: LookAhead
  /** How many requests a worker may be sent beyond its threads just now. */
  readonly allowedAhead: number
  readonly deadlines: Deadlines
  readonly onLastMetrics: ((worker: number, text: string) => void) | null
  join(worker: PooledWorker): void
  /** Nothing new goes to it. */
  leave(worker: PooledWorker): void
  /** Its process has ended. */
  forget(worker: PooledWorker): void
  /** It has answered all it was given. */
  idle(worker: PooledWorker): void
  spread(): void
  takeBack(jobs: readonly Job[]): void
  rescue(jobs: readonly Job[], why: Fault): void
}

/** One worker in the pool. */
export class PooledWorker implements AttachedWorker, LinkOwner<Job> {
  readonly number: number
  readonly pid: number
  readonly threads: number
  readonly link: WorkerLink<Job>
  answered = 0
  busyMicros = 0
  /** When it last began or ended a request, as far as this side knows. */
  progressAtMs = 0
  /** A RECALL is under way. */
  recalling = false
  /** It serves and has requests: the pool's own mark. */
  isBusy = false
  readonly #home: Home
  readonly #owner: WorkerOwner
  readonly #slot: number
  /** How many of ours the other fronts know of. */
  #told = 0
  /** Slower than predicted: nothing is sent ahead until it answers. */
  #stalled = false
  readonly #inGreenlets: boolean
  /** It had room and began nothing: one of its greenlets keeps the others from running. It says so when that is over. */
  #isKept = false
  /** The last id sent before the last RECALL. */
  #recalledTo = 0
  #draining = false
  /** A request has ended since the last batch. */
  #progressed = false
  #streams = 0
  /** Ids of requests that were over their deadline, and their names. */
  readonly #overdue = new Map<number, string>()
  #endsLate = false
  /** Ids of those over their deadline that go on: each is told of once. */
  readonly #slow = new Set<number>()

  constructor(home: Home, place: WorkerPlace, owner: WorkerOwner) {
    this.number = place.number
    this.pid = place.pid
    this.threads = place.threads
    this.#inGreenlets = place.inGreenlets ?? false
    this.#home = home
    this.#owner = owner
    this.#slot = place.slot ?? 0
    this.link = new WorkerLink<Job>(place.pid, place.socketPath, place.pagePath, home.commons?.front ?? 0, this)
  }

  /** Hot. What keeps its threads busy, of whatever front, abandoned requests included. */
  get load(): number {
    const { commons } = this.#home
    return commons === null ? this.link.running.size : commons.loadOf(this.#slot)
  }

  /** What it has of this front's. */
  get own(): number {
    return this.link.running.size
  }

  /** The one of this front's that its only thread runs; undefined: it runs another's, or none. */
  get sole(): Job | undefined {
    const [mark] = this.link.marks(1)
    return mark && this.link.running.get(mark.id)
  }

  /** Hot. Tells the other fronts how many of ours it has. */
  tell(): void {
    const { commons } = this.#home
    if (commons === null) return
    const own = this.link.running.size
    if (own === this.#told) return
    commons.load(this.#slot, own - this.#told)
    this.#told = own
  }

  get running(): number {
    return this.#jobs().filter(([, job]) => !job.abandoned).length
  }

  /** It was recalled, and has not answered since: another RECALL would bring nothing out of what it runs. */
  get isStalled(): boolean {
    if (!this.#stalled) return false
    // One greenlet that computes keeps all those from beginning that were sent later, however many are free.
    if (this.#inGreenlets) return !isAfter(this.link.lastSentId, this.#recalledTo)
    const oldest = this.link.oldest?.place
    return oldest != null && !isAfter(oldest.id, this.#recalledTo)
  }

  /** A young worker's first requests are slow (imports, caches, shared memory that is copied): what it gets grows with what it has answered. */
  get room(): number {
    if (this.#isKept || (this.#inGreenlets && this.recalling)) return 0
    if (this.#stalled || this.recalling || this.#streams > 0) return this.threads
    return this.threads + Math.min(this.answered, this.#home.allowedAhead)
  }

  serve(): void {
    this.#home.join(this)
  }

  drain(): void {
    if (!this.#leave()) return
    const told = this.#home.onLastMetrics
    if (told === null) this.link.stop()
    else {
      // Who has left is recalled no more, and STOP comes only after the account.
      if (this.own > 0) this.recall()
      void this.#giveAccount(told).finally(() => this.link.stop())
    }
  }

  /** What the application has counted would be lost with the process. */
  async #giveAccount(told: (worker: number, text: string) => void): Promise<void> {
    const text = await this.link.metrics()
    if (text) told(this.number, text)
  }

  /** Nothing new goes to it from now on; false if that was so before. */
  #leave(): boolean {
    if (this.#draining) return false
    this.#draining = true
    this.#home.leave(this)
    return true
  }

  recall(): void {
    this.recalling = true
    this.#stalled = true
    this.#recalledTo = this.link.lastSentId
    this.link.recall()
  }

  /** What it had written before its end is read first: two turns of the loop bring it. */
  ended(reason: EndReason): void {
    this.#home.leave(this)
    setImmediate(() => setImmediate(() => this.#bury(reason)))
  }

  async stacks(): Promise<readonly ThreadStack[] | null> {
    const stacks = await this.link.stacks()
    if (stacks === null) return null
    return stacks.map(({ name, ident, request, stack }) => ({
      name,
      ident,
      stack,
      requestId: this.#requestId(request),
    }))
  }

  metrics(): Promise<string | null> {
    return this.link.metrics()
  }

  interrupt(): void {
    for (const id of this.#overdue.keys()) this.link.interrupt(id)
  }

  endLate(): void {
    this.#endsLate = true
  }

  /** What it was sent and has not answered, oldest first. */
  requests(nowMs: number): RequestFacts[] {
    const starts = this.#startsMs()
    return this.#jobs().map(([id, job]) => {
      const startMs = starts.get(id)
      if (startMs === undefined && !job.streaming) return job.facts('waiting', nowMs - job.queuedAtMs, null)
      // While its clock stands still nothing tells when it began.
      const since = startMs === undefined || startMs === Number.POSITIVE_INFINITY ? job.place!.sentAtMs : startMs
      return job.facts(job.streaming ? 'answering' : 'running', nowMs - since, this.number)
    })
  }

  /** Is it worth reading from its page what its requests are at? */
  mayBeLate(nowMs: number): boolean {
    const { timeoutMs, streamTimeoutMs } = this.#home.deadlines
    if (streamTimeoutMs > 0 && this.#streams > 0) return true
    const oldest = timeoutMs > 0 ? this.link.oldest : undefined
    return oldest !== undefined && nowMs - oldest.place!.sentAtMs >= timeoutMs
  }

  /** Ends the wait for what is over its deadline. */
  judge(nowMs: number): void {
    const starts = this.#startsMs()
    const late: (readonly [id: number, job: Job, why: Late])[] = []
    for (const [id, job] of this.#jobs()) {
      const startMs = starts.get(id)
      if (startMs === undefined) continue // not begun, or its end is on the way to us
      if (job.heard || job.holdsBack || startMs === Number.POSITIVE_INFINITY || job.silentSinceMs === 0)
        job.silentSinceMs = nowMs
      job.heard = false
      const { streaming, silentSinceMs } = job
      const timed = { sentAtMs: job.place!.sentAtMs, streaming, silentSinceMs }
      const why = lateness(timed, startMs, nowMs, this.#home.deadlines)
      if (why !== null) late.push([id, job, why])
    }
    if (this.#home.deadlines.timeoutAction === 'log' && !this.#endsLate) this.#tellOf(late, starts, nowMs)
    else if (late.length > 0) this.#giveUp(late, starts, nowMs)
  }

  #tellOf(
    late: readonly (readonly [id: number, job: Job, why: Late])[],
    starts: ReadonlyMap<number, number>,
    nowMs: number,
  ): void {
    for (const id of this.#slow) if (!this.link.running.get(id)) this.#slow.delete(id)
    const news = late.filter(([id]) => !this.#slow.has(id))
    if (news.length === 0) return
    for (const [id] of news) this.#slow.add(id)
    const facts = news.map(([id, job]) =>
      job.facts(job.streaming ? 'answering' : 'running', nowMs - starts.get(id)!, this.number),
    )
    this.#owner.overdue(facts, true)
  }

  #giveUp(
    late: readonly (readonly [id: number, job: Job, why: Late])[],
    starts: ReadonlyMap<number, number>,
    nowMs: number,
  ): void {
    const facts = late.map(([id, job]) =>
      job.facts(job.streaming ? 'answering' : 'running', nowMs - starts.get(id)!, this.number),
    )
    if (this.#leave()) this.link.stop() // those behind come back, and go elsewhere
    for (const [id, job, why] of late) {
      this.#overdue.set(id, job.requestId)
      this.link.forget(id)
      if (job.streaming) this.#streams--
      job.streaming = false
      job.failed(new Fault(why, { limit: this.#limitOf(why) }))
    }
    this.tell()
    this.#owner.overdue(facts)
    this.#home.events.batchEnd()
  }

  #limitOf(why: Late): string {
    const { timeoutMs, streamTimeoutMs } = this.#home.deadlines
    return `${(why === 'REQUEST_TIMEOUT' ? timeoutMs : streamTimeoutMs) / 1000} s`
  }

  #jobs(): [id: number, job: Job][] {
    return this.link.running.entries(this.link.lastSentId)
  }

  /** When what it runs now was begun, by id, on our clock. */
  #startsMs(): Map<number, number> {
    const behindMs = this.#home.clock.behindMonotonicMs ?? 0
    const marks = this.link.marks(this.threads)
    return new Map(marks.map(({ id, startSeconds }) => [id, startSeconds * 1000 - behindMs]))
  }

  #requestId(id: number): string | null {
    return this.link.running.get(id)?.requestId ?? this.#overdue.get(id) ?? null
  }

  ready(facts: WorkerFacts): void {
    this.#owner.ready(facts)
  }

  unready(fault: Fault): void {
    this.#owner.unready(fault)
  }

  closed(why: string): void {
    this.#home.leave(this)
    this.#owner.broken(why)
  }

  leaving(isFast: boolean): void {
    this.#owner.leaving(isFast)
  }

  bug(error: unknown, job: Job | null): void {
    this.#home.events.bug(error, job)
  }

  log(job: Job | null, level: string, text: string): void {
    this.#home.events.workerLog(this, job, level, text)
  }

  begun(job: Job): void {
    job.streaming = true
    job.heard = true // its silence begins now, however long it took to come to this
    this.#streams++
  }

  /** Hot. */
  finished(job: Job, serviceMicros: number): void {
    if (job.streaming) this.#streams--
    job.streaming = false
    job.serviceMicros = serviceMicros
    this.answered++
    if (serviceMicros > 0) this.busyMicros += serviceMicros
    this.#stalled = false
    this.#isKept = false
    this.#progressed = true
    this.#home.ahead.observe(serviceMicros, this.threads)
  }

  returned(jobs: Job[], isAsked: boolean): void {
    this.recalling = false
    this.tell()
    this.#stalled = this.load > 0
    this.#isKept = this.#inGreenlets && isAsked && jobs.length > 0 && this.load < this.threads
    this.#home.takeBack(jobs)
  }

  batchEnd(): void {
    // Not so the pieces of an endless stream, or log lines: what lies behind them still waits.
    if (this.#progressed) this.progressAtMs = this.#home.clock.nowMs()
    this.#progressed = false
    this.tell()
    this.#home.commons?.count(this.#slot, this.answered, this.busyMicros)
    if (this.isBusy && this.own === 0) this.#home.idle(this)
    this.#home.spread()
    this.#home.events.batchEnd()
  }

  #bury(reason: EndReason): void {
    const fault = new Fault('WORKER_DIED', { detail: endText(reason) })
    const { begun, untouched } = this.link.bury()
    this.tell()
    this.#home.forget(this)
    for (const job of begun) job.failed(fault)
    this.#home.rescue(untouched, fault)
    this.#home.events.batchEnd()
  }
}
