import { join } from 'node:path'
import type { End } from '../events/ends.ts'
import { type EndReason, endText, type WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { Level } from '../observe/level.ts'
import { Deferred } from './deferred.ts'
import type { Forked, Forker, PythonFacts } from './forker.ts'
import type { StartInterpreter } from './interpreter.ts'
import type { SupervisorSettings } from './settings.ts'
import { Template } from './template.ts'
import { Zygote } from './zygote.ts'

export interface GenerationOwner {
  /** It can fork now, or (with preloading) more than before. */
  opened(generation: Generation): void
  forked(generation: Generation, forker: Forker, forked: Forked): void
  workerEnded(number: number, reason: EndReason): void
  forkFailed(generation: Generation, number: number, fault: Fault): void
  /** It will never fork. */
  zygoteFailed(generation: Generation, fault: Fault): void
  /** The application was loaded and then its process ended, before it forked. */
  templateFailed(generation: Generation, pid: number, fault: Fault): void
  /** This one obeys and reports no more; what it forked lives on. */
  forkerEnded(forker: Forker): void
  /** Workers of this one's that are there. */
  forkedBy(forker: Forker): readonly { readonly number: number; readonly pid: number }[]
  /** It can't fork any more: `what` (with its pid, and why) died. */
  orphaned(generation: Generation, what: string): void
  /** Worker `number` becomes the template now. */
  becomesTemplate(generation: Generation, number: number, findings: readonly string[]): void
  /** Preloading would share what must not be. @returns is worker `number` to go on as one; else it leaves */
  notPreloaded(generation: Generation, number: number, findings: readonly string[]): boolean
  note(level: Level, text: string): void
}

/**
 * `starting`: its zygote isn't ready. `trying`: its application is to be loaded once, by a candidate for the template.
 * `open`: it forks what it is asked for. `orphaned`: its zygote or template has died.
 */
type Stage = 'starting' | 'trying' | 'open' | 'orphaned'

/** One zygote, with preloading its template, and the workers of both: from one load of settings and code. */
export class Generation {
  readonly number: number
  readonly settings: SupervisorSettings
  readonly bornMs: number
  /** The newest that serves is `current`. */
  state: 'booting' | 'current' | 'draining' = 'booting'
  stage: Stage = 'starting'
  /** Numbers of workers that were asked for and aren't forked yet, and when they were asked for. */
  readonly pending = new Map<number, number>()
  /** Number of the worker that is tried as template; 0: none. */
  candidate = 0
  /** Passes once it has shown that it can serve; fails with what keeps it from that. */
  readonly trial = new Deferred<WorkerFacts>()
  /** Why its workers leave, once it is followed by another or given up. */
  retiredFor: End | null = null
  readonly #isOnTrial: boolean
  readonly #clock: Clock
  readonly #owner: GenerationOwner
  readonly #zygote: Zygote
  #python: PythonFacts | null = null
  #loaded: WorkerFacts | null = null
  /** The last candidate that was met, and the one of them that is the template. */
  #met: Template | null = null
  #template: Template | null = null
  /** Until when the template must be ready. */
  #templateByMs = Infinity

  constructor(
    number: number,
    settings: SupervisorSettings,
    folder: string,
    isOnTrial: boolean,
    start: StartInterpreter,
    clock: Clock,
    owner: GenerationOwner,
  ) {
    this.number = number
    this.settings = settings
    this.bornMs = clock.nowMs()
    this.#isOnTrial = isOnTrial
    this.#clock = clock
    this.#owner = owner
    const place = { folder, lifelinePath: join(folder, `lifeline-${number}`) }
    const configuration = { ...settings.zygote, preload: settings.preload }
    const interpreter = start(settings.python, settings.zygote.env)
    this.#zygote = new Zygote(settings.python, interpreter, place, configuration, {
      ...this.#hears('the zygote', () => this.#zygote.forker),
      workerEnded: (worker, reason) => this.#ended(worker, reason),
      ended: (why) => this.#zygoteEnded(why),
      // It is quiet, unless an extension's functions print there.
      output: (text) =>
        owner.note(settings.zygote.extension === null ? 'warning' : 'info', `zygote: ${text.trimEnd()}`),
    })
    this.#zygote.ready.then(
      (facts) => this.#open(facts),
      (fault) => this.#zygoteFailed(fault),
    )
  }

  /** Somebody waits for its trial, and is told of its failures there. */
  get isTried(): boolean {
    return this.#isOnTrial && !this.trial.settled
  }

  get zygotePid(): number {
    return this.#zygote.pid
  }

  /** Pids of the processes that aren't workers. */
  get forkerPids(): number[] {
    const { forker, pid } = this.#zygote
    return [...(forker.alive ? [pid] : []), ...(this.#template?.forker.alive ? [this.#template.pid] : [])]
  }

  get preloaded(): boolean {
    return this.#template !== null && this.stage !== 'trying'
  }

  /** A worker must be forked, wanted or not, to see whether the application loads. */
  get needsCandidate(): boolean {
    return this.stage === 'trying' && this.candidate === 0 && this.#template === null
  }

  /** What is known of the application; null while it wasn't seen to load in a process that forks or works now. */
  get loaded(): WorkerFacts | null {
    return this.stage === 'open' ? this.#loaded : null
  }

  fork(number: number): void {
    this.pending.set(number, this.#clock.nowMs())
    if (this.stage === 'trying') this.candidate = number
    this.#forker.fork(number, this.stage === 'trying')
  }

  /** Whom workers are asked of. */
  get #forker(): Forker {
    return this.stage === 'open' && this.#template !== null ? this.#template.forker : this.#zygote.forker
  }

  /** Another has followed, or it was given up: it forks no more, and ends with its last worker. */
  retire(end: End): void {
    this.state = 'draining'
    this.retiredFor = end
  }

  /** Ends whatever is left of it, at once. */
  end(): void {
    this.#met?.stop()
    this.#zygote.end()
    if (this.#template !== null) this.#owner.workerEnded(this.#template.number, { kind: 'asked' })
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#templateByMs && this.#template !== null) {
      this.#templateByMs = Infinity
      this.#zygote.forker.kill(this.#template.pid)
    }
    this.#unstick(nowMs)
  }

  /** Who was asked for a worker and says nothing (an application's own hook hangs before the fork) won't fork again. */
  #unstick(nowMs: number): void {
    const [oldestMs = Infinity] = this.pending.values()
    if (this.stage === 'starting' || nowMs - oldestMs < this.settings.bootTimeoutMs) return
    this.#owner.note('error', `pid ${this.#forkerPid} was asked for a worker and is silent: it is ended`)
    for (const number of this.pending.keys()) this.pending.set(number, Infinity)
    if (this.#forkerPid === this.#template?.pid) this.#zygote.forker.kill(this.#template.pid)
    else this.#zygote.kill()
  }

  get #forkerPid(): number {
    return this.stage === 'open' && this.#template !== null ? this.#template.pid : this.#zygote.pid
  }

  #open(facts: PythonFacts): void {
    this.#python = facts
    if (this.stage === 'starting') this.stage = this.settings.preload === 'never' ? 'open' : 'trying'
    this.#owner.opened(this)
  }

  #zygoteFailed(fault: Fault): void {
    this.stage = 'orphaned'
    this.#owner.zygoteFailed(this, fault)
  }

  /** What is heard from zygote and template alike. */
  #hears(name: string, forker: () => Forker) {
    return {
      forked: (forked: Forked) => this.#forked(forker(), forked),
      forkFailed: (number: number, fault: Fault) => {
        this.pending.delete(number)
        this.#owner.forkFailed(this, number, fault)
      },
      said: (level: Level, text: string) => this.#owner.note(level, text),
      garbled: (line: string) => this.#owner.note('warning', `${name} says what nobody understands: ${line}`),
    }
  }

  #forked(forker: Forker, forked: Forked): void {
    if (!this.pending.delete(forked.worker)) return // given up with its forker, it ends with the generation
    this.#owner.forked(this, forker, forked)
    if (forked.template !== undefined) this.#meet(forked.worker, forked.pid, forked.template)
  }

  #meet(number: number, pid: number, path: string): void {
    const template: Template = new Template(number, pid, path, {
      ...this.#hears('the template', () => template.forker),
      audited: (findings, application) => this.#audited(template, findings, application),
      ready: () => this.#templateReady(template),
      workerEnded: (worker, reason) => this.#owner.workerEnded(worker, reason),
      ended: () => this.#templateHungUp(template),
    })
    this.#met = template
  }

  #audited(template: Template, findings: readonly string[], application: string): void {
    if (this.stage !== 'trying' || this.candidate !== template.number) return this.#dismiss(template)
    this.candidate = 0
    const facts = { ...this.#python!, pid: template.pid, application }
    if (findings.length === 0 || this.settings.preload === 'always') return this.#preload(template, findings, facts)
    this.stage = 'open'
    if (this.#owner.notPreloaded(this, template.number, findings)) template.work()
    else this.#dismiss(template)
    this.#loaded = facts
    this.#owner.opened(this)
  }

  #dismiss(template: Template): void {
    this.#zygote.forker.tell({ cmd: 'dismissed', worker: template.number })
    template.stop()
  }

  #preload(template: Template, findings: readonly string[], facts: WorkerFacts): void {
    this.#template = template
    this.#templateByMs = this.#clock.nowMs() + this.settings.bootTimeoutMs
    this.#loaded = facts
    this.#zygote.forker.tell({ cmd: 'preloaded', worker: template.number })
    this.#owner.becomesTemplate(this, template.number, findings)
    template.fork()
  }

  #templateReady(template: Template): void {
    if (template !== this.#template || this.stage !== 'trying') return
    this.#templateByMs = Infinity
    this.stage = 'open'
    this.#owner.opened(this)
  }

  #ended(number: number, reason: EndReason): void {
    if (number === this.#template?.number) this.#templateEnded(this.#template, endText(reason))
    else this.#owner.workerEnded(number, reason)
  }

  /** Its zygote will tell how it ended: it is made sure that it did. */
  #templateHungUp(template: Template): void {
    if (template !== this.#template) return
    this.#owner.forkerEnded(template.forker)
    if (this.#zygote.forker.alive) this.#zygote.forker.kill(template.pid)
    else this.#templateEnded(template, 'it hung up')
  }

  #templateEnded(template: Template, why: string): void {
    if (template !== this.#template) return
    if (this.stage === 'orphaned') return this.#forgetPending() // its zygote was the first to die
    template.forker.alive = false
    this.#owner.forkerEnded(template.forker)
    this.#owner.workerEnded(template.number, { kind: 'asked' })
    if (this.stage === 'trying') return this.#templateFailed(template, why)
    // They are the zygote's children now, and the extension hears of their ends there.
    for (const { number, pid } of this.#owner.forkedBy(template.forker))
      this.#zygote.forker.tell({ cmd: 'inherit', worker: number, pid })
    this.#orphan(`the template (pid ${template.pid}: ${why})`)
  }

  /** It had loaded the application and ended before it forked: as any load that fails. */
  #templateFailed(template: Template, why: string): void {
    this.#template = null
    this.#templateByMs = Infinity
    this.#owner.templateFailed(this, template.pid, new Fault('APP_CRASH_LOOP', { detail: why }))
  }

  #zygoteEnded(why: string): void {
    const wasReady = this.stage !== 'starting' // before that, `ready` tells
    this.#owner.forkerEnded(this.#zygote.forker)
    if (wasReady) this.#orphan(`the zygote (pid ${this.#zygote.pid}: ${why})`)
  }

  /** What was asked of one that has died won't come; the files of a worker may be there already. */
  #forgetPending(): void {
    if (this.#forker.alive) return
    for (const number of this.pending.keys()) this.#owner.workerEnded(number, { kind: 'asked' })
    this.pending.clear()
  }

  #orphan(what: string): void {
    if (this.stage === 'orphaned') return
    this.#forgetPending()
    this.stage = 'orphaned'
    this.candidate = 0
    this.#owner.orphaned(this, what)
  }
}
