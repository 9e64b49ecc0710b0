import type { End } from '../events/ends.ts'
import type { RequestFacts, ThreadStack } from '../events/worker.ts'
import type { Fault } from '../faults/fault.ts'
import type { Level } from '../observe/level.ts'

/** What the supervisor tells: each becomes a line of the log, with these facts as its fields, and a count. */
export type SupervisorEvent =
  | {
      readonly kind: 'workerReady'
      readonly worker: number
      readonly pid: number
      readonly generation: number
      readonly bootMs: number
    }
  | {
      readonly kind: 'workerEnded'
      readonly worker: number
      readonly pid: number
      readonly generation: number
      readonly end: End
      /** How the process ended: `signal SIGSEGV`, `exit code 3`. */
      readonly detail: string
      readonly requests: number
      readonly livedMs: number
    }
  /** A load failed after one that had not: of a replacement, of a zygote. */
  | { readonly kind: 'loadFailed'; readonly worker: number | null; readonly pid: number | null; readonly fault: Fault }
  | { readonly kind: 'preloaded'; readonly generation: number }
  /** Each worker loads the application for itself, because of these. */
  | { readonly kind: 'notPreloaded'; readonly generation: number; readonly findings: readonly string[] }
  | { readonly kind: 'reloadBegun'; readonly generation: number }
  | { readonly kind: 'reloaded'; readonly generation: number; readonly tookMs: number }
  | { readonly kind: 'reloadFailed'; readonly generation: number; readonly fault: Fault }
  | { readonly kind: 'scaled'; readonly from: number; readonly to: number; readonly why: string }
  | {
      readonly kind: 'overdue'
      /** They are not ended (--timeout-action log). */
      readonly goesOn?: true
      readonly worker: number
      readonly pid: number
      readonly requests: readonly RequestFacts[]
      readonly stacks: readonly ThreadStack[] | null
      /** What faulthandler wrote, where the worker's own thread was silent; '' otherwise. */
      readonly dump: string
    }
  | {
      readonly kind: 'overMemory'
      readonly worker: number
      readonly pid: number
      readonly rssBytes: number
      readonly limitBytes: number
      readonly stacks: readonly ThreadStack[] | null
      readonly dump: string
    }

export interface SupervisorEvents {
  tell(event: SupervisorEvent): void
  note(level: Level, text: string, trace?: string): void
  /** Bytes a worker wrote to its stdout or stderr; false: `resume` will be called before more is read. */
  output(pid: number, stream: 'stdout' | 'stderr', bytes: Buffer, resume: () => void): boolean
  outputEnded(pid: number, stream: 'stdout' | 'stderr'): void
}
