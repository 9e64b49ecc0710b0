import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { SupervisorEvents } from './events.ts'
import type { Fleet } from './fleet.ts'
import type { Generation } from './generation.ts'
import { OneMore } from './oneMore.ts'
import type { SupervisorSettings } from './settings.ts'

export interface Reloaded {
  readonly generation: number
  readonly tookMs: number
}

export interface ReloadOwner {
  /** How many workers will be wanted once these settings count. */
  wantedAfter(settings: SupervisorSettings): number
  /** They count from now on. */
  adopt(settings: SupervisorSettings): void
}

/** Generations that take the place of the present one: one at a time. Who asks meanwhile shares the one after it. */
export class Reloads {
  readonly #fleet: Fleet
  readonly #events: SupervisorEvents
  readonly #clock: Clock
  readonly #owner: ReloadOwner
  readonly #queue = new OneMore((settings: SupervisorSettings) => this.#run(settings))
  #cancelled: Fault | null = null

  constructor(fleet: Fleet, events: SupervisorEvents, clock: Clock, owner: ReloadOwner) {
    this.#fleet = fleet
    this.#events = events
    this.#clock = clock
    this.#owner = owner
  }

  /** Faults: what made it fail; RELOAD_CANCELLED. */
  async ask(settings: SupervisorSettings): Promise<Reloaded> {
    if (this.#cancelled !== null) throw this.#cancelled
    const reloaded = this.#queue.ask(settings)
    this.letNewerPass()
    return reloaded
  }

  /** A roll whose workers fail to load might never end: a newer reload, which may mend it, takes its place. */
  letNewerPass(): void {
    if (!this.#queue.hasQueued || !this.#fleet.isRollFailing) return
    this.#fleet.cutShort(new Fault('RELOAD_CANCELLED', { detail: 'a newer one was asked for' }))
  }

  /** None is finished or begun any more. */
  stop(): void {
    this.#cancelled ??= new Fault('RELOAD_CANCELLED', { detail: 'the server stops' })
    this.#queue.cancel(this.#cancelled)
    this.#fleet.cutShort(this.#cancelled)
  }

  async #run(settings: SupervisorSettings): Promise<Reloaded> {
    const begunMs = this.#clock.nowMs()
    await this.#fleet.untilFewDrain()
    if (this.#cancelled !== null) throw this.#cancelled
    const generation = this.#begin(settings)
    const { number } = generation
    try {
      await generation.trial.promise
      this.#owner.adopt(settings)
      await this.#fleet.promote(generation, settings.reloadStrategy === 'rolling')
    } catch (fault) {
      this.#fleet.giveUp(generation)
      this.#events.tell({ kind: 'reloadFailed', generation: number, fault: fault as Fault })
      throw fault
    }
    const tookMs = this.#clock.nowMs() - begunMs
    this.#events.tell({ kind: 'reloaded', generation: number, tookMs })
    return { generation: number, tookMs }
  }

  #begin(settings: SupervisorSettings): Generation {
    const wanted = this.#owner.wantedAfter(settings)
    const goal = settings.reloadStrategy === 'rolling' ? Math.min(1, wanted) : wanted
    const generation = this.#fleet.try(settings, goal)
    this.#events.tell({ kind: 'reloadBegun', generation: generation.number })
    return generation
  }
}
