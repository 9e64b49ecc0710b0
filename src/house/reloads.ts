import type { ReloadOutcome } from '../events/attendant.ts'
import { Fault } from '../faults/fault.ts'
import { changesOf } from '../settings/changes.ts'
import type { Loaded } from '../settings/load.ts'

/** What a reload needs of the house; all may throw Faults. */
export interface ReloadDoors {
  /** Reads all settings anew, and looks whether what they name is there. */
  load(): Promise<Loaded>
  /** The logs follow at once: if they can't, nothing else does. */
  adoptLogs(loaded: Loaded): void
  /** A new generation serves, or the old one goes on. */
  replace(loaded: Loaded): Promise<{ readonly generation: number; readonly tookMs: number }>
  /** The new generation serves: the rest of the house follows. */
  adopt(loaded: Loaded): void
}

/** What is told of reloads. */
export interface ReloadEvents {
  /** Where none was under way. */
  began(): void
  /** No new generation was even begun: the settings are bad, or what they name is missing. */
  refused(fault: Fault): void
  /** Flags of settings that were changed and count only after a restart. */
  needRestart(flags: readonly string[]): void
  /** None is under way any more, whatever came of them. */
  ended(): void
}

/** Reloads settings and application. That generations come one at a time is the supervisor's care. */
export class Reloads {
  readonly #doors: ReloadDoors
  readonly #events: ReloadEvents
  #inForce: Loaded
  #running = 0

  constructor(inForce: Loaded, doors: ReloadDoors, events: ReloadEvents) {
    this.#inForce = inForce
    this.#doors = doors
    this.#events = events
  }

  /** What counts now. */
  get inForce(): Loaded {
    return this.#inForce
  }

  /** Faults: RELOAD_FAILED, RELOAD_CANCELLED, those of the settings. */
  async reload(): Promise<ReloadOutcome> {
    if (this.#running++ === 0) this.#events.began()
    try {
      return await this.#attempt()
    } finally {
      if (--this.#running === 0) this.#events.ended()
    }
  }

  async #attempt(): Promise<ReloadOutcome> {
    const { loaded, needRestart } = await this.#read()
    const { generation, tookMs } = await this.#doors.replace(loaded).catch((error: unknown) => {
      this.#doors.adoptLogs(this.#inForce)
      throw asReloadFault(error)
    })
    this.#inForce = loaded
    this.#doors.adoptLogs(loaded) // once more: one that failed meanwhile has taken it back
    this.#doors.adopt(loaded)
    if (needRestart.length > 0) this.#events.needRestart(needRestart)
    return { generation, tookMs, needRestart }
  }

  async #read(): Promise<{ readonly loaded: Loaded; readonly needRestart: readonly string[] }> {
    try {
      const anew = await this.#doors.load()
      const { settings, needRestart } = changesOf(this.#inForce.settings, anew.settings)
      const loaded = { ...anew, settings }
      this.#doors.adoptLogs(loaded)
      return { loaded, needRestart }
    } catch (error) {
      if (error instanceof Fault) this.#events.refused(error)
      throw error
    }
  }
}

/** What made it fail, said as what became of the reload. */
function asReloadFault(error: unknown): unknown {
  if (!(error instanceof Fault) || error.code === 'RELOAD_CANCELLED' || error.code === 'RELOAD_FAILED') return error
  const detail = `${error.code}: ${error.message}`
  const failed = new Fault('RELOAD_FAILED', { detail }, error.trace, error.hint, error.report)
  failed.cause = error
  return failed
}
