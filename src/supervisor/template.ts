import { connect, type Socket } from 'node:net'
import type { EndReason } from '../events/worker.ts'
import type { Fault } from '../faults/fault.ts'
import type { Level } from '../observe/level.ts'
import { type Forked, Forker } from './forker.ts'

export interface TemplateOwner {
  /** It has loaded the application; `findings` must not be shared by fork. `fork` or `work` is expected. */
  audited(findings: readonly string[], application: string): void
  /** It forks workers now. */
  ready(): void
  forked(worker: Forked): void
  workerEnded(number: number, reason: EndReason): void
  forkFailed(number: number, fault: Fault): void
  /** It has hung up; not told of one that works. */
  ended(): void
  said(level: Level, text: string): void
  garbled(line: string): void
}

/** A candidate, which may become the template: a process that has loaded the application and forks workers of itself. */
export class Template {
  readonly number: number
  readonly pid: number
  readonly forker: Forker
  readonly #socket: Socket
  readonly #owner: TemplateOwner

  constructor(number: number, pid: number, path: string, owner: TemplateOwner) {
    this.number = number
    this.pid = pid
    this.#owner = owner
    this.#socket = connect(path)
    this.#socket.on('close', () => this.#end())
    this.forker = new Forker(this.#socket, {
      ...owner,
      ready: () => owner.ready(),
      failed: (fault) => owner.garbled(fault.message),
    })
  }

  /** It is to fork workers, and never serves. */
  fork(): void {
    this.forker.tell({ cmd: 'template' })
  }

  /** It is to go on as the worker that it was forked as. */
  work(): void {
    this.forker.alive = false
    this.forker.tell({ cmd: 'work' })
    this.#socket.end()
  }

  stop(): void {
    this.forker.alive = false
    this.forker.tell({ cmd: 'stop' })
    this.#socket.end()
  }

  #end(): void {
    if (!this.forker.alive) return
    this.forker.alive = false
    this.#owner.ended()
  }
}
