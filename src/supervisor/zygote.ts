import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { type Duplex, PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { EndReason } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import { removeLifeline } from './folder.ts'
import { type Forked, Forker, type PythonFacts } from './forker.ts'

const BOOTSTRAP = fileURLToPath(new URL('../../../python/dram/bootstrap.py', import.meta.url))

/** A process's title is written over its arguments: this one makes room for it. */
const TITLE_ROOM = ' '.repeat(120)

/** What the Python side is told before anything else (python/dram/zygote.py reads it). */
export interface ZygoteConfiguration {
  readonly app: string | null
  readonly chdir: string | null
  readonly pythonpath: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly threads: number
  readonly multiprocess: boolean
  readonly software: string
  readonly strictHeaders: boolean
  readonly streamRequests: boolean
  /** What the titles of its processes begin with: "dram: shop". */
  readonly title: string
  /** Null: as it was inherited. */
  readonly umask: number | null
}

export interface ZygotePlace {
  readonly folder: string
  /** A FIFO of this generation's own: whoever armed it dies when we let go of it. */
  readonly lifelinePath: string
}

export interface ZygoteOwner {
  forked(worker: Forked): void
  workerEnded(number: number, reason: EndReason): void
  forkFailed(number: number, fault: Fault): void
  /** The zygote itself has ended. */
  ended(why: string): void
  /** It wrote this to its own stdout or stderr. */
  output(text: string): void
  garbled(line: string): void
}

/** The Python process that forks workers on command, reaps them and tells how each ended. It never serves. */
export class Zygote {
  readonly forker: Forker
  /** Settles once it takes commands; a fault says why it never will. */
  readonly ready: Promise<PythonFacts>
  /** Null: the system could not even try. */
  readonly #child: ChildProcess | null
  readonly #owner: ZygoteOwner
  readonly #lifelinePath: string
  #lifeline = -1
  #isEnded = false
  #ready!: (facts: PythonFacts) => void
  #failed!: (fault: Fault) => void
  #lastOutput = ''

  constructor(
    python: string,
    place: ZygotePlace,
    configuration: ZygoteConfiguration & { readonly preload: string },
    owner: ZygoteOwner,
  ) {
    this.#owner = owner
    this.#lifelinePath = place.lifelinePath
    this.ready = new Promise((resolve, reject) => {
      this.#ready = resolve
      this.#failed = reject
    })
    this.ready.catch(() => {})
    const env = { ...process.env, ...configuration.env } // Python reads some of its variables before any of our code
    const { child, pipe } = start(python, env, (why) => this.#end(python, why))
    this.#child = child
    this.#listen()
    this.forker = new Forker(pipe, {
      forked: (worker) => owner.forked(worker),
      workerEnded: (number, reason) => owner.workerEnded(number, reason),
      forkFailed: (number, fault) => owner.forkFailed(number, fault),
      failed: (fault) => this.#failed(fault),
      ready: (facts) => this.#armed(facts),
      audited: () => owner.garbled('audited'),
      garbled: (line) => owner.garbled(line),
    })
    this.forker.tell({ cmd: 'configure', folder: place.folder, lifeline: place.lifelinePath, ...configuration })
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  /** For one that is stuck: its end is heard as any other. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Ends it and all that it or its template forked, at once, by closing the lifeline: only the front holds it. */
  end(): void {
    this.#isEnded = true
    this.forker.tell({ cmd: 'stop' })
    if (this.#lifeline >= 0) closeSync(this.#lifeline)
    this.#lifeline = -1
    this.#child?.kill('SIGKILL')
    removeLifeline(this.#lifelinePath)
  }

  #listen(): void {
    for (const stream of [this.#child?.stdout, this.#child?.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastOutput = (this.#lastOutput + text).slice(-2_000)
        this.#owner.output(text)
      })
    }
  }

  #armed(facts: PythonFacts): void {
    if (this.#isEnded) return
    try {
      this.#lifeline = openSync(this.#lifelinePath, constants.O_RDWR)
    } catch (error) {
      this.#failed(new Fault('RUNTIME_FOLDER', { detail: (error as Error).message }))
      this.end()
      return
    }
    this.forker.tell({ cmd: 'lifeline' })
    this.#ready(facts)
  }

  #end(python: string, why: string): void {
    if (!this.forker.alive) return // 'error' may be followed by 'exit'
    this.forker.alive = false
    this.#failed(new Fault('PYTHON_BROKEN', { detail: `${python} (${why})` }, this.#lastOutput.trim()))
    this.#owner.ended(why)
  }
}

/**
 * Starts Python; its end, or why it never ran, is told later. Node throws where memory or the room for arguments is
 * lacking, and makes a process without pipes where descriptors are.
 */
function start(
  python: string,
  env: NodeJS.ProcessEnv,
  ended: (why: string) => void,
): { child: ChildProcess | null; pipe: Duplex } {
  try {
    const child = spawn(python, [BOOTSTRAP, TITLE_ROOM], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
    child.on('error', (error) => ended(error.message))
    child.on('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`))
    if (child.stdio !== undefined) return { child, pipe: child.stdio[3] as Duplex }
  } catch (error) {
    process.nextTick(() => ended((error as Error).message))
  }
  return { child: null, pipe: new PassThrough().destroy() }
}
