/** A queue that is emptied within this is no lack of workers. */
const FIRST_MS = 5
const AGAIN_MS = 20

/** Tells that requests wait and nobody takes them: after some milliseconds, and again while it lasts. */
export class Pressure {
  readonly #tell: () => void
  readonly #waits: () => boolean
  #timer: NodeJS.Timeout | null = null
  /** The queue was empty for a moment since the timer was set. */
  #interrupted = false

  /** `waits`: is there a request in the queue? */
  constructor(tell: () => void, waits: () => boolean) {
    this.#tell = tell
    this.#waits = waits
  }

  /** A request waits where none did. `hopeless`: there is no worker, so it is told at once. */
  begin(hopeless: boolean): void {
    this.#interrupted = true
    if (hopeless) this.#press()
    else if (this.#timer === null) this.#set(FIRST_MS)
  }

  #press(): void {
    this.#tell()
    this.#set(AGAIN_MS)
  }

  #set(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#interrupted = false
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  #look(): void {
    this.#timer = null
    if (!this.#waits()) return
    if (this.#interrupted) this.#set(FIRST_MS)
    else this.#press()
  }
}
