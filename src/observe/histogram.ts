/** Upper bounds in seconds, fit for answers of web applications: a file from memory, a slow report, a hung service. */
export const LATENCY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** How many cells it takes to count by these bounds. */
export function cellsOf(bounds: readonly number[]): number {
  return bounds.length + 2
}

/** Counts of observations by size. Nothing is allocated but by the constructor. */
export class Histogram {
  readonly bounds: Float64Array
  /** Observations by bucket, not added up; then those above the last bound; then the sum of all values. */
  readonly #cells: Float64Array

  /** `cells`: where it counts, if not in memory of its own; `cellsOf` them. */
  constructor(bounds: readonly number[] = LATENCY_BOUNDS, cells: Float64Array = new Float64Array(cellsOf(bounds))) {
    this.bounds = Float64Array.from(bounds)
    this.#cells = cells
  }

  /** Hot: most values are small, so looking from below is faster than halving. */
  observe(value: number): void {
    const { bounds } = this
    const cells = this.#cells
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    cells[at]!++
    cells[bounds.length + 1]! += value
  }

  /** How many values were at most the bound of that index; one beyond the last: all. */
  atMost(index: number): number {
    let count = 0
    for (let at = 0; at <= index; at++) count += this.#cells[at]!
    return count
  }

  get count(): number {
    return this.atMost(this.bounds.length)
  }

  get sum(): number {
    return this.#cells[this.bounds.length + 1]!
  }
}
