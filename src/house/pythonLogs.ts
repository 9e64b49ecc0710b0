import type { Fault } from '../faults/fault.ts'
import { BY_EXTENSION, type Extension, type Loaded, loggingOf } from '../settings/load.ts'
import type { Journal } from './journal.ts'
import type { Keeper } from './keeper.ts'
import type { Keepers } from './keepers.ts'
import { Scribe } from './scribe.ts'

/** Both logs where Python's logging writes them: its loggers live in the keeper. */
export class PythonLogs {
  readonly #keepers: Keepers
  readonly #journal: Journal
  #scribe: Scribe | null = null

  constructor(keepers: Keepers, journal: Journal) {
    this.#keepers = keepers
    this.#journal = journal
  }

  /** Configures the loggers, where there are to be some, and gives them the logs. Faults: CONFIG_FAILED, KEEPER_LOST. */
  async open(keeper: Keeper, loaded: Loaded): Promise<void> {
    const configured = whoLogs(loaded)
    if (configured === null) return
    await keeper.ask(configured.module, 'logs', { options: configured.options })
    if (this.#scribe?.pid === keeper.pid) return
    this.#scribe = new Scribe(keeper, (messages) => this.#journal.lost(messages))
    this.#journal.giveTo(this.#scribe)
  }

  /** The same anew, for a reload: of those that are open. */
  async openAnew(loaded: Loaded): Promise<void> {
    const keeper = this.#keepers.living
    if (this.#scribe !== null && keeper !== null) await this.open(keeper, loaded)
  }

  /** The files that Python has opened for its loggers; what fails is told to the log. */
  reopen(loaded: Loaded): void {
    const configured = whoLogs(loaded)
    if (this.#scribe === null || configured === null) return
    this.#keepers.living
      ?.ask(configured.module, 'reopen', {})
      .catch((error: Fault) => this.#journal.log.fault(error, { event: 'logs_not_reopened' }))
  }

  /** After all that may log, and before the keeper. */
  async close(): Promise<void> {
    await this.#scribe?.close()
    this.#journal.giveTo(null)
  }
}

/** The module that has the loggers; null: Python writes no logs. */
function whoLogs({ settings, folder, extension }: Loaded): Extension | null {
  return settings.logConfig === BY_EXTENSION ? extension : loggingOf(settings, folder)
}
