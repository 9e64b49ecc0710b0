import type { Turns } from '../dispatch/turns.ts'

/** When nobody of a crowd has sent anything for so long, each that is held may send one. */
const SILENCE_MS = 25

/** A connection that pipelines. */
export interface Pipeliner {
  /** How many requests had been sent singly when it submitted its last one. */
  readonly mark: number
  isHeld: boolean
  /** It may submit one more, whatever the turns say. */
  goOn(): void
  /** A thread is free: it may submit another, if its turn and its share let it. */
  look(): void
}

/** Connections whose next request waits for those of others. */
export class HeldBack {
  readonly #turns: Turns
  #held: Pipeliner[] = []
  #timer: NodeJS.Timeout | null = null
  #singles = 0

  constructor(turns: Turns) {
    this.#turns = turns
  }

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  add(pipeliner: Pipeliner): void {
    if (pipeliner.isHeld) return
    pipeliner.isHeld = true
    this.#held.push(pipeliner)
    this.#watch()
  }

  /** Lets go whose turn it is. */
  release(): void {
    const due = this.#held.filter(({ mark }) => this.#turns.mayGo(mark))
    if (due.length > 0) this.#let(due)
  }

  #let(due: readonly Pipeliner[]): void {
    for (const pipeliner of due) pipeliner.isHeld = false
    this.#held = this.#held.filter(({ isHeld }) => isHeld)
    for (const pipeliner of due) pipeliner.goOn()
  }

  #watch(): void {
    if (this.#timer !== null) return
    this.#singles = this.#turns.singles
    // The timer's turn goes through the sockets first: who has sent something by now was not silent.
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), SILENCE_MS)
  }

  #look(): void {
    this.#timer = null
    if (this.#turns.singles === this.#singles) this.#let(this.#held)
    else this.release()
    if (this.#held.length > 0) this.#watch()
  }
}
