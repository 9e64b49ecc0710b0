import { constants as system } from 'node:os'
import type { Duplex } from 'node:stream'
import type { EndReason } from '../events/worker.ts'
import { Fault, isFaultCode } from '../faults/fault.ts'
import type { Level } from '../observe/level.ts'

/** A worker that was forked, and the paths at which it is met. */
export interface Forked {
  readonly worker: number
  readonly pid: number
  readonly socket: string
  readonly out: string
  readonly err: string
  readonly page: string
  /** Where faulthandler writes the stacks of all threads on signals.DUMP. */
  readonly stack?: string
  /** Of a candidate: where it says what its audit found. */
  readonly template?: string
}

export interface ForkerOwner {
  forked(worker: Forked): void
  workerEnded(number: number, reason: EndReason): void
  /** A worker was asked for and isn't there: the system had no room for it. */
  forkFailed(number: number, fault: Fault): void
  /** It can't go on. */
  failed(fault: Fault): void
  ready(facts: PythonFacts): void
  audited(findings: readonly string[], application: string): void
  /** The user's functions in it have told their log. */
  said(level: Level, text: string): void
  /** It said something that isn't in its language. */
  garbled(line: string): void
}

export interface PythonFacts {
  readonly pid: number
  readonly python: string
  readonly implementation: string
  readonly executable: string
}

type Told =
  | ({ event: 'ready' } & PythonFacts)
  | { event: 'audited'; findings: string[]; application: string }
  | ({ event: 'forked' } & Forked)
  | { event: 'exited'; worker: number; code: number | null; signal: number | null }
  | { event: 'log'; level: Level; text: string }
  | { event: 'failed'; worker?: number; code: string; says?: string; hint?: string; traceback?: string }

/**
 * A Python process that forks workers on command, reaps them and tells how each ended: the zygote, or a template made
 * from it. Lines of JSON both ways (python/dram/zygote.py).
 */
export class Forker {
  /** It obeys: what it forked is killed through it, and reported by it. */
  alive = true
  readonly #pipe: Duplex
  readonly #owner: ForkerOwner
  #held = ''

  constructor(pipe: Duplex, owner: ForkerOwner) {
    this.#owner = owner
    this.#pipe = pipe
    pipe.on('error', () => {}) // its end is told by whoever made the pipe
    pipe.setEncoding('utf8')
    pipe.on('data', (text: string) => this.#read(text))
  }

  fork(number: number, isCandidate: boolean): void {
    this.tell({ cmd: 'fork', worker: number, ...(isCandidate && { candidate: true }) })
  }

  signal(pid: number, name: NodeJS.Signals): void {
    this.kill(pid, system.signals[name])
  }

  kill(pid: number, signal = system.signals.SIGKILL as number): void {
    this.tell({ cmd: 'kill', pid, signal })
  }

  tell(command: Readonly<Record<string, unknown>>): void {
    if (this.#pipe.writable) this.#pipe.write(`${JSON.stringify(command)}\n`)
  }

  #read(text: string): void {
    const lines = (this.#held + text).split('\n')
    this.#held = lines.pop() ?? ''
    for (const line of lines) {
      const told = parse(line)
      if (told === null) this.#owner.garbled(line)
      else this.#hear(told)
    }
  }

  #hear(told: Told): void {
    switch (told.event) {
      case 'ready': {
        const { pid, python, implementation, executable } = told
        return this.#owner.ready({ pid, python, implementation, executable })
      }
      case 'audited':
        return this.#owner.audited(told.findings, told.application)
      case 'forked':
        return this.#owner.forked(told)
      case 'exited':
        return this.#owner.workerEnded(told.worker, reasonOf(told.code, told.signal))
      case 'log':
        return this.#owner.said(told.level, told.text)
      case 'failed': {
        const fault = new Fault(isFaultCode(told.code) ? told.code : 'PYTHON_BROKEN', {}, told.traceback, told.hint)
        if (told.says) fault.message = told.says
        if (told.worker !== undefined) this.#owner.forkFailed(told.worker, fault)
        else this.#owner.failed(fault)
      }
    }
  }
}

function parse(line: string): Told | null {
  try {
    const told = JSON.parse(line)
    return typeof told?.event === 'string' ? told : null
  } catch {
    return null
  }
}

function reasonOf(code: number | null, signal: number | null): EndReason {
  if (signal === null) return { kind: 'exited', code: code ?? -1 }
  const name = Object.entries(system.signals).find(([, number]) => number === signal)?.[0]
  return { kind: 'signaled', signal: name ?? String(signal) }
}
