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
  readonly #hadTerminal: boolean
  #owner: SignalOwner | null = null
  #phase: Phase = 'starting'

  /** `hasTerminal`: whether the server has one now; a SIGWINCH means then that its window was resized. */
  constructor(source: SignalSource, hasTerminal: () => boolean) {
    this.#hasTerminal = hasTerminal
    this.#hadTerminal = hasTerminal()
    for (const signal of Object.keys(SIGNALS) as SignalName[]) {
      if (signal === 'SIGWINCH' && this.#hadTerminal) continue
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
    const when = this.#owner === null ? 'later' : whenObeyed(isHangup ? 'SIGTERM' : signal, this.#phase)
    const deed = isHangup ? 'stop' : SIGNALS[signal].deed
    if (when === 'later') this.#waiting.add(signal)
    else if (when === 'now') this.#owner?.obey(deed, signal, constants.signals[signal])
    else this.#owner?.ignored(signal, this.#phase)
  }
}
