/** How far a run is, and how long it will still take; the clock is passed in. */
export class Progress {
  readonly #now: () => number
  readonly #beganMs: number
  #planned: number
  #done = 0

  /** @param plannedSeconds as far as is known beforehand */
  constructor(plannedSeconds: number, now: () => number = () => performance.now()) {
    this.#planned = plannedSeconds
    this.#now = now
    this.#beganMs = now()
  }

  /** More is to be done than was thought, or less. */
  add(seconds: number): void {
    this.#planned += seconds
  }

  did(seconds: number): void {
    this.#done += seconds
  }

  /** `42 %, 9 min left`: what is left goes on as what is done went, once that says something. */
  get text(): string {
    const elapsed = (this.#now() - this.#beganMs) / 1000
    const left = Math.max(0, this.#planned - this.#done)
    const pace = this.#done > 20 ? elapsed / this.#done : 1
    const share = this.#planned > 0 ? Math.min(100, (this.#done / this.#planned) * 100) : 100
    return `${share.toFixed(0)} %, ${durationText(left * pace)} left`
  }
}

export function durationText(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}
