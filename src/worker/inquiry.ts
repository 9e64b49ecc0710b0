/** How long a worker may take to answer: its control thread needs the interpreter's lock for a moment only. */
const PATIENCE_MS = 500

/**
 * A question to a worker, asked by any number of callers at a time: one is on its way, and its answer is for all who
 * wait by then. A worker that is stuck is not asked again before it has answered.
 */
export class Inquiry<T> {
  readonly #ask: () => void
  readonly #patienceMs: number
  #asked = false
  #waiting: ((answer: T | null) => void)[] = []

  constructor(ask: () => void, patienceMs: number = PATIENCE_MS) {
    this.#ask = ask
    this.#patienceMs = patienceMs
  }

  /** Null: no answer in time. */
  answer(): Promise<T | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== hear)
        resolve(null)
      }, this.#patienceMs)
      const hear = (answer: T | null): void => {
        clearTimeout(timer)
        resolve(answer)
      }
      this.#waiting.push(hear)
      if (this.#asked) return
      this.#asked = true
      this.#ask()
    })
  }

  /** The answer came. */
  tell(answer: T): void {
    this.#asked = false
    for (const hear of this.#waiting.splice(0)) hear(answer)
  }

  /** None will come any more. */
  close(): void {
    for (const hear of this.#waiting.splice(0)) hear(null)
  }
}
