import type { End } from '../events/ends.ts'
import { type EndReason, endText, type WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { Level } from '../observe/level.ts'
import type { Career } from './backoff.ts'
import type { Crew, CrewOwner } from './crew.ts'
import type { SupervisorEvents } from './events.ts'
import type { Fleet } from './fleet.ts'
import type { Forked, Forker } from './forker.ts'
import type { Generation, GenerationOwner } from './generation.ts'
import { isServing, type Member } from './member.ts'
import type { Pauses } from './pauses.ts'
import { limitsOf } from './recycle.ts'

/** Ends that tell that the application may not be able to run. Of the others the cause is known, and isn't that. */
const LOOPING: ReadonlySet<End> = new Set(['boot_failed', 'boot_timeout', 'crashed', 'exited', 'lost', 'memory_limit'])

/** Hears what generations and their workers report, and says what follows from it. */
export class Foreman implements GenerationOwner, Omit<CrewOwner, 'overdue' | 'leaving'> {
  readonly #crew: Crew
  readonly #fleet: Fleet
  readonly #pauses: Pauses
  readonly #events: SupervisorEvents
  readonly #clock: Clock
  readonly #random: () => number

  constructor(crew: Crew, fleet: Fleet, pauses: Pauses, events: SupervisorEvents, clock: Clock, random: () => number) {
    this.#crew = crew
    this.#fleet = fleet
    this.#pauses = pauses
    this.#events = events
    this.#clock = clock
    this.#random = random
  }

  opened(generation: Generation): void {
    if (generation.preloaded) this.#events.tell({ kind: 'preloaded', generation: generation.number })
    if (generation.loaded !== null) this.#judge(generation, generation.loaded)
    this.#fleet.reconcile()
  }

  forked(generation: Generation, forker: Forker, forked: Forked): void {
    try {
      const member = this.#crew.adopt(generation, forker, forked, limitsOf(generation.settings, this.#random))
      if (this.#fleet.isStopping) this.#crew.kill(member, 'stop')
      else if (generation.retiredFor !== null) this.#crew.kill(member, generation.retiredFor)
    } catch (error) {
      // No descriptor is left for its connections, as a rule.
      forker.kill(forked.pid)
      this.forkFailed(generation, forked.worker, new Fault('FORK_FAILED', { detail: (error as Error).message }))
    }
    this.#fleet.reconcile()
  }

  forkFailed(generation: Generation, worker: number, fault: Fault): void {
    if (generation.candidate === worker) generation.candidate = 0
    this.#crew.ended(worker, { kind: 'asked' }) // some of its files may be there
    this.#pauses.startFailed(this.#clock.nowMs())
    this.#failed(generation, fault, worker, null)
  }

  workerEnded(number: number, reason: EndReason): void {
    this.#crew.ended(number, reason)
  }

  zygoteFailed(generation: Generation, fault: Fault): void {
    if (generation === this.#fleet.current) this.#pauses.startFailed(this.#clock.nowMs())
    this.#failed(generation, fault, null, null)
  }

  templateFailed(generation: Generation, pid: number, fault: Fault): void {
    if (generation === this.#fleet.current)
      this.#died(generation, { bornMs: this.#clock.nowMs(), readyAtMs: null, answered: 0 })
    this.#failed(generation, fault, null, pid)
    this.#fleet.reconcile()
  }

  forkerEnded(forker: Forker): void {
    this.#crew.forkerEnded(forker)
  }

  forkedBy(forker: Forker): readonly Member[] {
    return this.#crew.all.filter((member) => member.forker === forker)
  }

  orphaned(generation: Generation, what: string): void {
    if (this.#fleet.isStopping) return
    if (generation.isTried) return generation.trial.reject(new Fault('PYTHON_BROKEN', { detail: what }))
    if (generation !== this.#fleet.current) return
    this.#events.note('error', `${what} died; another is started`)
    this.#pauses.zygoteDied(generation.bornMs, this.#clock.nowMs())
    this.#fleet.reconcile()
  }

  becomesTemplate(generation: Generation, number: number, findings: readonly string[]): void {
    this.#crew.release(number)
    if (findings.length === 0) return
    const shared = findings.join('; ')
    this.#events.note(
      'warning',
      `the workers of generation ${generation.number} share, as --preload always asks: ${shared}`,
    )
  }

  notPreloaded(generation: Generation, number: number, findings: readonly string[]): boolean {
    this.#events.tell({ kind: 'notPreloaded', generation: generation.number, findings })
    const member = this.#crew.find(number)
    if (member === undefined || this.#fleet.goalOf(generation) > 0) return true
    this.#crew.dismiss(member, 'audited')
    return false
  }

  note(level: Level, text: string): void {
    this.#events.note(level, text)
  }

  ready(member: Member, facts: WorkerFacts): void {
    if (member.generation === this.#fleet.current) this.#crew.serve(member)
    this.#judge(member.generation, facts)
    this.#fleet.reconcile()
  }

  unready(member: Member, fault: Fault): void {
    this.#failed(member.generation, fault, member.number, member.pid)
  }

  gone(member: Member, end: End, reason: EndReason): void {
    const { number, pid, generation, attached, bornMs } = member
    this.#events.tell({
      kind: 'workerEnded',
      worker: number,
      pid,
      generation: generation.number,
      end,
      detail: endText(reason),
      requests: attached.answered,
      livedMs: this.#clock.nowMs() - bornMs,
    })
    if (generation.candidate === number) generation.candidate = 0
    if (LOOPING.has(end)) this.#lost(member, reason)
    this.#fleet.reconcile()
  }

  #lost(member: Member, reason: EndReason): void {
    if (this.#fleet.isStopping) return
    const { generation, readyAtMs } = member
    if (generation.isTried) generation.trial.reject(new Fault('APP_CRASH_LOOP', { detail: endText(reason) }))
    if (generation !== this.#fleet.current) return
    if (readyAtMs === null) this.#fleet.rollFailed()
    this.#died(generation, member)
  }

  #died(generation: Generation, career: Career): void {
    const peers = this.#crew.all.filter((other) => other.generation === generation && isServing(other))
    const pauseMs = this.#pauses.workerDied(career, peers, this.#clock.nowMs())
    if (pauseMs > 0 && this.#fleet.goalOf(generation) > 0)
      this.#events.note('warning', `workers die young: the next starts in ${pauseMs / 1000} s`)
  }

  /** Has it as many ready workers as were waited for? */
  #judge(generation: Generation, facts: WorkerFacts): void {
    if (generation.trial.settled) return
    const isReady = (member: Member) => member.generation === generation && member.readyAtMs !== null && !member.isOver
    if (this.#crew.all.filter(isReady).length >= this.#fleet.trialGoalOf(generation)) generation.trial.resolve(facts)
  }

  #failed(generation: Generation, fault: Fault, worker: number | null, pid: number | null): void {
    if (this.#fleet.isStopping) return
    if (generation.isTried) generation.trial.reject(fault)
    else if (generation === this.#fleet.current) this.#events.tell({ kind: 'loadFailed', worker, pid, fault })
  }
}
