import { type ChildProcess, spawn } from 'node:child_process'
import { type Duplex, PassThrough, type Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const BOOTSTRAP = fileURLToPath(new URL('../../../python/dram/bootstrap.py', import.meta.url))

/** A process's title is written over its arguments: this one makes room for it. */
const TITLE_ROOM = ' '.repeat(120)

/** A Python process that begins as a zygote: it waits for its configuration. */
export interface Unconfigured {
  /** Commands to it, and what it tells. */
  readonly pipe: Duplex
  readonly pid: number
  readonly outputs: readonly Readable[]
  /** Its end, or why it never ran, is told to `heard`: later, and to one alone. */
  onEnd(heard: (why: string) => void): void
  /** Its end is heard as any other. */
  kill(): void
}

/** `environment`: what its variables are beside ours. */
export type StartInterpreter = (python: string, environment: Readonly<Record<string, string>>) => Unconfigured

/** One that was started somehow beforehand; null if there is none for these. */
export type TakeInterpreter = (python: string, environment: Readonly<Record<string, string>>) => Unconfigured | null

/** An interpreter of its own. */
export class Interpreter implements Unconfigured {
  readonly pipe: Duplex
  /** Null: the system could not even try. */
  readonly #child: ChildProcess | null = null
  #isOver: string | null = null
  #heard: ((why: string) => void) | null = null

  /** Node throws where memory or the room for arguments is lacking, and makes a process without pipes where descriptors are. */
  constructor(python: string, environment: Readonly<Record<string, string>>) {
    const env = { ...process.env, ...environment } // Python reads some of its variables before any of our code
    try {
      const child = spawn(python, [BOOTSTRAP, TITLE_ROOM], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
      child.on('error', (error) => this.#end(error.message))
      child.on('exit', (code, signal) => this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`))
      if (child.stdio !== undefined) this.#child = child
    } catch (error) {
      process.nextTick(() => this.#end((error as Error).message))
    }
    this.pipe = (this.#child?.stdio[3] as Duplex | undefined) ?? new PassThrough().destroy()
    this.pipe.on('error', () => {}) // its end is told by the process
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  get outputs(): Readable[] {
    return [this.#child?.stdout, this.#child?.stderr].filter((stream) => stream != null)
  }

  onEnd(heard: (why: string) => void): void {
    this.#heard = heard
    if (this.#isOver !== null) process.nextTick(heard, this.#isOver)
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  #end(why: string): void {
    if (this.#isOver !== null) return // 'error' may be followed by 'exit'
    this.#isOver = why
    this.#heard?.(why)
  }
}

export const startInterpreter: StartInterpreter = (python, environment) => new Interpreter(python, environment)

/** The first zygote's process, begun before the rest of the front is loaded: both take about as long. */
export class HeadStart {
  readonly #python: string
  readonly #environment: Readonly<Record<string, string>>
  #waiting: Unconfigured | null

  constructor(python: string, environment: Readonly<Record<string, string>>, start = startInterpreter) {
    this.#python = python
    this.#environment = environment
    this.#waiting = start(python, environment)
  }

  /** The process that waits, if it is what is asked for; null if not, or if somebody has taken it. */
  take(python: string, environment: Readonly<Record<string, string>>): Unconfigured | null {
    if (python !== this.#python || environment !== this.#environment) return null
    const taken = this.#waiting
    this.#waiting = null
    return taken
  }

  /** Nobody takes it any more: it ends at once. */
  abandon(): void {
    this.#waiting?.kill()
    this.#waiting = null
  }
}
