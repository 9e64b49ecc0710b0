import { LookAhead } from '../dispatch/ahead.ts'
import { leastBusy } from '../dispatch/choose.ts'
import { WaitingQueue } from '../dispatch/queue.ts'
import type { AttachedWorker, WorkerOwner, WorkerPlace, WorkerPool } from '../events/pool.ts'
import { type Asker, type EndReason, endText, type WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { type LinkOwner, type Question, WorkerLink } from '../worker/link.ts'

/** A request on its way through the pool. */
export interface Job extends Asker {
  /** When it came to the pool, and until when it may wait for a worker. */
  readonly queuedAtMs: number
  readonly question: Question
  /** How often it came back from a worker that died before it was begun. */
  requeues: number
  /** Nobody waits for its answer any more. */
  readonly abandoned: boolean
  /** Its answer has begun and not ended: the pool's own mark. */
  streaming: boolean
  /** The worker that has it, and its id there; null while it waits. */
  place: PlacedJob | null
  /** It was sent to a worker: its connection may queue the next. */
  sent(): void
}

export interface PlacedJob {
  readonly worker: PooledWorker
  readonly id: number
}

export interface PoolSettings {
  readonly queue: number
  readonly queueTimeoutMs: number
  readonly lookAhead: number
}

export interface PoolEvents {
  workerLog(worker: PooledWorker, job: Job | null, level: string, text: string): void
  /** All answers that came in one read have been told: what is to be written can be written now. */
  batchEnd(): void
  /** A mistake of ours; `job`: the one that it hit. */
  bug(error: unknown, job: Job | null): void
}

/** A request that came back untouched from two dead workers is not tried a third time: it may be what kills them. */
const MOST_REQUEUES = 2
/** How often workers with requests sent ahead are looked at, and how long their silence may be at least. */
const RECALL_CHECK_MS = 4
const RECALL_AFTER_MS = 3

/**
 * One bounded queue before all workers (design: one queue, least busy worker first). What a worker is sent beyond
 * its threads is a prediction; when it fails, it is recalled and run where there is room.
 */
export class Pool implements WorkerPool {
  readonly settings: PoolSettings
  readonly clock: Clock
  readonly events: PoolEvents
  readonly ahead: LookAhead
  readonly #queue = new WaitingQueue<Job>()
  #serving: PooledWorker[] = []
  #turn = 0
  #check: NodeJS.Timeout | null = null

  constructor(settings: PoolSettings, clock: Clock, events: PoolEvents) {
    this.settings = settings
    this.clock = clock
    this.events = events
    this.ahead = new LookAhead(settings.lookAhead)
  }

  get waiting(): number {
    return this.#queue.length
  }

  get full(): boolean {
    return this.#queue.length >= this.settings.queue
  }

  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker {
    return new PooledWorker(this, place, owner)
  }

  /** Hot. Sends the job to a worker, or lets it wait, or fails it with QUEUE_FULL. */
  submit(job: Job): void {
    const worker = this.#queue.length === 0 ? this.#free() : null
    if (worker !== null) this.#send(worker, job)
    else if (this.full) job.failed(new Fault('QUEUE_FULL', { limit: this.settings.queue }))
    else this.#queue.push(job)
  }

  /** Nobody waits for this job's answer any more: if it waits, it is never run; if it runs, its worker is told. */
  cancel(job: Job): void {
    if (job.place !== null) job.place.worker.link.cancel(job.place.id)
    else this.#queue.leave(job)
  }

  /** Called now and then: fails what has waited too long. */
  expire(nowMs: number): void {
    for (let job = this.#queue.peek(); job !== undefined; job = this.#queue.peek()) {
      if (nowMs - job.queuedAtMs < this.settings.queueTimeoutMs) return
      this.#queue.shift()
      job.failed(new Fault('QUEUE_TIMEOUT', { limit: `${this.settings.queueTimeoutMs / 1000} s` }))
    }
  }

  /** Fails everything that waits. */
  clear(fault: Fault): void {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) job.failed(fault)
  }

  /** What a worker of one thread runs now: the oldest of what it was sent. */
  soleJobOf(pid: number): Job | undefined {
    const worker = this.#serving.find((one) => one.pid === pid && one.threads === 1)
    return worker?.link.oldest
  }

  /** Gives waiting jobs to workers with room. */
  spread(): void {
    while (this.#queue.length > 0) {
      const worker = this.#free()
      if (worker === null) return
      this.#send(worker, this.#queue.shift()!)
    }
  }

  join(worker: PooledWorker): void {
    this.#serving = [...this.#serving, worker]
    this.spread()
    this.events.batchEnd()
  }

  leave(worker: PooledWorker): void {
    this.#serving = this.#serving.filter((other) => other !== worker)
  }

  takeBack(jobs: readonly Job[]): void {
    for (const job of jobs) job.place = null
    this.#queue.giveBack(jobs.filter((job) => !job.abandoned))
    this.spread()
  }

  /** Jobs of a dead worker that it had not begun. */
  rescue(jobs: readonly Job[], why: Fault): void {
    const again = jobs.filter((job) => ++job.requeues <= MOST_REQUEUES)
    for (const job of jobs) if (job.requeues > MOST_REQUEUES) job.failed(why)
    this.takeBack(again)
  }

  #free(): PooledWorker | null {
    return leastBusy(this.#serving, this.#turn++)
  }

  #send(worker: PooledWorker, job: Job): void {
    const before = worker.link.running.size
    if (before < worker.threads) worker.progressAtMs = this.clock.nowMs()
    const id = worker.link.send(job, job.question)
    job.place = { worker, id }
    this.#watch()
    job.sent()
  }

  #watch(): void {
    // The timer's turn goes through the sockets first: what a worker has answered by now counts.
    this.#check ??= setTimeout(() => setImmediate(this.#recall), RECALL_CHECK_MS)
  }

  /** Takes back what lies behind a request that is slower than predicted, and has finished answers sent. */
  readonly #recall = (): void => {
    this.#check = null
    const nowMs = this.clock.nowMs()
    const silenceMs = Math.max(RECALL_AFTER_MS, (3 * this.ahead.expectedMicros) / 1000)
    for (const worker of this.#serving) {
      if (worker.running === 0 || worker.recalling || worker.isStalled) continue
      if (nowMs - worker.progressAtMs >= silenceMs) worker.recall()
      else this.#watch()
    }
  }
}

