import type { End } from '../events/ends.ts'
import type { WorkerFacts } from '../events/worker.ts'
import type { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { Crew } from './crew.ts'
import { Deferred } from './deferred.ts'
import type { Generation } from './generation.ts'
import { isServing, type Member } from './member.ts'
import type { Pauses } from './pauses.ts'
import { spared, surplus, toFork } from './plan.ts'
import type { SupervisorSettings } from './settings.ts'

/** So many generations may drain while another boots. */
const MOST_DRAINING = 1

/** Makes a generation; `isOnTrial`: somebody waits for it to show that it can serve. */
export type OpenGeneration = (number: number, settings: SupervisorSettings, isOnTrial: boolean) => Generation

/**
 * The generations, and the one mechanism by which workers come and go: `reconcile` compares what is wanted with what
 * is there. Whoever wants a worker replaced marks it with its End; it leaves when another can take its place.
 */
export class Fleet {
  readonly #crew: Crew
  readonly #pauses: Pauses
  readonly #clock: Clock
  readonly #wanted: () => number
  readonly #make: OpenGeneration
  #current: Generation | null = null
  /** The one that is to follow, and how many of its workers must be ready for that. */
  #next: { readonly generation: Generation; readonly goal: number } | null = null
  #retired: Generation[] = []
  /** Workers replace those of older generations one by one. */
  #roll: { readonly generation: Generation; readonly done: Deferred<void>; hasFailed: boolean } | null = null
  #fewDrain: Deferred<void> | null = null
  #lastGeneration = 0
  #lastNumber = 0
  #isStopping = false

  constructor(crew: Crew, pauses: Pauses, clock: Clock, wanted: () => number, make: OpenGeneration) {
    this.#crew = crew
    this.#pauses = pauses
    this.#clock = clock
    this.#wanted = wanted
    this.#make = make
  }

  get current(): Generation | null {
    return this.#current
  }

  get generations(): Generation[] {
    const newer = [this.#current, this.#next?.generation ?? null]
    return [...this.#retired, ...newer.filter((one) => one !== null)]
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Another generation is to follow, and boots. */
  get isReloading(): boolean {
    return this.#next !== null
  }

  /** A worker of the generation that rolls in could not load. */
  get isRollFailing(): boolean {
    return this.#roll?.hasFailed ?? false
  }

  /** How many workers the generation is to have now. */
  goalOf(generation: Generation): number {
    return this.#next?.generation === generation ? this.#next.goal : this.#wanted()
  }

  /** How many of its workers must be ready for it to pass its trial. */
  trialGoalOf(generation: Generation): number {
    return this.#next?.generation === generation ? this.#next.goal : Math.min(1, this.#wanted())
  }

  /**
   * The first generation. Settles once one of its workers serves, or (none is wanted) is known to be able to.
   * `isFinal`: where it fails, nothing is tried again; else a reload may do better.
   */
  async begin(settings: SupervisorSettings, isFinal: boolean): Promise<WorkerFacts> {
    this.#current = this.#open(settings, true)
    this.#current.state = 'current'
    try {
      return await this.#current.trial.promise
    } catch (fault) {
      this.#isStopping ||= isFinal
      throw fault
    }
  }

  /** Resolves once another generation may be begun: while two drain, there might be no memory for a third. */
  async untilFewDrain(): Promise<void> {
    if (this.#retired.length <= MOST_DRAINING) return
    this.#fewDrain = new Deferred()
    await this.#fewDrain.promise.finally(() => (this.#fewDrain = null))
  }

  /** A generation beside the current one; it passes its trial when `goal` of its workers are ready. */
  try(settings: SupervisorSettings, goal: number): Generation {
    const generation = this.#open(settings, true)
    this.#next = { generation, goal }
    return generation
  }

  /**
   * The traffic moves to a generation that passed its trial; the workers of the others leave as they can be spared.
   * Resolves at once; `isRolling`: once no worker of an older generation serves. They are replaced one by one.
   */
  promote(generation: Generation, isRolling: boolean): Promise<void> {
    const done = new Deferred<void>()
    if (isRolling) this.#roll = { generation, done, hasFailed: false }
    else done.resolve()
    this.#next = null
    this.#follow(generation, 'reload')
    this.#pauses.forget()
    for (const member of this.#crew.all)
      if (member.generation === generation && member.readyAtMs !== null) this.#crew.serve(member)
    this.reconcile() // in this turn: who is told that the reload is done never meets the old code again
    return done.promise
  }

  rollFailed(): void {
    if (this.#roll !== null) this.#roll.hasFailed = true
  }

  /** A generation that failed its trial, or isn't waited for any more, ends; the current one goes on. */
  giveUp(generation: Generation): void {
    if (this.#next?.generation !== generation) return
    this.#next = null
    this.#retire(generation, 'given_up')
    this.reconcile()
  }

  /** Fails whatever a reload waits for. */
  cutShort(fault: Fault): void {
    this.#next?.generation.trial.reject(fault)
    this.#fewDrain?.reject(fault)
    this.#roll?.done.reject(fault)
    this.#roll = null
  }

  /** Every worker may finish what it runs, as long as `gracefulMs`. None is started any more. */
  drain(gracefulMs: number): void {
    this.#isStopping = true
    for (const member of this.#crew.all) {
      const hasHooks = member.generation.settings.zygote.extension !== null
      if (gracefulMs <= 0 && hasHooks) this.#crew.quit(member, 'stop')
      else this.#crew.drain(member, 'stop', gracefulMs)
    }
  }

  /** Ends all processes. */
  end(): void {
    for (const generation of this.generations) generation.end()
  }

  /** Forks what is missing, drains what can be spared. To be called whenever either may have changed. */
  reconcile(): void {
    if (this.#isStopping || this.#current === null) return
    if (this.#current.stage === 'orphaned') this.#relieve(this.#current)
    this.#fill(this.#current)
    this.#letGo(this.#current)
    this.#tidy()
    this.#endRoll()
  }

  #open(settings: SupervisorSettings, isOnTrial: boolean): Generation {
    return this.#make(++this.#lastGeneration, settings, isOnTrial)
  }

  #follow(generation: Generation, end: End): void {
    const before = this.#current!
    generation.state = 'current'
    this.#current = generation
    this.#retire(before, end)
  }

  #retire(generation: Generation, end: End): void {
    generation.retire(end)
    this.#retired.push(generation)
    for (const member of this.#crew.all) {
      if (member.generation !== generation) continue
      if (member.state === 'booting') this.#crew.drain(member, end, gracefulMs(member))
      else if (member.state === 'serving') member.end ??= end
    }
  }

  /** The workers of a generation that can't fork any more serve until those of another, from the same settings, do. */
  #relieve(orphaned: Generation): void {
    if (this.#next !== null || !this.#pauses.mayOpen(this.#clock.nowMs())) return
    this.#follow(this.#open(orphaned.settings, false), 'relief')
  }

  #fill(current: Generation): void {
    const atOnce = this.#roll !== null || this.#pauses.inLoop ? 1 : Infinity
    if (this.#pauses.mayFork(this.#clock.nowMs())) this.#fork(current, this.#wanted(), atOnce)
    if (this.#next !== null) this.#fork(this.#next.generation, this.#next.goal, Infinity)
  }

  #fork(generation: Generation, wanted: number, atOnce: number): void {
    const count = toFork(generation, this.#crew.all, wanted, atOnce)
    for (let left = count; left > 0; left--) generation.fork(++this.#lastNumber)
  }

  #letGo(current: Generation): void {
    for (const member of surplus(current, this.#crew.all, this.#wanted()))
      this.#crew.drain(member, 'scale', gracefulMs(member))
    for (const member of spared(this.#crew.all, this.#wanted()))
      this.#crew.drain(member, member.end!, gracefulMs(member))
  }

  /** Ends generations whose last worker is gone, and tells who waits for that. */
  #tidy(): void {
    const peopled = new Set(this.#crew.all.map(({ generation }) => generation))
    const isDone = (generation: Generation) => !peopled.has(generation) && generation.pending.size === 0
    for (const generation of this.#retired.filter(isDone)) generation.end()
    this.#retired = this.#retired.filter((generation) => !isDone(generation))
    if (this.#retired.length <= MOST_DRAINING) this.#fewDrain?.resolve()
  }

  #endRoll(): void {
    const roll = this.#roll
    if (roll === null) return
    const isOld = (member: Member) => isServing(member) && member.generation.number < roll.generation.number
    if (this.#crew.all.some(isOld)) return
    this.#roll = null
    roll.done.resolve()
  }
}

function gracefulMs({ generation }: Member): number {
  return generation.settings.gracefulTimeoutMs
}
