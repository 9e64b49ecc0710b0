import type { Commons } from '../dispatch/commons.ts'
import { MOST_SLOTS } from '../dispatch/commons.ts'
import type { AttachedWorker, PoolLoad, WorkerOwner, WorkerPlace, WorkerPool } from '../events/pool.ts'
import type { EndReason, RequestFacts, ThreadStack, WorkerFacts } from '../events/worker.ts'
import type { Fault } from '../faults/fault.ts'
import type { Pool } from '../server/pool.ts'
import { type MessageFromFront, unpacked } from './messages.ts'
import type { FrontThread } from './thread.ts'

/** The pools of all fronts as one, for the supervisor. */
export class SharedPool implements WorkerPool {
  readonly #own: Pool
  readonly #threads: readonly FrontThread[]
  readonly #commons: Commons
  readonly #workers = new Map<number, SharedWorker>()
  readonly #slots = new Set<number>()
  #onPressure: (() => void) | null = null

  constructor(own: Pool, threads: readonly FrontThread[], commons: Commons) {
    this.#own = own
    this.#threads = threads
    this.#commons = commons
  }

  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker {
    const slot = this.#takeSlot()
    const worker = new SharedWorker(place.number, slot, owner, this.#threads, this.#commons)
    try {
      worker.attach(this.#own, { ...place, slot })
    } catch (error) {
      this.#slots.delete(slot)
      throw error
    }
    this.#workers.set(place.number, worker)
    return worker
  }

  takeLoad(): PoolLoad {
    return this.#own.takeLoad()
  }

  get onPressure(): (() => void) | null {
    return this.#onPressure
  }

  set onPressure(listener: (() => void) | null) {
    const isNews = (listener === null) !== (this.#onPressure === null)
    this.#onPressure = listener
    this.#own.onPressure = listener
    if (isNews) for (const thread of this.#threads) thread.post({ kind: 'press', wanted: listener !== null })
  }

  /** One front asks, the main thread's: what it is told is of the whole worker. */
  get onLastMetrics(): WorkerPool['onLastMetrics'] {
    return this.#own.onLastMetrics
  }

  set onLastMetrics(listener: WorkerPool['onLastMetrics']) {
    this.#own.onLastMetrics = listener
  }

  /** The number of the worker with this pid; 0: there is none. */
  numberOf(pid: number): number {
    for (const [number, worker] of this.#workers) if (worker.pid === pid) return number
    return 0
  }

  hear(front: number, message: MessageFromFront): void {
    if (message.kind === 'pressure') return this.#onPressure?.()
    if (!('worker' in message)) return
    const worker = this.#workers.get(message.worker)
    switch (message.kind) {
      case 'ready':
        return worker?.ready(front, message.facts)
      case 'unready':
        return worker?.unready(unpacked(message.fault))
      case 'broken':
        return worker?.broken(message.why)
      case 'overdue':
        return worker?.overdue(front, message.requests, message.goesOn)
      case 'buried':
        if (worker?.buried(front)) this.#forget(message.worker, worker)
    }
  }

  #forget(number: number, { slot }: SharedWorker): void {
    this.#workers.delete(number)
    this.#slots.delete(slot)
  }

  #takeSlot(): number {
    for (let slot = 0; slot < MOST_SLOTS; slot++) {
      if (this.#slots.has(slot) || this.#commons.loadOf(slot) > 0) continue
      this.#slots.add(slot)
      this.#commons.clear(slot)
      return slot
    }
    throw new Error(`${MOST_SLOTS} workers are known, which is all that can be`)
  }
}

/** One worker, as all fronts have it. */
class SharedWorker implements AttachedWorker {
  readonly slot: number
  pid = 0
  readonly #number: number
  readonly #owner: WorkerOwner
  readonly #threads: readonly FrontThread[]
  readonly #commons: Commons
  #own!: AttachedWorker
  readonly #ready = new Set<number>()
  readonly #buried = new Set<number>()
  #isUnready = false
  #isBroken = false

  constructor(number: number, slot: number, owner: WorkerOwner, threads: readonly FrontThread[], commons: Commons) {
    this.#number = number
    this.slot = slot
    this.#owner = owner
    this.#threads = threads
    this.#commons = commons
  }

  attach(pool: Pool, place: WorkerPlace): void {
    this.pid = place.pid
    this.#own = pool.attach(place, {
      ready: (facts) => this.ready(0, facts),
      unready: (fault) => this.unready(fault),
      broken: (why) => this.broken(why),
      overdue: (requests, goesOn) => this.overdue(0, requests, goesOn),
      leaving: (isFast) => this.#owner.leaving(isFast),
    })
    for (const thread of this.#threads) thread.post({ kind: 'attach', place })
  }

  get running(): number {
    return this.#commons.loadOf(this.slot)
  }

  get answered(): number {
    return this.#commons.answeredOf(this.slot)
  }

  get busyMicros(): number {
    return this.#commons.busyMicrosOf(this.slot)
  }

  serve(): void {
    this.#own.serve()
    this.#tell('serve')
  }

  drain(): void {
    this.#own.drain()
    this.#tell('drain')
  }

  ended(reason: EndReason): void {
    this.#own.ended(reason)
    for (const thread of this.#threads) thread.post({ kind: 'ended', worker: this.#number, reason })
  }

  interrupt(): void {
    this.#own.interrupt()
    this.#tell('interrupt')
  }

  endLate(): void {
    this.#own.endLate()
    this.#tell('endLate')
  }

  metrics(): Promise<string | null> {
    return this.#own.metrics()
  }

  /** Each front knows the names of its own requests: of each thread, the view that names its request counts. */
  async stacks(): Promise<readonly ThreadStack[] | null> {
    const asked = this.#threads.map((thread) => thread.ask('stacks', this.#number))
    const [own, ...others] = await Promise.all([this.#own.stacks(), ...asked])
    if (!own) return others.find((stacks) => stacks !== null) ?? null
    const named = new Map<number, ThreadStack>()
    for (const view of others)
      for (const stack of view ?? []) if (stack.requestId !== null) named.set(stack.ident, stack)
    return own.map((stack) => (stack.requestId === null ? (named.get(stack.ident) ?? stack) : stack))
  }

  /** It has said so to this front; it serves when it has said so to all. */
  ready(front: number, facts: WorkerFacts): void {
    this.#ready.add(front)
    if (this.#ready.size === this.#threads.length + 1) this.#owner.ready(facts)
  }

  unready(fault: Fault): void {
    if (this.#isUnready) return
    this.#isUnready = true
    this.#owner.unready(fault)
  }

  broken(why: string): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#owner.broken(why)
  }

  /** The front that found it has said STOP already. */
  overdue(front: number, requests: readonly RequestFacts[], goesOn = false): void {
    if (goesOn) return this.#owner.overdue(requests, true)
    if (front !== 0) this.#own.drain()
    for (const thread of this.#threads) if (thread.front !== front) thread.post({ kind: 'drain', worker: this.#number })
    this.#owner.overdue(requests)
  }

  /** True for the last. */
  buried(front: number): boolean {
    this.#buried.add(front)
    return this.#buried.size === this.#threads.length
  }

  #tell(kind: 'serve' | 'drain' | 'interrupt' | 'endLate'): void {
    for (const thread of this.#threads) thread.post({ kind, worker: this.#number })
  }
}
