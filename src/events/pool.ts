import type { Fault } from '../faults/fault.ts'
import type { EndReason, WorkerFacts } from './worker.ts'

/** Where one worker process can be reached. */
export interface WorkerPlace {
  /** 1, 2, …: its number in the logs; a replacement gets a new one. */
  readonly number: number
  readonly pid: number
  readonly socketPath: string
  readonly pagePath: string
  /** Requests it runs at the same time. */
  readonly threads: number
}

/** What the supervisor is told of a worker it attached. */
export interface WorkerOwner {
  ready(facts: WorkerFacts): void
  unready(fault: Fault): void
  /** Its connections ended or broke: it is ending, or to be ended. */
  broken(why: string): void
}

/** The supervisor's hold on a worker in the pool. */
export interface AttachedWorker {
  /** Requests it has and has not answered. */
  readonly running: number
  /** It is ready: requests go to it from now on. */
  serve(): void
  /** Nothing new goes to it; it finishes what runs and ends by itself. */
  drain(): void
  /** Its process has ended: what it had begun fails, what it had not goes elsewhere. */
  ended(reason: EndReason): void
}

/** The border between supervisor and server: all that the one knows of the other. */
export interface WorkerPool {
  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker
}
