/** Why and how the server stops. */
export interface Stop {
  /** `SIGTERM`, `dram stop`: for the log. */
  readonly why: string
  /** Number of the signal; 0: it was none. */
  readonly signal: number
  /** What runs is cut off. */
  readonly isFast: boolean
  /** Where it isn't the first, it changes nothing. */
  readonly isGentle?: boolean
}

/** Who asked to stop, and whether it is urgent. */
export class Stops {
  /** The first who asked. */
  readonly first: Promise<Stop>
  #tell!: (stop: Stop) => void
  #isAsked = false
  readonly #hurry = new AbortController()

  constructor() {
    this.first = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  /** Fires when all is to end at once: a second asked, or the first was in a hurry. */
  get hurry(): AbortSignal {
    return this.#hurry.signal
  }

  get isAsked(): boolean {
    return this.#isAsked
  }

  ask(stop: Stop): void {
    const isFirst = !this.#isAsked
    this.#isAsked = true
    this.#tell(stop)
    if (stop.isFast || (!isFirst && !stop.isGentle)) this.#hurry.abort()
  }
}
