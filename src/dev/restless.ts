/** A change that comes so soon after a load may well be the load's own doing: a log, a file that a request writes. */
const SOON_MS = 1_000
/** So many in a row are no developer's. */
const MOST_IN_A_ROW = 6
/** Left alone for so long, a file counts again. */
const REST_MS = 10_000

/**
 * Finds files that change because of a load: with an application that writes a log into its folder we would never be
 * through. For what may be a template alone: code that is saved often is saved for a reason.
 */
export class Restless {
  #inARow = 0
  #before: readonly string[] = []
  /** When each was last seen to change. */
  readonly #ignored = new Map<string, number>()

  /**
   * Those of the changed files that count, and those that from now on do not.
   * `sinceLoadMs`: since the last load ended; 0 while one goes on.
   */
  judge(paths: readonly string[], nowMs: number, sinceLoadMs: number): { counted: string[]; given: string[] } {
    const counted = paths.filter((path) => !this.#isIgnored(path, nowMs))
    if (counted.length === 0) return { counted, given: [] }
    const isAgain = sinceLoadMs < SOON_MS && counted.every((path) => this.#before.includes(path))
    this.#inARow = isAgain ? this.#inARow + 1 : 0
    this.#before = counted
    if (this.#inARow < MOST_IN_A_ROW) return { counted, given: [] }
    this.#inARow = 0
    for (const path of counted) this.#ignored.set(path, nowMs)
    return { counted: [], given: counted }
  }

  #isIgnored(path: string, nowMs: number): boolean {
    const lastMs = this.#ignored.get(path)
    if (lastMs === undefined) return false
    if (nowMs - lastMs > REST_MS) return !this.#ignored.delete(path)
    this.#ignored.set(path, nowMs)
    return true
  }
}
