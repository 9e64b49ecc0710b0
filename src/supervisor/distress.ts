import type { RequestFacts, ThreadStack } from '../events/worker.ts'
import type { Clock } from '../kit/clock.ts'
import { sendSignal } from '../system/processes.ts'
import { WIRE } from '../worker/table.ts'
import type { Crew } from './crew.ts'
import { dumpOf } from './dump.ts'
import type { SupervisorEvents } from './events.ts'
import type { Member } from './member.ts'

/** Even where --graceful-timeout leaves nothing to the others: what hangs is looked into before it is killed. */
const LEAST_DRAIN_MS = 1_500
/** An exception that was raised in the threads of overdue requests has so long to help. */
export const INTERRUPT_MS = 2_000

/** So often a worker with a late request that is to go on is asked, half a second each, before it counts as stuck. */
const PATIENCE_TIMES = 10

interface Insight {
  readonly stacks: readonly ThreadStack[] | null
  readonly dump: string
}

/** Looks into workers that are over a limit while they run, tells what is seen there, and ends them. */
export class Distress {
  readonly #crew: Crew
  readonly #events: SupervisorEvents
  readonly #clock: Clock

  constructor(crew: Crew, events: SupervisorEvents, clock: Clock) {
    this.#crew = crew
    this.#events = events
    this.#clock = clock
  }

  /**
   * The worker drains; what its threads do is told; then an exception is raised in those that are overdue. `tick`
   * sees to it that it ends.
   */
  async overdue(member: Member, requests: readonly RequestFacts[]): Promise<void> {
    const { gracefulTimeoutMs } = member.generation.settings
    this.#crew.drain(member, 'timeout', Math.max(gracefulTimeoutMs, LEAST_DRAIN_MS))
    member.interruptedAtMs = Infinity // `tick` waits: the record of this one comes first
    const { number: worker, pid } = member
    this.#events.tell({ kind: 'overdue', worker, pid, requests, ...(await look(member)) })
    if (member.isOver) return
    member.attached.interrupt()
    member.interruptedAtMs = this.#clock.nowMs()
  }

  /** They go on: that they are late is told, with what they do. But not in a worker in which nothing goes on. */
  async slow(member: Member, requests: readonly RequestFacts[]): Promise<void> {
    const { number: worker, pid } = member
    const stacks = await member.attached.stacks()
    this.#events.tell({ kind: 'overdue', worker, pid, requests, stacks, dump: '', goesOn: true })
    if (!(await this.#answers(member))) member.attached.endLate()
  }

  /** Whether it says anything: a greenlet that never lets go of its hub, or a call into C that keeps the GIL, says nothing. */
  async #answers(member: Member): Promise<boolean> {
    // Each waits half a second; METRICS is what a worker answers where its requests run (python/dram/greenlets.py).
    for (let times = 0; times < PATIENCE_TIMES; times++)
      if (member.isOver || (await member.attached.metrics()) !== null) return true
    return false
  }

  async overMemory(member: Member, rssBytes: number, limitBytes: number): Promise<void> {
    if (member.isCondemned) return
    member.isCondemned = true
    const { number: worker, pid } = member
    this.#events.tell({ kind: 'overMemory', worker, pid, rssBytes, limitBytes, ...(await look(member)) })
    this.#crew.kill(member, 'memory_limit')
  }

  /** Where the exception didn't help, and nobody else's request runs there, there is nothing to wait for. */
  tick(nowMs: number): void {
    for (const member of this.#crew.all) {
      const { interruptedAtMs, attached } = member
      if (interruptedAtMs === null || nowMs - interruptedAtMs < INTERRUPT_MS || attached.running > 0) continue
      this.#crew.kill(member, 'timeout')
    }
  }
}

/**
 * Its own thread's word, which is safe; where that is silent, faulthandler's, which crashes busy workers now and then:
 * only for one that is about to be killed.
 */
async function look(member: Member): Promise<Insight> {
  const { attached, stackPath } = member
  const stacks = await attached.stacks()
  if (stacks !== null || stackPath === null || member.isOver) return { stacks, dump: '' }
  return { stacks, dump: await dumpOf(stackPath, () => signal(member, WIRE.signals.DUMP)) }
}

function signal({ forker, pid, ticks }: Member, number: number): void {
  if (forker.alive) forker.kill(pid, number)
  else if (ticks !== null) sendSignal(pid, ticks, number)
}
