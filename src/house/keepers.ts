import type { Cleanup } from './cleanup.ts'
import { startKeeper } from './configuration.ts'
import { type Ground, heardInJournal } from './ground.ts'
import type { Keeper } from './keeper.ts'

/** The keeper, whichever it is: after the death of one, a reload starts another. */
export class Keepers {
  readonly #started: () => Keeper | null
  readonly #ground: Ground
  readonly #folder: string
  /** In the place of one that has died. */
  #revived: Keeper | null = null

  /** `started`: by the last reading of a configuration. `folder`: the one that the server was started in. */
  constructor(started: () => Keeper | null, ground: Ground, folder: string, cleanup: Cleanup) {
    this.#started = started
    this.#ground = ground
    this.#folder = folder
    // Now, not when it is begun: what comes at the end of the server still asks it.
    cleanup.add(() => this.#revived?.close())
  }

  /** Null: none lives. */
  get living(): Keeper | null {
    const all = [this.#started(), this.#revived, this.#ground.keeper]
    return all.find((keeper) => keeper?.isAlive) ?? null
  }

  /** One that was started for a reading of the configuration is heard. */
  listen(): void {
    this.#started()?.attach(heardInJournal(this.#ground.journal))
  }

  /** Where there was one, there is one again. */
  revive(): void {
    if (this.#ground.keeper === null || this.living !== null) return
    const { python, journal } = this.#ground
    const keeper = startKeeper({ python, folder: this.#folder, variables: process.env, notifySocket: null })
    keeper.attach(heardInJournal(journal))
    this.#revived = keeper
  }
}
