import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { atEnd, type Scope } from './ends.ts'
import { DRAM, PYTHON, ROOT } from './server.ts'
import { within } from './wait.ts'

const IN_TERMINAL = join(ROOT, 'tests/kit/in_terminal.py')

export interface TerminalOptions {
  readonly cwd: string
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A dram that runs in a terminal, with somebody who types and reads. Ended with the test. */
export class Terminal {
  readonly #child: ChildProcess
  /** What was shown, without what drives a terminal. */
  #shown = ''
  #told = ''
  #readUpTo = 0
  #wake: (() => void)[] = []

  constructor(scope: Scope, args: readonly string[], { cwd, columns = 80, env = {} }: TerminalOptions) {
    const command = [IN_TERMINAL, String(columns), process.execPath, DRAM, ...args, '--python', PYTHON]
    this.#child = spawn(PYTHON, command, { cwd, env: { ...process.env, TERM: 'xterm', ...env } })
    const wake = (): void => {
      for (const resolve of this.#wake.splice(0)) resolve()
    }
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text
      wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#told += text
      wake()
    })
    const closed = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    atEnd(scope, async () => {
      this.#child.stdin?.end()
      await closed
    })
  }

  get shown(): string {
    return stripVTControlCharacters(this.#shown).replaceAll('\r', '')
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /** The next match in what is shown; the one after it is looked for behind it. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.shown.slice(this.#readUpTo))
      if (found !== null) {
        this.#readUpTo += found.index + found[0].length
        return found
      }
      await this.#more(`${pattern} to be shown`)
    }
  }

  /** How it has ended: `ended with 0, modes as before`. */
  async end(): Promise<string> {
    while (!this.#told.includes('\n')) await this.#more('its end')
    return this.#told.trim()
  }

  async #more(what: string): Promise<void> {
    await within(new Promise<void>((resolve) => this.#wake.push(resolve)), what).catch((error: Error) => {
      throw new Error(`${error.message}; the terminal shows:\n${this.shown}\n${this.#told}`)
    })
  }
}
