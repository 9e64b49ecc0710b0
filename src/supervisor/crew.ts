import { constants } from 'node:os'
import type { End } from '../events/ends.ts'
import type { WorkerPool } from '../events/pool.ts'
import type { EndReason, RequestFacts, WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { sendSignal } from '../system/processes.ts'
import type { SupervisorEvents } from './events.ts'
import { removeWorkerFiles } from './folder.ts'
import type { Forked, Forker } from './forker.ts'
import type { Generation } from './generation.ts'
import { endOf, type Member, NEXT, newMember, reasonFor } from './member.ts'
import { Outputs } from './outputs.ts'
import type { Limits } from './recycle.ts'

const QUIT = constants.signals.SIGQUIT
/** What was killed, has lost its connections or can't load, and isn't reported: so long before more is done. */
const REPORT_MS = 2_000
/** One that is to end at once has so long for what it has to do at its end. */
export const FAST_MS = 1_000

export interface CrewOwner {
  /** It has loaded the application; it serves once it is told to. */
  ready(member: Member, facts: WorkerFacts): void
  /** It never will be ready; its end follows. */
  unready(member: Member, fault: Fault): void
  overdue(member: Member, requests: readonly RequestFacts[], goesOn: boolean): void
  /** It was sent a signal that asks it to end. */
  leaving(member: Member, isFast: boolean): void
  /** It has ended and is forgotten; whatever it had to say was heard before. */
  gone(member: Member, end: End, reason: EndReason): void
}

/** The workers of all generations, and what becomes of each: booting, serving, draining, and its end. */
export class Crew {
  readonly #members = new Map<number, Member>()
  readonly #outputs: Outputs
  readonly #folder: string
  readonly #pool: WorkerPool
  readonly #events: SupervisorEvents
  readonly #clock: Clock
  readonly #owner: CrewOwner

  constructor(folder: string, pool: WorkerPool, events: SupervisorEvents, clock: Clock, owner: CrewOwner) {
    this.#folder = folder
    this.#pool = pool
    this.#events = events
    this.#clock = clock
    this.#owner = owner
    this.#outputs = new Outputs(events)
  }

  get all(): Member[] {
    return [...this.#members.values()]
  }

  get size(): number {
    return this.#members.size
  }

  find(number: number): Member | undefined {
    return this.#members.get(number)
  }

  /** Takes in a worker that was forked. Throws where no descriptor is left for its connections. */
  adopt(generation: Generation, forker: Forker, forked: Forked, limits: Limits): Member {
    const { worker: number, pid } = forked
    this.#outputs.open(forked)
    const place = {
      number,
      pid,
      socketPath: forked.socket,
      pagePath: forked.page,
      threads: generation.settings.zygote.threads,
      inGreenlets: generation.settings.zygote.greenlets > 0,
    }
    const attached = this.#pool.attach(place, {
      ready: (facts) => this.#ready(number, facts),
      unready: (fault) => this.#unready(number, fault),
      broken: (why) => this.#broken(number, why),
      overdue: (requests, goesOn = false) => this.#overdue(number, requests, goesOn),
      leaving: (isFast) => this.#leaving(number, isFast),
    })
    const member = newMember(generation, forker, forked, attached, limits, this.#clock.nowMs())
    this.#members.set(number, member)
    return member
  }

  /** It is no worker any more but a template: its connections are closed, its output is still read. */
  release(number: number): void {
    const member = this.#members.get(number)
    this.#members.delete(number)
    if (member === undefined) return
    member.attached.ended({ kind: 'asked' })
    removeWorkerFiles(this.#folder, number)
  }

  serve(member: Member): void {
    if (!this.#move(member, 'serve', Infinity)) return
    member.attached.serve()
  }

  /** It finishes what it runs, as long as `gracefulMs`; what isn't ready has nothing to finish. */
  drain(member: Member, end: End, gracefulMs: number): void {
    if (gracefulMs <= 0 || (member.state === 'booting' && member.readyAtMs === null)) return this.kill(member, end)
    const untilMs = this.#clock.nowMs() + gracefulMs
    if (member.state === 'draining') member.deadlineMs = Math.min(member.deadlineMs, untilMs)
    if (!this.#move(member, 'drain', untilMs)) return
    member.end = end
    member.attached.drain()
  }

  /** It ends by itself, as it is told elsewhere; soon, or else it is killed. */
  dismiss(member: Member, end: End): void {
    if (this.#move(member, 'drain', this.#clock.nowMs() + REPORT_MS)) member.end = end
  }

  /** It ends at once, but by itself, for it has something to do then. */
  quit(member: Member, end: End): void {
    this.drain(member, end, FAST_MS)
    if (member.state !== 'draining') return
    member.deadlineMs = Math.min(member.deadlineMs, this.#clock.nowMs() + FAST_MS)
    if (member.forker.alive) member.forker.kill(member.pid, QUIT)
  }

  kill(member: Member, end: End): void {
    if (!this.#move(member, 'kill', this.#clock.nowMs() + REPORT_MS)) return
    member.end = end
    if (member.forker.alive) return member.forker.kill(member.pid)
    this.#killOrphan(member)
  }

  /** Its process has ended. */
  ended(number: number, reason: EndReason): void {
    const member = this.#members.get(number)
    if (!member) return this.#forget(number)
    if (member.isOver) return
    member.isOver = true
    const end = endOf(member, reason)
    member.attached.ended(reasonFor(member, end, reason))
    // What it had said before its end, why it could not load for instance, is heard within two turns of the loop.
    setImmediate(() => setImmediate(() => this.#bury(member, reason)))
  }

  /** From now on nobody reports the ends of what this one forked; those that are ending would wait for that. */
  forkerEnded(forker: Forker): void {
    for (const member of this.#members.values())
      if (member.forker === forker && (member.isCut || member.state === 'killed')) this.#killOrphan(member)
  }

  tick(nowMs: number): void {
    for (const member of this.#members.values()) if (nowMs >= member.deadlineMs) this.#late(member)
  }

  /** What was not told by now won't be. */
  abandon(): void {
    for (const { number } of this.all) this.ended(number, { kind: 'lost', why: 'its end was not told' })
  }

  #move(member: Member, fact: keyof (typeof NEXT)['booting'], deadlineMs: number): boolean {
    const next = NEXT[member.state][fact]
    if (next === undefined || member.isOver) return false
    member.state = next
    member.deadlineMs = deadlineMs
    return true
  }

  #ready(number: number, facts: WorkerFacts): void {
    const member = this.#members.get(number)
    if (member?.state !== 'booting' || member.readyAtMs !== null) return
    const nowMs = this.#clock.nowMs()
    member.readyAtMs = nowMs
    member.deadlineMs = Infinity
    const { pid, generation, bornMs } = member
    this.#events.tell({
      kind: 'workerReady',
      worker: number,
      pid,
      generation: generation.number,
      bootMs: nowMs - bornMs,
    })
    this.#owner.ready(member, facts)
  }

  #unready(number: number, fault: Fault): void {
    const member = this.#members.get(number)
    if (!member || member.isUnready) return
    member.isUnready = true
    if (member.state === 'booting') member.deadlineMs = this.#clock.nowMs() + REPORT_MS
    this.#owner.unready(member, fault)
  }

  /** Its connections are gone but not (as far as we know) the process: it can't serve any more. */
  #broken(number: number, why: string): void {
    const member = this.#members.get(number)
    if (!member) return
    member.isCut = true
    this.#move(member, 'cut', this.#clock.nowMs() + REPORT_MS)
    if (member.forker.alive) return
    this.#killOrphan(member, why)
  }

  #overdue(number: number, requests: readonly RequestFacts[], goesOn: boolean): void {
    const member = this.#members.get(number)
    if (member && !member.isOver) this.#owner.overdue(member, requests, goesOn)
  }

  #leaving(number: number, isFast: boolean): void {
    const member = this.#members.get(number)
    if (member && !member.isOver) this.#owner.leaving(member, isFast)
  }

  #killByHand(member: Member): void {
    member.wasKilledByHand = true
    if (member.ticks !== null) sendSignal(member.pid, member.ticks, 'SIGKILL')
  }

  /** Its zygote is dead: the end of its connections is all that tells of its own. */
  #killOrphan(member: Member, why = 'its connections ended'): void {
    this.#killByHand(member)
    if (member.isCut) this.ended(member.number, { kind: 'lost', why: `${why}, its zygote dead` })
  }

  #late(member: Member): void {
    const { state, generation } = member
    member.deadlineMs = Infinity
    switch (state) {
      case 'booting': {
        const limit = `${generation.settings.bootTimeoutMs / 1000} s`
        if (!member.isUnready) this.#owner.unready(member, new Fault('APP_BOOT_TIMEOUT', { limit }))
        return this.kill(member, 'boot_timeout')
      }
      case 'draining':
        return this.kill(member, isOverdue(member) ? 'timeout' : 'graceful_timeout')
      case 'broken':
        return this.kill(member, 'lost')
      case 'killed': // and not reported: its forker is silent
        return this.#insist(member)
    }
  }

  #forget(number: number): void {
    this.#outputs.finish(number)
    removeWorkerFiles(this.#folder, number)
  }

  #insist(member: Member): void {
    if (member.wasKilledByHand) return this.ended(member.number, { kind: 'lost', why: 'its end was not told' })
    member.deadlineMs = this.#clock.nowMs() + REPORT_MS
    this.#killByHand(member)
  }

  #bury(member: Member, reason: EndReason): void {
    this.#members.delete(member.number)
    this.#forget(member.number)
    this.#owner.gone(member, endOf(member, reason), reason)
  }
}

function isOverdue({ end, interruptedAtMs }: Member): boolean {
  return end === 'timeout' || interruptedAtMs !== null
}
