import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../../python/dram/keeper.py', import.meta.url))

/** At the end it is given so long to send what it was told. */
const PATIENCE_MS = 1_000

/** The Python process that does what Node can't: Unix datagrams, on which a service manager is told how we are. */
export class Keeper {
  readonly #child: ChildProcess
  readonly #pipe: Writable

  /** `failed`: it can't be started, or it ended, or it has something to say. The server goes on without it. */
  constructor(python: string, notifySocket: string, failed: (why: string) => void) {
    this.#child = spawn(python, [PROGRAM], {
      env: { ...process.env, NOTIFY_SOCKET: notifySocket },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    this.#child.on('error', (error) => failed(error.message))
    this.#child.on('exit', (code, signal) => failed(signal ?? `exit code ${code}`))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => failed(text.trimEnd()))
    this.#pipe = this.#child.stdio[3] as Writable
    this.#pipe.on('error', () => {}) // its end is told by 'exit'
  }

  /** `text`: lines of sd_notify(3). */
  notify(text: string): void {
    if (this.#pipe.writable) this.#pipe.write(`${JSON.stringify({ cmd: 'notify', text })}\n`)
  }

  /** It sends what it was told, and ends. */
  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child
    if (exitCode !== null || signalCode !== null || pid === undefined) return
    this.#child.removeAllListeners('exit')
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS)
    this.#pipe.end()
    await once(this.#child, 'exit')
    clearTimeout(patience)
  }
}
