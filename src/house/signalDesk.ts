import { constants } from 'node:os'
import { type Deed, type Phase, SIGNALS, type SignalName, whenObeyed } from './signals.ts'

/** Where signals come from: this process; a test has its own. */
export interface SignalSource {
  on(signal: SignalName, handler: () => void): unknown
}

export interface SignalOwner {
  /** `number`: of the signal. */
  obey(deed: Deed, signal: SignalName, number: number): void
  /** A signal came that means nothing now. */
  ignored(signal: SignalName, phase: Phase): void
}

/** Takes the signals, and passes each on when the server's phase allows it. */
export class SignalDesk {
  readonly #waiting = new Set<SignalName>()
  readonly #hasTerminal: () => boolean
  readonly #own: Partial<Record<SignalName, Deed>>
  readonly #hadTerminal: boolean
  #owner: SignalOwner | null = null
  #phase: Phase = 'starting'

  /**
   * `hasTerminal`: whether the server has one now; a SIGWINCH means then that its window was resized.
   * `own`: deeds that are not those of the table.
   */
  constructor(source: SignalSource, hasTerminal: () => boolean, own: Partial<Record<SignalName, Deed>> = {}) {
    this.#own = own
    this.#hasTerminal = hasTerminal
    this.#hadTerminal = hasTerminal()
    for (const signal of Object.keys(SIGNALS) as SignalName[]) {
      if (signal === 'SIGWINCH' && this.#hadTerminal && own[signal] === undefined) continue
      source.on(signal, () => this.#take(signal))
    }
  }

  /** Somebody is there to obey; until then all have waited. */
  serve(owner: SignalOwner): void {
    this.#owner = owner
    this.#takeWaiting()
  }

  /** What waited for this is obeyed now, each signal once. */
  enter(phase: 'serving' | 'stopping'): void {
    this.#phase = phase
    this.#takeWaiting()
  }

  #takeWaiting(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const signal of waiting) this.#take(signal)
  }

  #take(signal: SignalName): void {
    const isHangup = signal === 'SIGHUP' && this.#hadTerminal && !this.#hasTerminal()
    const deed = isHangup ? 'stop' : (this.#own[signal] ?? SIGNALS[signal].deed)
    if (deed === 'nothing') return
    const when = this.#owner === null ? 'later' : whenObeyed(deed, this.#phase)
    if (when === 'later') this.#waiting.add(signal)
    else if (when === 'now') this.#owner?.obey(deed, signal, constants.signals[signal])
    else this.#owner?.ignored(signal, this.#phase)
  }
}
