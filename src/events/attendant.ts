import type { Fault } from '../faults/fault.ts'
import type { SignalName } from './signals.ts'
import type { WorkerFacts } from './worker.ts'

/** What came of a reload. */
export interface ReloadOutcome {
  readonly generation: number
  readonly tookMs: number
  /** Flags whose values changed and that count only after a restart. */
  readonly needRestart: readonly string[]
}

/** What a server lets do whoever lives beside it: `dram dev`. */
export interface Attended {
  /** URLs it is reached at. */
  readonly addresses: readonly string[]
  /** Null: it has not loaded yet. */
  readonly facts: WorkerFacts | null
  /** The folder of what server and workers share, absolute. */
  readonly runtimeFolder: string
  /** Loads settings and application anew. Faults: RELOAD_FAILED, RELOAD_CANCELLED, those of the settings. */
  load(): Promise<ReloadOutcome>
  /** While it is held, requests wait. */
  hold(isHeld: boolean): void
  /** Not null: what every request gets instead of the application. */
  standIn(fault: Fault | null): void
  /** While it is silenced, no log of ours is written to a terminal. Resolves once what came before has been written. */
  silence(isSilent: boolean): Promise<void>
  stop(): void
}

/** The text of a traceback as it is shown to people; `hasColors`: it may have those of a terminal. */
export type DressTrace = (trace: string, hasColors: boolean) => string

/**
 * Lives beside a server from the moment its doors are open, and makes it open them even if the application is broken.
 * `B`: what it lets stand beside each request.
 */
export interface Attendant<B> {
  /** Null: nothing. */
  readonly bystander: B | null
  /** How the log shows a traceback, as long as it doesn't show everything; null: as it is. */
  readonly dressTrace: DressTrace | null
  /** It shows what becomes of each load: the log tells why one failed, and no more. */
  readonly showsLoads: boolean
  /** The application is about to be loaded for the first time. */
  arrive(server: Attended): Promise<void>
  /** This signal was meant for somebody else, and is passed over. */
  diverts(signal: SignalName): boolean
  /** `fault`: why the application could not be loaded, if it could not. Every request gets it for now. */
  begin(server: Attended, fault: Fault | null): Promise<void>
  /** A signal or an operator asks for a load, which is its affair like any other. Faults: those of `Attended.load`. */
  reload(): Promise<ReloadOutcome>
  /** The server begins to stop: what it holds open is let go. */
  leave(): void
  end(): Promise<void>
}
