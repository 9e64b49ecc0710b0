import { Deferred } from './deferred.ts'

/** Runs one at a time. Those who ask meanwhile share exactly one more run, with what the last of them brought. */
export class OneMore<A, R> {
  readonly #run: (argument: A) => Promise<R>
  #isRunning = false
  #queued: { argument: A; readonly result: Deferred<R> } | null = null

  constructor(run: (argument: A) => Promise<R>) {
    this.#run = run
  }

  get hasQueued(): boolean {
    return this.#queued !== null
  }

  ask(argument: A): Promise<R> {
    if (!this.#isRunning) return this.#start(argument)
    this.#queued ??= { argument, result: new Deferred() }
    this.#queued.argument = argument
    return this.#queued.result.promise
  }

  /** What waits for its turn won't have one. */
  cancel(error: Error): void {
    this.#queued?.result.reject(error)
    this.#queued = null
  }

  async #start(argument: A): Promise<R> {
    this.#isRunning = true
    try {
      return await this.#run(argument)
    } finally {
      this.#isRunning = false
      this.#next()
    }
  }

  #next(): void {
    const queued = this.#queued
    if (queued === null) return
    this.#queued = null
    this.#start(queued.argument).then(
      (result) => queued.result.resolve(result),
      (error) => queued.result.reject(error),
    )
  }
}
