import { closeSync, constants, openSync } from 'node:fs'
import type { EndReason } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Level } from '../observe/level.ts'
import type { Aids } from '../settings/aids.ts'
import type { Extension } from '../settings/load.ts'
import { removeLifeline } from './folder.ts'
import { type Forked, Forker, type PythonFacts } from './forker.ts'
import type { Unconfigured } from './interpreter.ts'

/** What the Python side is told before anything else (python/dram/zygote.py reads it). */
export interface ZygoteConfiguration extends Omit<Aids, 'reportsErrors'> {
  readonly app: string | null
  /** The file of PasteDeploy that names the application instead. */
  readonly paste?: { readonly file: string; readonly globals: Readonly<Record<string, string>> } | null
  readonly chdir: string | null
  readonly pythonpath: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Requests that a worker runs at a time. */
  readonly threads: number
  /** The same, in greenlets of gevent; 0: in threads. */
  readonly greenlets: number
  /** How many share its workers. */
  readonly fronts: number
  readonly multiprocess: boolean
  readonly software: string
  readonly strictHeaders: boolean
  readonly streamRequests: boolean
  /** What the titles of its processes begin with: "dram: shop". */
  readonly title: string
  /** Null: as it was inherited. */
  readonly umask: number | null
  readonly extension: Extension | null
  /** Null: no exceptions are reported. `secretNames`: a regular expression that is found in the names of secrets, in any case. */
  readonly reports: { readonly secretNames: string } | null
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
  said(level: Level, text: string): void
  garbled(line: string): void
}

/** The Python process that forks workers on command, reaps them and tells how each ended. It never serves. */
export class Zygote {
  readonly forker: Forker
  /** Settles once it takes commands; a fault says why it never will. */
  readonly ready: Promise<PythonFacts>
  readonly #interpreter: Unconfigured
  readonly #owner: ZygoteOwner
  readonly #lifelinePath: string
  #lifeline = -1
  #isEnded = false
  #ready!: (facts: PythonFacts) => void
  #failed!: (fault: Fault) => void
  #lastOutput = ''

  constructor(
    python: string,
    interpreter: Unconfigured,
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
    this.#interpreter = interpreter
    interpreter.onEnd((why) => this.#end(python, why))
    this.#listen()
    this.forker = new Forker(interpreter.pipe, {
      forked: (worker) => owner.forked(worker),
      workerEnded: (number, reason) => owner.workerEnded(number, reason),
      forkFailed: (number, fault) => owner.forkFailed(number, fault),
      failed: (fault) => this.#failed(fault),
      ready: (facts) => this.#armed(facts),
      said: (level, text) => owner.said(level, text),
      audited: () => owner.garbled('audited'),
      garbled: (line) => owner.garbled(line),
    })
    this.forker.tell({ cmd: 'configure', folder: place.folder, lifeline: place.lifelinePath, ...configuration })
  }

  get pid(): number {
    return this.#interpreter.pid
  }

  /** For one that is stuck: its end is heard as any other. */
  kill(): void {
    this.#interpreter.kill()
  }

  /** Ends it and all that it or its template forked, at once, by closing the lifeline: only the front holds it. */
  end(): void {
    this.#isEnded = true
    this.forker.tell({ cmd: 'stop' })
    if (this.#lifeline >= 0) closeSync(this.#lifeline)
    this.#lifeline = -1
    this.#interpreter.kill()
    removeLifeline(this.#lifelinePath)
  }

  #listen(): void {
    for (const stream of this.#interpreter.outputs) {
      stream.setEncoding('utf8').on('data', (text: string) => {
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
    this.forker.alive = false
    this.#failed(new Fault('PYTHON_BROKEN', { detail: `${python} (${why})` }, this.#lastOutput.trim()))
    this.#owner.ended(why)
  }
}
