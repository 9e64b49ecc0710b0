import type { MessagePort } from 'node:worker_threads'
import { type CommonMemory, Commons } from '../dispatch/commons.ts'
import type { Answers, Message, ToFront } from '../events/fronts.ts'
import type { AttachedWorker, WorkerPlace } from '../events/pool.ts'
import { Fault } from '../faults/fault.ts'
import { systemClock } from '../kit/clock.ts'
import { Acceptor } from '../listen/acceptor.ts'
import { Listener, type Where } from '../listen/listener.ts'
import type { TlsMaterial } from '../listen/tls/material.ts'
import { Secure } from '../listen/tls/secure.ts'
import { RequestMetrics } from '../observe/requestMeter.ts'
import { Server } from '../server/server.ts'
import type { Settings } from '../settings/registry.ts'
import { Spool } from '../spool/spool.ts'
import { type MessageFromFront, type MessageToFront, packed } from './messages.ts'
import { Reporter } from './reporter.ts'
import { twinsOf } from './twins.ts'

/** What a front begins with. */
export interface FrontStart {
  /** Its number, from 1: the main thread is front 0. */
  readonly front: number
  readonly settings: Settings
  readonly maxConnections: number
  readonly spool: { readonly parent: string; readonly limitBytes: number; readonly maxOpenFiles: number }
  readonly memory: CommonMemory
  /** Where it counts its requests. */
  readonly meter: SharedArrayBuffer
  readonly python: string
  /** To each other front, by number; null: to itself. */
  readonly ports: readonly (MessagePort | null)[]
}

type Told = ToFront<Settings, Where, TlsMaterial>
type Handlers = { readonly [K in keyof Told]: (message: Told[K]) => void }

/** A front in a thread of its own: a server beside that of the main thread, which tells it what to do. */
export class Front {
  readonly #main: MessagePort
  readonly #start: FrontStart
  readonly #server: Server
  readonly #spool: Spool
  readonly #reporter: Reporter
  #listeners: readonly Listener[] = []
  #secure: Secure | null = null
  readonly #workers = new Map<number, AttachedWorker>()
  readonly #pids = new Map<number, number>()
  readonly #hurry = new AbortController()
  readonly #handlers: Handlers = {
    attach: ({ place }) => this.#attach(place),
    serve: ({ worker }) => this.#workers.get(worker)?.serve(),
    drain: ({ worker }) => this.#workers.get(worker)?.drain(),
    interrupt: ({ worker }) => this.#workers.get(worker)?.interrupt(),
    endLate: ({ worker }) => this.#workers.get(worker)?.endLate(),
    ended: ({ worker, reason }) => {
      this.#workers.get(worker)?.ended(reason)
      // After its burial, which comes in the next turn but one.
      setImmediate(() => setImmediate(() => setImmediate(() => this.#buried(worker))))
    },
    press: ({ wanted }) => {
      this.#server.pool.onPressure = wanted ? () => this.#post({ kind: 'pressure' }) : null
    },
    listen: ({ sockets }) =>
      void this.#listen(sockets).then(
        () => this.#post({ kind: 'listening' }),
        (error: Error) => this.#post({ kind: 'failed', fault: packed(asFault(error)) }),
      ),
    secure: ({ material }) => this.#secureWith(material),
    adopt: ({ settings }) => {
      this.#reporter.adopt(settings)
      this.#server.adopt(settings)
    },
    idleReady: ({ value }) => {
      this.#server.idleReady = value
    },
    notReady: () => this.#server.reportNotReady(),
    finish: ({ how, gracefulMs }) =>
      void this.#server[how](gracefulMs, this.#hurry.signal).then(() => this.#finished()),
    hurry: () => this.#hurry.abort(),
    close: () => {
      this.#server.close()
      this.#finished()
    },
    ask: ({ question, about, worker }) =>
      void this.#answer(about, worker).then((value) => this.#post({ kind: 'answer', question, value })),
  }

  constructor(main: MessagePort, start: FrontStart) {
    this.#main = main
    this.#start = start
    const commons = new Commons(start.memory, start.front)
    this.#spool = new Spool(start.spool)
    this.#reporter = new Reporter(start.settings, (message) => this.#post(message))
    const meter = new RequestMetrics(start.meter)
    const wake = (front: number): void => start.ports[front]?.postMessage(null)
    const company = { commons, wake }
    this.#server = new Server(
      start.settings,
      start.maxConnections,
      this.#spool,
      systemClock,
      this.#reporter,
      meter,
      company,
    )
    for (const port of start.ports) port?.on('message', () => this.#server.pool.woken())
    main.on('message', (message: MessageToFront) => this.#obey(message))
  }

  #obey<K extends keyof Handlers>(message: { readonly kind: K } & Message<Told>): void {
    const handler = this.#handlers[message.kind] as (facts: typeof message) => void
    handler(message)
  }

  #post(message: MessageFromFront): void {
    this.#main.postMessage(message)
  }

  #attach(place: WorkerPlace): void {
    const worker = place.number
    try {
      const attached = this.#server.pool.attach(place, {
        ready: (facts) => this.#post({ kind: 'ready', worker, facts }),
        unready: (fault) => this.#post({ kind: 'unready', worker, fault: packed(fault) }),
        broken: (why) => this.#post({ kind: 'broken', worker, why }),
        overdue: (requests, goesOn = false) => this.#post({ kind: 'overdue', worker, requests, goesOn }),
        leaving: () => {}, // told to front 0
      })
      this.#workers.set(worker, attached)
      this.#pids.set(worker, place.pid)
    } catch (error) {
      // No descriptor is left, or the worker is gone already.
      this.#post({ kind: 'broken', worker, why: (error as Error).message })
    }
  }

  #buried(worker: number): void {
    this.#workers.delete(worker)
    this.#pids.delete(worker)
    this.#post({ kind: 'buried', worker })
  }

  async #listen(sockets: Told['listen']['sockets']): Promise<void> {
    const { python, settings } = this.#start
    const handles = await twinsOf(
      python,
      sockets.map(({ descriptor }) => descriptor),
    )
    const listeners: Listener[] = []
    for (const [index, { where, takesTls }] of sockets.entries()) {
      const acceptor = await new Acceptor().adopt(handles[index]!, settings.backlog)
      listeners.push(
        new Listener({ key: '', acceptor, where, fd: null, file: null, isShared: true, takesTls }, systemClock),
      )
    }
    this.#listeners = listeners
    this.#applyTls()
    this.#server.serve(listeners)
  }

  #secureWith(material: TlsMaterial | null): void {
    if (material === null) this.#secure = null
    else if (this.#secure !== null) this.#secure.adopt(material)
    else this.#secure = new Secure(material)
    this.#applyTls()
  }

  #applyTls(): void {
    for (const listener of this.#listeners) listener.secureWith(this.#secure)
  }

  async #answer(about: keyof Answers, worker: number): Promise<Answers[keyof Answers]> {
    switch (about) {
      case 'requests':
        return this.#server.requests()
      case 'current':
        return this.#server.current()
      case 'stacks':
        return (await this.#workers.get(worker)?.stacks()) ?? null
      case 'running':
        return this.#server.requestOf(this.#pids.get(worker) ?? 0) ?? null
    }
  }

  #finished(): void {
    this.#reporter.flush()
    this.#spool.close()
    this.#post({ kind: 'finished' })
  }
}

function asFault(error: Error): Fault {
  return error instanceof Fault ? error : new Fault('FRONT_FAILED', { detail: error.message }, error.stack)
}
