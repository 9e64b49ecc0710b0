import { LookAhead } from '../dispatch/ahead.ts'
import { leastBusy } from '../dispatch/choose.ts'
import type { Commons } from '../dispatch/commons.ts'
import type { Deadlines } from '../dispatch/deadlines.ts'
import { WaitingQueue } from '../dispatch/queue.ts'
import { shareOf } from '../dispatch/share.ts'
import { Turns } from '../dispatch/turns.ts'
import type { AttachedWorker, PoolLoad, WorkerOwner, WorkerPlace, WorkerPool } from '../events/pool.ts'
import type { RequestFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { HeldBack, type Pipeliner } from './heldBack.ts'
import { type Home, type Job, type PoolEvents, PooledWorker } from './pooledWorker.ts'
import { Pressure } from './pressure.ts'

export type { Job, PlacedJob, PoolEvents } from './pooledWorker.ts'
export { PooledWorker } from './pooledWorker.ts'

export interface PoolSettings extends Deadlines {
  readonly queue: number
  readonly queueTimeoutMs: number
  readonly lookAhead: number
}

/** Other fronts that share the workers. */
export interface Company {
  readonly commons: Commons
  /** A worker may have room for what waits there. */
  wake(front: number): void
}

/** A request that came back untouched from two dead workers is not tried a third time: it may be what kills them. */
const MOST_REQUEUES = 2
/** How often workers with requests sent ahead are looked at, and how long their silence may be at least and at most. */
const RECALL_CHECK_MS = 4
const RECALL_AFTER_MS = 3
const RECALL_BY_MS = 50

/**
 * One bounded queue before all workers (design: one queue, least busy worker first). What a worker is sent beyond
 * its threads is a prediction; when it fails, it is recalled and run where there is room.
 */
export class Pool implements WorkerPool, Home {
  readonly commons: Commons | null
  readonly clock: Clock
  readonly events: PoolEvents
  readonly ahead: LookAhead
  /** Whose turn it is, between those that send singly and those that pipeline. */
  readonly turns: Turns
  onLastMetrics: ((worker: number, text: string) => void) | null = null
  /** Connections that have requests with the workers or in the queue: their own count. */
  connections = 0
  #onPressure: (() => void) | null = null
  #settings: PoolSettings
  readonly #company: Company | null
  readonly #queue = new WaitingQueue<Job>()
  #serving: PooledWorker[] = []
  /** Those that serve, and those that still have requests of the time when they did. */
  #workers: PooledWorker[] = []
  #threads = 0
  #busy = 0
  #busiest = 0
  #turn = 0
  #isHeld = false
  /** Time of the last sweep. */
  #nowMs: number
  #check: NodeJS.Timeout | null = null
  readonly #heldBack: HeldBack
  /** Those that found no thread free for a further request, in the order in which they asked. */
  readonly #wanting = new Set<Pipeliner>()
  #isOffering = false
  #hasOffer = false
  readonly #pressure = new Pressure(
    () => this.#onPressure?.(),
    () => this.#queue.length > 0,
  )

  constructor(settings: PoolSettings, clock: Clock, events: PoolEvents, company: Company | null = null) {
    this.#company = company
    this.commons = company?.commons ?? null
    this.#settings = settings
    this.clock = clock
    this.events = events
    this.ahead = new LookAhead(settings.lookAhead)
    this.#nowMs = clock.nowMs()
    this.turns = new Turns(this.#nowMs)
    this.#heldBack = new HeldBack(this.turns)
  }

  /** Other settings, which count at once. */
  adopt(settings: PoolSettings): void {
    this.#settings = settings
    this.ahead.adopt(settings.lookAhead)
  }

  get onPressure(): (() => void) | null {
    return this.#onPressure
  }

  /** Whoever begins to listen is told of what waits already. */
  set onPressure(listener: (() => void) | null) {
    const isNew = this.#onPressure === null
    this.#onPressure = listener
    if (isNew && this.#queue.length > 0) this.#press()
  }

  get deadlines(): Deadlines {
    return this.#settings
  }

  get waiting(): number {
    return this.#queue.length
  }

  get full(): boolean {
    return (this.commons?.waiting ?? this.#queue.length) >= this.#settings.queue
  }

  /** Is there a place in the queue for one more? It is taken then. */
  #hasPlace(): boolean {
    const { queue } = this.#settings
    return this.commons === null ? this.#queue.length < queue : this.commons.enters(queue)
  }

  /** Workers that take requests. */
  get serving(): number {
    return this.#serving.length
  }

  /** Requests that workers were given and have not answered. */
  get running(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.own, 0)
  }

  get held(): boolean {
    return this.#isHeld
  }

  /** While it is held nothing goes to a worker: what comes waits. */
  set held(isHeld: boolean) {
    this.#isHeld = isHeld
    this.spread()
    this.events.batchEnd()
  }

  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker {
    return new PooledWorker(this, place, owner)
  }

  takeLoad(): PoolLoad {
    if (this.commons !== null) return { waiting: this.commons.waiting, busiest: this.commons.takeBusiest() }
    const busiest = this.#busiest
    this.#busiest = this.#busy
    return { waiting: this.#queue.length, busiest }
  }

  /** All that wait and run. */
  requests(): RequestFacts[] {
    const nowMs = this.clock.nowMs()
    const waiting = this.#queue.all().map((job) => job.facts('waiting', nowMs - job.queuedAtMs, null))
    return [...this.#workers.flatMap((worker) => worker.requests(nowMs)), ...waiting]
  }

  /** Hot. Sends the job to a worker, or lets it wait, or fails it with QUEUE_FULL. */
  submit(job: Job): void {
    const worker = this.#queue.length === 0 && !this.#mustYield(job) ? this.#free() : null
    if (worker !== null) return this.#send(worker, job)
    if (!this.#hasPlace()) return job.failed(new Fault('QUEUE_FULL', { limit: this.#settings.queue }))
    this.#queue.push(job)
    if (this.#hasBacklog) this.spread()
    if (this.#queue.length === 1) this.#press()
    if (this.#company !== null) this.#waitTogether()
  }

  /** Hot. How many requests a worker may be sent beyond its threads just now. */
  get allowedAhead(): number {
    return this.#hasBacklog ? this.ahead.allowedOfBacklog : this.ahead.allowed
  }

  get #hasBacklog(): boolean {
    return this.#queue.length >= this.#serving.length
  }

  /** May a connection that has `own` requests here, one at least, submit another? */
  takesAnother(own: number): boolean {
    if (this.ahead.allowed > 0) {
      const room = this.#threads + this.#serving.length * this.ahead.allowed
      return own < shareOf(room, this.connections * (this.commons?.fronts ?? 1))
    }
    // Nothing is sent ahead: while threads are free, nobody goes short, and who has waited for one comes first.
    if (!this.#hasFreeThread) return false
    const takes = this.#hasOffer || this.#wanting.size === 0
    this.#hasOffer = false
    return takes
  }

  get #hasFreeThread(): boolean {
    return this.#queue.length === 0 && this.#serving.some(({ load, threads }) => load < threads)
  }

  /** One each: who takes a thread and wants a further one is the last of those that want one. */
  #offerThreads(): void {
    this.#isOffering = true
    for (const pipeliner of this.#wanting) {
      if (!this.#hasFreeThread) break
      this.#wanting.delete(pipeliner)
      this.#hasOffer = true
      pipeliner.look()
    }
    this.#hasOffer = false
    this.#isOffering = false
  }

  /** `look` is called when a thread is free and nobody queues. While requests are fast, its own next answer is soon enough. */
  awaitThread(pipeliner: Pipeliner): void {
    if (this.ahead.allowed > 0) return
    this.#wanting.add(pipeliner)
    if (!this.#isOffering && this.#hasFreeThread) this.#offerThreads()
  }

  /** It has gone. */
  unwant(pipeliner: Pipeliner): void {
    if (this.#wanting.size > 0) this.#wanting.delete(pipeliner)
  }

  /** `goOn` is called when it is this connection's turn. */
  holdBack(pipeliner: Pipeliner): void {
    this.#heldBack.add(pipeliner)
  }

  /** Nobody waits for this job's answer any more: if it waits, it is never run; if it runs, its worker is told. */
  cancel(job: Job): void {
    if (job.place !== null) job.place.worker.link.cancel(job.place.id)
    else {
      this.#queue.leave(job)
      this.#tellQueue()
    }
  }

  /** Called now and then: fails what has waited too long, and what runs too long. `open`: connections there are. */
  expire(nowMs: number, open = 0): void {
    this.#nowMs = nowMs
    this.turns.turn(nowMs, open, this.ahead.meanMicros / Math.max(1, this.#serving.length))
    this.#heldBack.release()
    // First what has come from the workers is read: this process may have been stopped for a while.
    if (this.#workers.some((worker) => worker.mayBeLate(nowMs))) setImmediate(this.#judge)
    const { queueTimeoutMs } = this.#settings
    for (let job = this.#queue.peek(); job !== undefined; job = this.#queue.peek()) {
      if (nowMs - job.queuedAtMs < queueTimeoutMs) break
      this.#queue.shift()
      job.failed(new Fault('QUEUE_TIMEOUT', { limit: `${queueTimeoutMs / 1000} s` }))
    }
    if (this.#company !== null) this.#waitTogether()
  }

  /** Fails everything that waits. */
  clear(fault: Fault): void {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) job.failed(fault)
    this.#tellQueue()
  }

  /** What a worker of one thread runs now: the oldest of what it was sent. */
  soleJobOf(pid: number): Job | undefined {
    const worker = this.#workers.find((one) => one.pid === pid && one.threads === 1)
    return this.commons === null ? worker?.link.oldest : worker?.sole
  }

  /** Gives waiting jobs to workers with room. */
  spread(): void {
    while (this.#queue.length > 0 && !this.#mustYield(this.#queue.peek()!)) {
      const worker = this.#free()
      if (worker === null) break
      this.#send(worker, this.#queue.shift()!)
    }
    if (this.#company !== null) this.#passOn()
    if (!this.#heldBack.isEmpty) this.#heldBack.release()
    if (this.#wanting.size > 0 && !this.#isOffering && this.#hasFreeThread) this.#offerThreads()
  }

  /** Another front says that a worker may have room. */
  woken(): void {
    this.commons?.awake()
    this.spread()
    this.events.batchEnd()
  }

  /** What waits here is told first and looked at afterwards: a worker that came free in between is not missed. */
  #waitTogether(): void {
    this.#tellQueue()
    this.spread()
  }

  /** Does a request of another front's come before this one? It is told then. */
  #mustYield(job: Job): boolean {
    if (this.#company === null) return false
    const other = this.#company.commons.olderThan(this.#monotonicMs(job))
    if (other >= 0) this.#wake(other)
    return other >= 0
  }

  /** Room that we have no use for is the next one's. */
  #passOn(): void {
    this.#tellQueue()
    if (this.#queue.length > 0) return
    const other = this.#company!.commons.olderThan(Number.POSITIVE_INFINITY)
    if (other >= 0 && this.#free() !== null) this.#wake(other)
  }

  #wake(front: number): void {
    if (this.#company!.commons.nudge(front)) this.#company!.wake(front)
  }

  #tellQueue(): void {
    if (this.commons === null) return
    const head = this.#queue.peek()
    this.commons.queued(this.#queue.length, head === undefined ? 0 : this.#monotonicMs(head))
  }

  /** Each front's own clock began at another time. */
  #monotonicMs({ queuedAtMs }: Job): number {
    return queuedAtMs + (this.clock.behindMonotonicMs ?? 0)
  }

  join(worker: PooledWorker): void {
    this.#serving = [...this.#serving, worker]
    this.#workers = [...this.#workers, worker]
    this.#threads += worker.threads
    this.spread()
    this.events.joined()
    this.events.batchEnd()
  }

  leave(worker: PooledWorker): void {
    if (!this.#serving.includes(worker)) return
    this.#serving = this.#serving.filter((other) => other !== worker)
    this.#threads -= worker.threads
    if (worker.isBusy) this.idle(worker)
  }

  forget(worker: PooledWorker): void {
    this.leave(worker)
    this.#workers = this.#workers.filter((other) => other !== worker)
  }

  idle(worker: PooledWorker): void {
    worker.isBusy = false
    this.#busy--
  }

  takeBack(jobs: readonly Job[]): void {
    for (const job of jobs) job.place = null
    const wasEmpty = this.#queue.length === 0
    this.#queue.giveBack(jobs.filter((job) => !job.abandoned))
    this.#tellQueue()
    this.spread()
    if (wasEmpty && this.#queue.length > 0) this.#press()
  }

  /** Jobs of a dead worker that it had not begun. */
  rescue(jobs: readonly Job[], why: Fault): void {
    const again = jobs.filter((job) => ++job.requeues <= MOST_REQUEUES)
    for (const job of jobs) if (job.requeues > MOST_REQUEUES) job.failed(why)
    this.takeBack(again)
  }

  #free(): PooledWorker | null {
    return this.#isHeld ? null : leastBusy(this.#serving, this.#turn++)
  }

  #send(worker: PooledWorker, job: Job): void {
    if (worker.load < worker.threads) worker.progressAtMs = this.clock.nowMs()
    const id = worker.link.send(job, job.question)
    job.place = { worker, id, sentAtMs: this.#nowMs }
    worker.tell()
    if (!worker.isBusy) this.#occupy(worker)
    this.#watch()
    job.sent()
  }

  #occupy(worker: PooledWorker): void {
    worker.isBusy = true
    this.#busiest = Math.max(this.#busiest, ++this.#busy)
  }

  #press(): void {
    if (this.#onPressure !== null) this.#pressure.begin(this.#serving.length === 0)
  }

  #watch(): void {
    // The timer's turn goes through the sockets first: what a worker has answered by now counts.
    this.#check ??= setTimeout(() => setImmediate(this.#recall), RECALL_CHECK_MS)
  }

  /** Takes back what lies behind a request that is slower than predicted, and has finished answers sent. */
  readonly #recall = (): void => {
    this.#check = null
    const nowMs = this.clock.nowMs()
    const { expectedMicros } = this.ahead
    for (const worker of this.#serving) {
      if (worker.own === 0 || worker.isStalled) continue
      // Threads that began together end together: the silence of a worker is as long as a request, not its pace.
      const predictedMs = (expectedMicros * worker.threads) / 1000
      const silenceMs = Math.min(RECALL_BY_MS, Math.max(RECALL_AFTER_MS, 3 * predictedMs))
      if (!worker.recalling && nowMs - worker.progressAtMs >= silenceMs) worker.recall()
      else this.#watch()
    }
  }

  readonly #judge = (): void => {
    const nowMs = this.clock.nowMs()
    for (const worker of this.#workers) worker.judge(nowMs)
  }
}
