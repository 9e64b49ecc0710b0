import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { atEnd, type Scope } from './ends.ts'
import { folder } from './server.ts'
import { eventually } from './wait.ts'

/**
 * Holds an application until the test lets it go, without a sleep: a named pipe it reads (`/wait?gate=PATH`).
 * Opening the pipe without blocking works only while somebody reads it, which tells that the application is inside.
 */
export class Gate {
  readonly path: string
  #descriptor: number | null = null

  constructor(scope: Scope, name = 'gate') {
    this.path = join(folder(scope), name)
    execFileSync('mkfifo', [this.path])
    atEnd(scope, () => this.open())
  }

  /** Resolves when the application reads, and holds it there. */
  async entered(guardMs?: number): Promise<void> {
    this.#descriptor = await eventually(() => this.#tryOpen(), 'the application to reach its gate', guardMs)
  }

  /** Is the application there now? Holds it, if so. */
  isEntered(): boolean {
    this.#descriptor ??= this.#tryOpen()
    return this.#descriptor !== null
  }

  /** Lets the application go on. */
  open(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }

  #tryOpen(): number | null {
    try {
      return openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch {
      return null
    }
  }
}

/** A file the application appends lines to. */
export class Notes {
  readonly path: string

  constructor(scope: Scope, name = 'notes') {
    this.path = join(folder(scope), name)
  }

  lines(): string[] {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n').slice(0, -1) : []
  }

  /** Resolves with all lines when there are so many, or one that matches. */
  async until(wanted: number | RegExp, guardMs?: number): Promise<string[]> {
    const enough = (lines: string[]) =>
      typeof wanted === 'number' ? lines.length >= wanted : lines.some((line) => wanted.test(line))
    await eventually(() => enough(this.lines()), `${wanted} in the application's notes`, guardMs).catch(
      (error: Error) => {
        throw new Error(`${error.message}; there are: ${JSON.stringify(this.lines())}`)
      },
    )
    return this.lines()
  }
}
