import type { Fault } from '../faults/fault.ts'
import type { EndReason, RequestFacts, ThreadStack, WorkerFacts } from './worker.ts'

/** Where one worker process can be reached. */
export interface WorkerPlace {
  /** 1, 2, …: its number in the logs; a replacement gets a new one. */
  readonly number: number
  readonly pid: number
  readonly socketPath: string
  readonly pagePath: string
  /** Requests it runs at the same time. */
  readonly threads: number
  /** In greenlets, that is: one of them that computes keeps all others from beginning. */
  readonly inGreenlets?: boolean
  /** Where its load is counted, for several fronts. */
  readonly slot?: number
}

/** What the supervisor is told of a worker it attached. */
export interface WorkerOwner {
  ready(facts: WorkerFacts): void
  unready(fault: Fault): void
  /** Its connections ended or broke: it is ending, or to be ended. */
  broken(why: string): void
  /**
   * These requests are over their deadline. Their clients have their 504 already and nothing new goes to the worker:
   * it is to be looked into, replaced and ended.
   * `goesOn`: none of this; they run on, and that they are late is to be told, with their stacks.
   */
  overdue(requests: readonly RequestFacts[], goesOn?: boolean): void
  /** It was sent a signal that asks it to end, `isFast`: at once; it waits to be told. Only the first front hears it. */
  leaving(isFast: boolean): void
}

/** The supervisor's hold on a worker in the pool. */
export interface AttachedWorker {
  /** Requests it has and has not answered, and whose clients still wait. */
  readonly running: number
  /** Requests it has answered since it serves. */
  readonly answered: number
  /** Time its requests took in the application, all together, microseconds. */
  readonly busyMicros: number
  /** It is ready: requests go to it from now on. */
  serve(): void
  /** Nothing new goes to it; it finishes what runs and ends by itself. */
  drain(): void
  /** Its process has ended: what it had begun fails, what it had not goes elsewhere. */
  ended(reason: EndReason): void
  /** The Python stacks of its threads; null: it has not answered for half a second (a C call that keeps the GIL). */
  stacks(): Promise<readonly ThreadStack[] | null>
  /** Raises dram.RequestTimeout in the threads that run overdue requests. */
  interrupt(): void
  /** What is late in it is ended from now on, also where --timeout-action says that it goes on. */
  endLate(): void
  /** What prometheus_client has in that process, in the text format; null: it isn't imported, or silent. */
  metrics(): Promise<string | null>
}

/** How busy the pool is, for whoever decides how many workers there should be. */
export interface PoolLoad {
  /** Requests that wait for a worker. */
  readonly waiting: number
  /** The most workers that were busy at one time since this was last asked. */
  readonly busiest: number
}

/** The border between supervisor and server: all that the one knows of the other. */
export interface WorkerPool {
  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker
  /** Resets `busiest`. */
  takeLoad(): PoolLoad
  /** Called when a request has waited some milliseconds and no worker had room, and again while that lasts. Null: nobody cares. */
  onPressure: (() => void) | null
  /** Told what prometheus_client has counted in a worker that is about to drain. Null: nobody cares, and none is asked. */
  onLastMetrics: ((worker: number, text: string) => void) | null
}