/** One worker in the pool. */
export class PooledWorker implements AttachedWorker, LinkOwner<Job> {
  readonly number: number
  readonly pid: number
  readonly threads: number
  readonly link: WorkerLink<Job>
  /** When it last began or ended a request, as far as this side knows. */
  progressAtMs = 0
  /** A RECALL is under way. */
  recalling = false
  readonly #pool: Pool
  readonly #owner: WorkerOwner
  /** Slower than predicted: nothing is sent ahead until it answers. */
  #stalled = false
  #draining = false
  /** A request has ended since the last batch. */
  #progressed = false
  #streams = 0

  constructor(pool: Pool, place: WorkerPlace, owner: WorkerOwner) {
    this.number = place.number
    this.pid = place.pid
    this.threads = place.threads
    this.#pool = pool
    this.#owner = owner
    this.link = new WorkerLink<Job>(place.pid, place.socketPath, place.pagePath, this)
  }

  get running(): number {
    return this.link.running.size
  }

  /** It was recalled, and has not answered since. */
  get isStalled(): boolean {
    return this.#stalled
  }

  get room(): number {
    if (this.#stalled || this.recalling || this.#streams > 0) return this.threads
    return this.threads + this.#pool.ahead.allowed
  }

  serve(): void {
    this.#pool.join(this)
  }

  drain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#pool.leave(this)
    this.link.stop()
  }

  recall(): void {
    this.recalling = true
    this.#stalled = true
    this.link.recall()
  }

  /** What it had written before its end is read first: two turns of the loop bring it. */
  ended(reason: EndReason): void {
    this.#pool.leave(this)
    setImmediate(() => setImmediate(() => this.#bury(reason)))
  }

  ready(facts: WorkerFacts): void {
    this.#owner.ready(facts)
  }

  unready(fault: Fault): void {
    this.#owner.unready(fault)
  }

  closed(why: string): void {
    this.#pool.leave(this)
    this.#owner.broken(why)
  }

  bug(error: unknown, job: Job | null): void {
    this.#pool.events.bug(error, job)
  }

  log(job: Job | null, level: string, text: string): void {
    this.#pool.events.workerLog(this, job, level, text)
  }

  begun(job: Job): void {
    job.streaming = true
    this.#streams++
  }

  /** Hot. */
  finished(job: Job, serviceMicros: number): void {
    if (job.streaming) this.#streams--
    job.streaming = false
    this.#stalled = false
    this.#progressed = true
    this.#pool.ahead.observe(serviceMicros)
  }

  returned(jobs: Job[]): void {
    this.recalling = false
    this.#stalled = this.running > 0
    this.#pool.takeBack(jobs)
  }

  batchEnd(): void {
    // Not so the pieces of an endless stream, or log lines: what lies behind them still waits.
    if (this.#progressed) this.progressAtMs = this.#pool.clock.nowMs()
    this.#progressed = false
    this.#pool.spread()
    this.#pool.events.batchEnd()
  }

  #bury(reason: EndReason): void {
    const fault = new Fault('WORKER_DIED', { detail: endText(reason) })
    const { begun, untouched } = this.link.bury()
    for (const job of begun) job.failed(fault)
    this.#pool.rescue(untouched, fault)
    this.#pool.events.batchEnd()
  }
}
