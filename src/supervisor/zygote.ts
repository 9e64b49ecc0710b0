import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { constants as system } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { EndReason } from '../events/worker.ts'
import { Fault, isFaultCode } from '../faults/fault.ts'

const BOOTSTRAP = fileURLToPath(new URL('../../../python/dram/bootstrap.py', import.meta.url))

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
}

export interface Forked {
  readonly worker: number
  readonly pid: number
  readonly socket: string
  readonly out: string
  readonly err: string
  readonly page: string
}

export interface ZygoteOwner {
  forked(worker: Forked): void
  workerEnded(number: number, reason: EndReason): void
  /** A worker was asked for and isn't there: the system had no room for it. */
  forkFailed(fault: Fault): void
  /** The zygote itself has ended. */
  ended(why: string): void
  /** It wrote this to its own stdout or stderr. */
  output(text: string): void
}

type Told =
  | { event: 'ready' }
  | ({ event: 'forked' } & Forked)
  | { event: 'exited'; worker: number; code: number | null; signal: number | null }
  | { event: 'failed'; worker?: number; code: string; says?: string; hint?: string; traceback?: string }

/** The Python process that forks workers on command, reaps them and tells how each ended. It never serves. */
export class Zygote {
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  readonly #owner: ZygoteOwner
  readonly #lifelinePath: string
  #lifeline = -1
  #held = ''
  #ready!: () => void
  #failed!: (fault: Fault) => void
  #lastOutput = ''
  /** Settles once it takes commands; a fault says why it never will. */
  readonly ready: Promise<void>

  constructor(python: string, folder: string, configuration: ZygoteConfiguration, owner: ZygoteOwner) {
    this.#owner = owner
    this.#lifelinePath = join(folder, 'lifeline')
    this.ready = new Promise((resolve, reject) => {
      this.#ready = resolve
      this.#failed = reject
    })
    const env = { ...process.env, ...configuration.env } // Python reads some of its variables before any of our code
    this.#child = spawn(python, [BOOTSTRAP], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
    this.#child.on('error', (error) => this.#end(python, error.message))
    this.#child.on('exit', (code, signal) => this.#end(python, signal ?? `exit code ${code}`))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastOutput = (this.#lastOutput + text).slice(-2_000)
        owner.output(text)
      })
    }
    this.#pipe = this.#child.stdio[3] as Duplex
    this.#pipe.on('error', () => {}) // its end is told by 'exit'
    this.#pipe.setEncoding('utf8')
    this.#pipe.on('data', (text: string) => this.#read(text))
    this.#tell({ cmd: 'configure', folder, lifeline: this.#lifelinePath, ...configuration })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  fork(number: number): void {
    this.#tell({ cmd: 'fork', worker: number })
  }

  kill(pid: number, signal: number): void {
    this.#tell({ cmd: 'kill', pid, signal })
  }

  /** It kills what workers are left and ends. */
  stop(): void {
    this.#tell({ cmd: 'stop' })
  }

  /** Ends it and all its workers at once, by closing the lifeline: only the front holds it. */
  cut(): void {
    if (this.#lifeline >= 0) closeSync(this.#lifeline)
    this.#lifeline = -1
    this.#child.kill('SIGKILL')
  }

  #tell(command: Record<string, unknown>): void {
    if (this.#pipe.writable) this.#pipe.write(`${JSON.stringify(command)}\n`)
  }

  #read(text: string): void {
    const lines = (this.#held + text).split('\n')
    this.#held = lines.pop() ?? ''
    for (const line of lines) this.#hear(JSON.parse(line) as Told)
  }

  #hear(told: Told): void {
    switch (told.event) {
      case 'ready':
        this.#lifeline = openSync(this.#lifelinePath, constants.O_RDWR)
        this.#tell({ cmd: 'lifeline' })
        this.#ready()
        break
      case 'forked':
        this.#owner.forked(told)
        break
      case 'exited':
        this.#owner.workerEnded(told.worker, reasonOf(told.code, told.signal))
        break
      case 'failed': {
        const fault = new Fault(isFaultCode(told.code) ? told.code : 'PYTHON_BROKEN', {}, told.traceback, told.hint)
        if (told.says) fault.message = told.says
        if (told.worker !== undefined) this.#owner.forkFailed(fault)
        else this.#failed(fault)
      }
    }
  }

  #end(python: string, why: string): void {
    const output = this.#lastOutput.trim()
    this.#failed(new Fault('PYTHON_BROKEN', { detail: `${python} (${why})` }, output))
    this.ready.catch(() => {})
    this.#owner.ended(why)
  }
}

function reasonOf(code: number | null, signal: number | null): EndReason {
  if (signal === null) return { kind: 'exited', code: code ?? -1 }
  const name = Object.entries(system.signals).find(([, number]) => number === signal)?.[0]
  return { kind: 'signaled', signal: name ?? String(signal) }
}
