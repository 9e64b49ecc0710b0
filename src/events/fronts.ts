import type { WorkerPlace } from './pool.ts'
import type { EndReason, RequestFacts, ThreadStack, WorkerFacts } from './worker.ts'

/** A listening socket of the main thread's, which a front is to serve, too. */
export interface SharedSocket<Where> {
  /** Its number in this process. */
  readonly descriptor: number
  readonly where: Where
  readonly takesTls: boolean
}

/** A fault as it travels between threads. */
export interface TravellingFault {
  readonly code: string
  readonly message: string
  readonly trace: string
  readonly hint: string
}

/** What the main thread tells a front. One row per message: all that the one knows of the other. */
export interface ToFront<Settings, Where, Material> {
  /** A worker was forked: connect to it. */
  attach: { readonly place: WorkerPlace }
  /** What AttachedWorker has, for the worker of that number (events/pool.ts). */
  serve: { readonly worker: number }
  drain: { readonly worker: number }
  interrupt: { readonly worker: number }
  endLate: { readonly worker: number }
  ended: { readonly worker: number; readonly reason: EndReason }
  /** Is it to tell when requests wait? */
  press: { readonly wanted: boolean }
  /** Serve these sockets; `listening` or `failed` follows. */
  listen: { readonly sockets: readonly SharedSocket<Where>[] }
  /** Certificates, from now on; null: none. Before `listen`, and when they change. */
  secure: { readonly material: Material | null }
  /** After a reload. */
  adopt: { readonly settings: Settings }
  idleReady: { readonly value: boolean }
  notReady: object
  /** Finish what there is; `finished` follows. `handOver`: a successor has the sockets. */
  finish: { readonly how: 'drain' | 'handOver'; readonly gracefulMs: number }
  /** Not as long as that: now. */
  hurry: object
  /** End everything; `finished` follows. */
  close: object
  /** An `answer` follows. `worker` is 0 where none is meant. */
  ask: { readonly question: number; readonly about: keyof Answers; readonly worker: number }
}

/** What a front tells the main thread. */
export interface FromFront<Line> {
  listening: object
  /** It can't listen. */
  failed: { readonly fault: TravellingFault }
  finished: object
  /** What WorkerOwner is told (events/pool.ts). */
  ready: { readonly worker: number; readonly facts: WorkerFacts }
  unready: { readonly worker: number; readonly fault: TravellingFault }
  broken: { readonly worker: number; readonly why: string }
  overdue: { readonly worker: number; readonly requests: readonly RequestFacts[]; readonly goesOn: boolean }
  /** After `ended`: its requests have failed or gone elsewhere. */
  buried: { readonly worker: number }
  pressure: object
  line: { readonly line: Line }
  accessLines: { readonly lines: readonly string[] }
  workerLog: { readonly pid: number; readonly requestId: string | null; readonly level: string; readonly text: string }
  answer: { readonly question: number; readonly value: Answers[keyof Answers] }
}

/** What can be asked of a front, and what comes back. */
export interface Answers {
  requests: readonly RequestFacts[]
  /** The oldest that each worker runs of this front's. */
  current: readonly RequestFacts[]
  /** Null: the worker is silent, or unknown. */
  stacks: readonly ThreadStack[] | null
  /** The id of the one request that a worker of one thread runs. */
  running: string | null
}

/** A message of a table: its kind beside its facts. */
export type Message<Table> = { [K in keyof Table]: { readonly kind: K } & Table[K] }[keyof Table]
