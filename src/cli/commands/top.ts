import type { Status } from '../../control/operations.ts'
import { Fault } from '../../faults/fault.ts'
import type { Scene, Terminal } from '../terminal.ts'
import { topScreen, topText } from '../views/top.ts'
import type { Remote } from './remote.ts'
import { type Asked, lookOf, remoteCommand } from './remoteCommand.ts'

const EVERY_MS = 1000
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 }
/** q, Q, Ctrl-C, Ctrl-D. */
const QUIT_KEYS = /[qQ\x03\x04]/

export const top = remoteCommand({
  usage: 'top [options]',
  summary: 'Watch a running server, once a second.',
  about:
    'Shows a running server live: requests a second, how busy each worker is, and what it runs. BUSY is the share of the last second that a worker spent in the application; with several threads it can be more than 100 %. The key q quits. Where there is no terminal it shows one look and ends.',

  async run(asked) {
    const remote = asked.remote()
    const { terminal } = asked.world
    if (!terminal) return once(asked, remote)
    return new Watch(asked, terminal, remote).run()
  },
})

/** Two looks, for the first has nothing to compare with. */
async function once({ look, say }: Asked, remote: Remote): Promise<number> {
  const before = await remote.status()
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  say(topText(before, await remote.status(), look))
  return 0
}

/** The terminal, until somebody quits or the server is gone. */
class Watch {
  readonly #asked: Asked
  readonly #terminal: Terminal
  #remote: Remote
  #before: Status | null = null
  #now: Status | null = null
  #scene: Scene | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(asked: Asked, terminal: Terminal, remote: Remote) {
    this.#asked = asked
    this.#terminal = terminal
    this.#remote = remote
  }

  async run(): Promise<number> {
    this.#now = await this.#remote.status() // a fault before the screen is taken stays on the screen
    try {
      return await Promise.race([this.#quit(), this.#watch()])
    } finally {
      this.#scene?.close()
      this.#scene = null
      clearTimeout(this.#timer)
    }
  }

  /** Takes the screen. The exit code, once somebody has quit. */
  #quit(): Promise<number> {
    return new Promise((resolve) => {
      this.#scene = this.#terminal.open({
        typed: (keys) => {
          if (QUIT_KEYS.test(keys)) resolve(0)
        },
        resized: () => this.#draw(),
        signaled: (signal) => resolve(128 + (SIGNAL_NUMBERS[signal] ?? 0)),
      })
    })
  }

  async #watch(): Promise<never> {
    for (;;) {
      this.#draw()
      await new Promise<void>((resolve) => {
        this.#timer = setTimeout(resolve, EVERY_MS)
      })
      const now = await this.#look()
      this.#before = this.#now
      this.#now = now
    }
  }

  /** When the server has gone, another may have taken its place. */
  async #look(): Promise<Status> {
    try {
      return await this.#remote.status()
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'SERVER_SILENT') throw error
      this.#remote = this.#asked.remote()
      return this.#remote.status()
    }
  }

  #draw(): void {
    if (this.#now === null) return
    this.#scene?.show(topScreen(this.#before, this.#now, lookOf(this.#asked.world), this.#terminal.rows))
  }
}
