import type { AttachedWorker, WorkerPool } from '../events/pool.ts'
import type { ThreadStack, WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { pssOf, rssOf } from '../system/memory.ts'
import { Crew, type CrewOwner } from './crew.ts'
import { Deferred } from './deferred.ts'
import { Distress } from './distress.ts'
import type { SupervisorEvents } from './events.ts'
import { Fleet } from './fleet.ts'
import { Foreman } from './foreman.ts'
import { Generation } from './generation.ts'
import { Headcount } from './headcount.ts'
import { type StartInterpreter, startInterpreter } from './interpreter.ts'
import { LimitWatch } from './limitWatch.ts'
import { isServing, isStaying, statusOf } from './member.ts'
import type { MemoryReader } from './memoryWatch.ts'
import { Partings } from './partings.ts'
import { Pauses } from './pauses.ts'
import { type Reloaded, Reloads } from './reloads.ts'
import type { SupervisorSettings } from './settings.ts'
import type { GenerationStatus, WorkerStatus } from './status.ts'

export type { SupervisorEvent, SupervisorEvents } from './events.ts'
export type { Reloaded } from './reloads.ts'
export type { SupervisorSettings } from './settings.ts'

/** How often everything is looked at that no event tells of. */
const TICK_MS = 100
/** What was killed is waited for this much longer before the stop gives it up. */
const LAST_REPORTS_MS = 5_000

/** What it takes from the system beside processes; a test brings its own. */
export interface SupervisorDoors extends MemoryReader {
  /** 0 … 1 */
  random(): number
  readonly startInterpreter: StartInterpreter
}

export const SYSTEM: SupervisorDoors = { rssOf, pssOf, random: Math.random, startInterpreter }

/** Keeps the right workers alive: as many as are wanted, of the newest generation that works, within their limits. */
export class Supervisor {
  readonly #pool: WorkerPool
  readonly #events: SupervisorEvents
  readonly #clock: Clock
  readonly #doors: SupervisorDoors
  readonly #crew: Crew
  readonly #fleet: Fleet
  readonly #distress: Distress
  readonly #limits: LimitWatch
  readonly #headcount: Headcount
  readonly #reloads: Reloads
  readonly #partings: Partings
  #settings: SupervisorSettings
  #heartbeat: NodeJS.Timeout | null = null
  #isStopping = false
  readonly #stopped = new Deferred<void>()
  #giveUpAtMs = Infinity

  constructor(
    settings: SupervisorSettings,
    folder: string,
    pool: WorkerPool,
    events: SupervisorEvents,
    clock: Clock,
    doors: SupervisorDoors = SYSTEM,
  ) {
    this.#settings = settings
    this.#pool = pool
    this.#events = events
    this.#clock = clock
    this.#doors = doors
    this.#headcount = new Headcount(settings.workers, atLeastOne(settings, settings.workers.least))
    const pauses = new Pauses()
    const hears: CrewOwner = {
      ready: (member, facts) => foreman.ready(member, facts),
      unready: (member, fault) => foreman.unready(member, fault),
      overdue: (member, requests, goesOn) => {
        if (goesOn) return void this.#distress.slow(member, requests)
        void this.#distress.overdue(member, requests)
        this.#fleet.reconcile()
      },
      leaving: (member, isFast) => this.#partings.ask(member, isFast, clock.nowMs()),
      gone: (member, end, reason) => {
        foreman.gone(member, end, reason)
        this.#reloads.letNewerPass()
        this.#seeEmpty()
      },
    }
    this.#crew = new Crew(folder, pool, events, clock, hears)
    this.#fleet = new Fleet(
      this.#crew,
      pauses,
      clock,
      () => this.#headcount.wanted,
      (number, given, isOnTrial) =>
        new Generation(number, given, folder, isOnTrial, doors.startInterpreter, clock, foreman),
    )
    const foreman = new Foreman(this.#crew, this.#fleet, pauses, events, clock, () => doors.random())
    this.#distress = new Distress(this.#crew, events, clock)
    this.#partings = new Partings(this.#crew)
    this.#limits = new LimitWatch(this.#crew, this.#distress, doors)
    this.#reloads = new Reloads(this.#fleet, events, clock, {
      wantedAfter: (after) => this.#wantedAfter(after),
      adopt: (adopted) => this.#adopt(adopted),
    })
  }

  /** Resolves once the first worker serves, or with none wanted, once the application was seen to load; else its fault. */
  async start(): Promise<WorkerFacts> {
    return this.#begin(true)
  }

  /** The same, but where it fails a reload may do better: until then no worker is wanted. */
  async startOrPause(): Promise<WorkerFacts> {
    try {
      return await this.#begin(false)
    } catch (fault) {
      this.#headcount.pause()
      throw fault
    }
  }

  #begin(isFinal: boolean): Promise<WorkerFacts> {
    this.#heartbeat = setInterval(() => this.tick(), TICK_MS).unref()
    this.#watchPressure()
    return this.#fleet.begin(this.#settings, isFinal)
  }

  /**
   * A new generation takes the place of the present one. One at a time; who asks meanwhile shares the one after it.
   * Faults: what made it fail, the old one going on; RELOAD_CANCELLED by a stop, or by a newer one where workers that
   * roll in fail to load.
   */
  reload(settings: SupervisorSettings): Promise<Reloaded> {
    return this.#reloads.ask(settings)
  }

  scale(workers: number): void {
    this.#rescale('asked', () => this.#headcount.set(workers))
  }

  /** Sends it to all of them, as far as their zygotes are there. */
  signalWorkers(signal: NodeJS.Signals): void {
    for (const { forker, pid } of this.#crew.all) if (forker.alive) forker.signal(pid, signal)
  }

  addWorker(): void {
    this.#rescale('asked', () => this.#headcount.step(1))
  }

  removeWorker(): void {
    this.#rescale('asked', () => this.#headcount.step(-1))
  }

  /** All workers drain; the next reload or scaling brings them back. */
  pause(): void {
    this.#rescale('paused', () => this.#headcount.pause())
  }

  /** Ends a pause, if there is one. */
  resume(): void {
    this.#rescale('the pause ends', () => this.#headcount.resume())
  }

  get wanted(): number {
    return this.#headcount.wanted
  }

  get workers(): WorkerStatus[] {
    const nowMs = this.#clock.nowMs()
    return this.#crew.all.map((member) => statusOf(member, nowMs, this.#doors.rssOf(member.pid)))
  }

  get generations(): GenerationStatus[] {
    const nowMs = this.#clock.nowMs()
    return this.#fleet.generations.map(({ number, state, preloaded, zygotePid, forkerPids, bornMs }) => {
      return { number, state, preloaded, zygotePid, forkerPids, ageMs: nowMs - bornMs }
    })
  }

  /** Pids of the workers that serve now, oldest first. */
  get pids(): number[] {
    return this.#crew.all.filter(isServing).map(({ pid }) => pid)
  }

  attachedOf(number: number): AttachedWorker | null {
    return this.#crew.find(number)?.attached ?? null
  }

  /** Stacks of one worker, or of all that serve or drain; null for one that is silent. Faults: WORKER_UNKNOWN. */
  async stacks(
    number: number | null,
  ): Promise<{ number: number; pid: number; threads: readonly ThreadStack[] | null }[]> {
    const all = this.#crew.all.filter(({ state }) => state === 'serving' || state === 'draining')
    const asked = number === null ? all : all.filter((member) => member.number === number)
    if (number !== null && asked.length === 0) throw new Fault('WORKER_UNKNOWN', { detail: number })
    return Promise.all(
      asked.map(async ({ number, pid, attached }) => ({ number, pid, threads: await attached.stacks() })),
    )
  }

  /** The server is about to stop: signals that workers were sent meant all of it. */
  expectStop(): void {
    this.#partings.passOver()
  }

  /** Lets every worker finish, for as long as `gracefulMs`; then kills what is left. Ends with the zygotes gone. */
  async stop(gracefulMs: number): Promise<void> {
    this.#isStopping = true
    this.#pool.onPressure = null
    this.#reloads.stop()
    this.#fleet.drain(gracefulMs)
    this.#giveUpAtMs = Math.min(this.#giveUpAtMs, this.#clock.nowMs() + gracefulMs + LAST_REPORTS_MS)
    this.#seeEmpty()
    await this.#stopped.promise
    this.#fleet.end()
    this.#crew.abandon()
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
  }

  /** Looks at everything that no event tells of: deadlines, limits, idleness. */
  tick(nowMs = this.#clock.nowMs()): void {
    this.#crew.tick(nowMs)
    this.#distress.tick(nowMs)
    this.#partings.tick(nowMs)
    for (const generation of this.#fleet.generations) generation.tick(nowMs)
    if (nowMs >= this.#giveUpAtMs) this.#stopped.resolve()
    if (this.#isStopping) return
    this.#limits.tick(this.#fleet, this.#settings, this.#headcount.wanted, nowMs)
    if (this.#headcount.isElastic && this.#limits.isSecond) this.#shrink(nowMs)
    this.#fleet.reconcile()
  }

  #adopt(settings: SupervisorSettings): void {
    this.#settings = settings
    this.#headcount.adopt(settings.workers, this.#wantedAfter(settings))
    this.#watchPressure()
  }

  #wantedAfter(settings: SupervisorSettings): number {
    return atLeastOne(settings, this.#headcount.after(settings.workers))
  }

  #watchPressure(): void {
    this.#pool.onPressure = this.#headcount.isElastic ? () => this.#grow() : null
  }

  #grow(): void {
    const { waiting, busiest } = this.#pool.takeLoad()
    const serving = this.#crew.all.filter((member) => isServing(member) && isStaying(member)).length
    this.#headcount.seen(busiest)
    const room = this.#limits.room(this.#settings.workersMemoryBytes, this.#crew.all)
    const coming = Math.max(0, this.#headcount.wanted - serving)
    this.#rescale('requests wait', () => this.#headcount.grow(waiting, coming, room))
  }

  #shrink(nowMs: number): void {
    const serving = this.#crew.all.filter(isServing).length
    this.#headcount.seen(this.#pool.takeLoad().busiest)
    this.#rescale('idle', () => this.#headcount.shrink(serving, nowMs))
  }

  #rescale(why: string, change: () => void): void {
    const from = this.#headcount.wanted
    change()
    const to = this.#headcount.wanted
    if (from !== to) this.#events.tell({ kind: 'scaled', from, to, why })
    this.#watchPressure()
    this.#fleet.reconcile()
  }

  #seeEmpty(): void {
    if (this.#isStopping && this.#crew.size === 0) this.#stopped.resolve()
  }
}

/** Where nothing loads the application before the first request, one worker does, to see that it can be. */
function atLeastOne({ preload }: { readonly preload: string }, workers: number): number {
  return preload === 'never' ? Math.max(1, workers) : workers
}
