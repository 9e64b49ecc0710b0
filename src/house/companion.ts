import { Fault } from '../faults/fault.ts'
import type { Extension, Loaded } from '../settings/load.ts'
import type { Keeper } from './keeper.ts'

/**
 * What comes to pass with a server, once each, whatever its generations do. An extension's module runs in the keeper
 * what the user wants done then:
 * - starting: before anything is opened or loaded
 * - ready: it serves
 * - reloading: settings were read anew, and the new generation is about to be begun
 * - reloaded: it serves
 * - scaled: another number of workers is wanted
 * - upgrading: a successor is about to be started
 * - ending: nothing runs any more
 */
export type Moment = 'starting' | 'ready' | 'reloading' | 'reloaded' | 'scaled' | 'upgrading' | 'ending'

/** What is told of the server at each moment. */
export interface ServerFacts {
  readonly pid: number
  /** Workers that are wanted. */
  readonly wanted: number
  readonly workers: readonly { readonly number: number; readonly pid: number }[]
}

/** What happens while it serves may take so long: nothing could be reloaded any more behind what hangs. */
const SERVING_MS = 60_000
const UNLIMITED: ReadonlySet<Moment> = new Set(['starting', 'ready', 'ending'])
/** What happens at the end may take so long. */
const ENDING_MS = 10_000

/** The part of an extension that lives in the keeper; without an extension nothing is told to anybody. */
export class Companion {
  readonly #keeper: () => Keeper | null
  readonly #facts: () => ServerFacts
  readonly #failed: (fault: Fault) => void
  #extension: Extension | null = null
  #hasStarted = false

  /** `failed`: hears of failures that keep nothing from going on. */
  constructor(keeper: () => Keeper | null, facts: () => ServerFacts, failed: (fault: Fault) => void) {
    this.#keeper = keeper
    this.#facts = facts
    this.#failed = failed
  }

  /** Resolves once all of it is done. Faults: HOOK_FAILED, KEEPER_LOST. */
  async tell(moment: Moment, { extension }: Pick<Loaded, 'extension'>): Promise<void> {
    const keeper = this.#keeper()
    this.#extension = moment === 'reloading' ? this.#extension : extension
    if (extension === null || keeper === null) return
    const facts = { moment, options: extension.options, server: this.#facts() }
    await keeper.ask(extension.module, 'moment', facts, UNLIMITED.has(moment) ? null : SERVING_MS)
    this.#hasStarted = true
  }

  /** The same, for what may fail without consequence. */
  note(moment: Moment, loaded: Pick<Loaded, 'extension'> = { extension: this.#extension }): void {
    this.tell(moment, loaded).catch((error: unknown) => this.#note(error))
  }

  /** The last step of the server; one that takes too long is left alone. */
  async end(): Promise<void> {
    if (!this.#hasStarted) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const detail = `it has not come to its end within ${ENDING_MS / 1000} s`
      timer = setTimeout(() => reject(new Fault('HOOK_FAILED', { detail })), ENDING_MS)
    })
    const ended = this.tell('ending', { extension: this.#extension })
    await Promise.race([ended, late]).catch((error: unknown) => this.#note(error))
    clearTimeout(timer)
  }

  #note(error: unknown): void {
    if (!(error instanceof Fault)) throw error
    this.#failed(error)
  }
}
