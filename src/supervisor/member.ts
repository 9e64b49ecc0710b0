import { ENDS, type End } from '../events/ends.ts'
import type { AttachedWorker } from '../events/pool.ts'
import type { EndReason } from '../events/worker.ts'
import { startOf } from '../system/processes.ts'
import type { Career } from './backoff.ts'
import type { Forked, Forker } from './forker.ts'
import type { Generation } from './generation.ts'
import type { Limits } from './recycle.ts'
import type { WorkerState, WorkerStatus } from './status.ts'

type Fact = 'serve' | 'drain' | 'cut' | 'kill'

/** All ways from state to state; what isn't here doesn't happen. A worker's end is its forker's report, in any state. */
export const NEXT: Readonly<Record<WorkerState, Partial<Record<Fact, WorkerState>>>> = {
  booting: { serve: 'serving', drain: 'draining', cut: 'broken', kill: 'killed' },
  serving: { drain: 'draining', cut: 'broken', kill: 'killed' },
  draining: { kill: 'killed' },
  broken: { kill: 'killed' },
  killed: {},
}

/** A worker process as the supervisor knows it. */
export interface Member extends Career {
  readonly number: number
  readonly pid: number
  /** With the pid it names the process for good (system/processes.ts). */
  readonly ticks: string | null
  readonly generation: Generation
  /** What forked it, kills it, and reports its end as long as it is alive itself. */
  readonly forker: Forker
  readonly attached: AttachedWorker
  /** Where its stacks are written on signals.DUMP; null: nowhere. */
  readonly stackPath: string | null
  readonly limits: Limits
  state: WorkerState
  /** Until when its state is borne with (crew.ts says what comes then). */
  deadlineMs: number
  readyAtMs: number | null
  /** It said that it can't load. */
  isUnready: boolean
  /** Why it is to leave (booting, serving), leaves (draining) or was killed; null: it is to stay. */
  end: End | null
  /** Its connections have ended. */
  isCut: boolean
  /** When the exception was last raised in an overdue request; Infinity: it is about to be; null: none is overdue. */
  interruptedAtMs: number | null
  /** It is above --memory-limit: its stacks are asked for, then it is killed. */
  isCondemned: boolean
  wasKilledByHand: boolean
  /** Its end was reported. */
  isOver: boolean
}

export function newMember(
  generation: Generation,
  forker: Forker,
  { worker, pid, stack }: Forked,
  attached: AttachedWorker,
  limits: Limits,
  nowMs: number,
): Member {
  return {
    number: worker,
    pid,
    ticks: startOf(pid),
    generation,
    forker,
    attached,
    stackPath: stack ?? null,
    limits,
    bornMs: nowMs,
    state: 'booting',
    deadlineMs: nowMs + generation.settings.bootTimeoutMs,
    readyAtMs: null,
    isUnready: false,
    end: null,
    isCut: false,
    interruptedAtMs: null,
    isCondemned: false,
    isOver: false,
    wasKilledByHand: false,
    get answered() {
      return attached.answered
    },
  }
}

/** Counted among those that will serve as long as they are wanted. */
export function isStaying({ state, end, isOver }: Member): boolean {
  return end === null && !isOver && (state === 'booting' || state === 'serving')
}

export function isServing({ state, isOver }: Member): boolean {
  return state === 'serving' && !isOver
}

/** How a worker ended, of the ways in the table, from what was meant with it and what its process did. */
export function endOf(member: Member, reason: EndReason): End {
  const { state, end, isUnready } = member
  if (isUnready) return 'boot_failed'
  if (state === 'killed') return end ?? 'lost'
  const byItself = reason.kind === 'signaled' || (reason.kind === 'exited' && reason.code !== 0)
  if (state === 'draining' && !byItself) return end ?? 'lost'
  switch (reason.kind) {
    case 'signaled':
      return 'crashed'
    case 'exited':
      return 'exited'
    default:
      return 'lost'
  }
}

/** To the pool: was its end asked for? What it ran is told so. */
export function reasonFor(member: Member, end: End, reason: EndReason): EndReason {
  if (member.state === 'draining' && ENDS[end].planned) return { kind: 'asked' }
  return OURS.has(end) ? { kind: 'lost', why: ENDS[end].says } : reason
}

/** Ends by our own SIGKILL: whose request goes down with the worker is told why, not how. */
const OURS: ReadonlySet<End> = new Set(['timeout', 'memory_limit', 'graceful_timeout'])

export function statusOf(member: Member, nowMs: number, rssBytes: number | null): WorkerStatus {
  const { number, pid, generation, state, attached, bornMs } = member
  return {
    number,
    pid,
    generation: generation.number,
    state,
    ageMs: nowMs - bornMs,
    requests: attached.answered,
    busyMs: attached.busyMicros / 1000,
    running: attached.running,
    rssBytes,
  }
}
