import type { AttachedWorker, WorkerPool } from '../events/pool.ts'
import { type EndReason, endText, type WorkerFacts } from '../events/worker.ts'
import { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import { startOf } from '../system/processes.ts'
import { removeWorkerFiles } from './folder.ts'
import { WorkerOutput } from './output.ts'
import { type Forked, Zygote, type ZygoteConfiguration } from './zygote.ts'

export interface SupervisorSettings {
  readonly python: string
  readonly workers: number
  readonly bootTimeoutMs: number
  readonly gracefulTimeoutMs: number
  readonly zygote: ZygoteConfiguration
}

export interface SupervisorEvents {
  note(level: 'debug' | 'info' | 'warning' | 'error', text: string, trace?: string): void
  /** Bytes a worker wrote to its stdout or stderr; false: `resume` will be called before more is read. */
  output(pid: number, stream: 'stdout' | 'stderr', bytes: Buffer, resume: () => void): boolean
  outputEnded(pid: number, stream: 'stdout' | 'stderr'): void
}

/** A worker in its states. Its end is the zygote's report alone, or, with the zygote dead, its sockets' end. */
type Member = {
  readonly number: number
  readonly pid: number
  readonly ticks: string | null
  /** When it was forked, on our clock. */
  readonly bornMs: number
  readonly zygote: Zygote
  readonly attached: AttachedWorker
  readonly outputs: WorkerOutput[]
  /** It has loaded the application. */
  readonly served: boolean
} & (
  | { state: 'booting'; timer: NodeJS.Timeout }
  | { state: 'serving' }
  | { state: 'draining'; timer: NodeJS.Timeout }
  /** Its connections ended, nobody knows why yet. */
  | { state: 'broken'; timer: NodeJS.Timeout }
  | { state: 'killed' }
)

/** A worker that lived this long has shown that it can: its end doesn't count toward a crash loop. */
const PROVEN_AFTER_MS = 10_000
const FIRST_BACKOFF_MS = 100
const MOST_BACKOFF_MS = 10_000
/** A process that was killed and isn't reported yet is waited for this long. */
const KILL_REPORT_MS = 2_000
const SIGKILL = 9

/** Keeps the wanted number of workers alive, forked from one zygote. */
export class Supervisor {
  readonly #settings: SupervisorSettings
  readonly #folder: string
  readonly #pool: WorkerPool
  readonly #events: SupervisorEvents
  readonly #clock: Clock
  readonly #members = new Map<number, Member>()
  /** Those whose end was reported, and who are about to be forgotten. */
  readonly #buried = new Set<number>()
  #zygote!: Zygote
  #lastNumber = 0
  #stopping = false
  #failuresInRow = 0
  #facts: WorkerFacts | null = null
  #firstReady!: (facts: WorkerFacts) => void
  #firstFailed!: (fault: Fault) => void
  readonly #first: Promise<WorkerFacts>
  #emptied: (() => void) | null = null

  constructor(settings: SupervisorSettings, folder: string, pool: WorkerPool, events: SupervisorEvents, clock: Clock) {
    this.#settings = settings
    this.#folder = folder
    this.#pool = pool
    this.#events = events
    this.#clock = clock
    this.#first = new Promise((resolve, reject) => {
      this.#firstReady = resolve
      this.#firstFailed = reject
    })
    this.#first.catch(() => {})
  }

  /** Resolves once the first worker serves; a fault (APP_*, PYTHON_*) if it never will. */
  async start(): Promise<WorkerFacts> {
    await this.#startZygote()
    for (let i = 0; i < this.#settings.workers; i++) this.#fork()
    return this.#first
  }

  /** Pids of the workers that serve now, oldest first. */
  get pids(): number[] {
    return [...this.#members.values()].filter(({ state }) => state === 'serving').map(({ pid }) => pid)
  }

  /** Lets every worker finish, for as long as `gracefulMs`; then kills what is left. Ends with the zygote gone. */
  async stop(gracefulMs: number): Promise<void> {
    this.#stopping = true
    for (const member of this.#members.values()) this.#drain(member, gracefulMs)
    if (this.#members.size > 0) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#emptied = resolve
        timer = setTimeout(resolve, gracefulMs + KILL_REPORT_MS)
      })
      clearTimeout(timer)
    }
    this.#zygote?.stop()
    this.#zygote?.cut()
    for (const number of [...this.#members.keys()]) this.#ended(number, { kind: 'lost', why: 'its end was not told' })
  }

  async #startZygote(): Promise<void> {
    let takesCommands = false
    const zygote: Zygote = new Zygote(this.#settings.python, this.#folder, this.#settings.zygote, {
      forked: (forked) => this.#forked(zygote, forked),
      workerEnded: (number, reason) => this.#ended(number, reason),
      forkFailed: (fault) => this.#forkFailed(zygote, fault),
      ended: (why) => {
        if (takesCommands) this.#zygoteEnded(zygote, why) // before that, `ready` tells
      },
      output: (text) => this.#events.note('warning', `zygote: ${text.trimEnd()}`),
    })
    this.#zygote = zygote
    await zygote.ready
    takesCommands = true
  }

  #fork(): void {
    this.#zygote.fork(++this.#lastNumber)
  }

  #forkFailed(zygote: Zygote, fault: Fault): void {
    if (this.#facts === null) this.#firstFailed(fault)
    else this.#events.note('error', fault.message)
    this.#forkLater(zygote, MOST_BACKOFF_MS)
  }

  #forkLater(zygote: Zygote, pauseMs: number): void {
    setTimeout(() => {
      if (!this.#stopping && this.#zygote === zygote) this.#fork()
    }, pauseMs).unref()
  }

  #forked(zygote: Zygote, forked: Forked): void {
    try {
      this.#adopt(zygote, forked)
    } catch (error) {
      // No descriptor is left for its connections, as a rule.
      zygote.kill(forked.pid, SIGKILL)
      this.#forkFailed(zygote, new Fault('FORK_FAILED', { detail: (error as Error).message }))
    }
  }

  #adopt(zygote: Zygote, { worker: number, pid, socket, out, err, page }: Forked): void {
    const place = { number, pid, socketPath: socket, pagePath: page, threads: this.#settings.zygote.threads }
    const attached = this.#pool.attach(place, {
      ready: (facts) => this.#ready(number, facts),
      unready: (fault) => this.#unready(number, fault),
      broken: (why) => this.#broken(number, why),
    })
    const read = (stream: 'stdout' | 'stderr', path: string): WorkerOutput => {
      const output: WorkerOutput = new WorkerOutput(
        path,
        (bytes) => this.#events.output(pid, stream, bytes, () => output.resume()),
        () => this.#events.outputEnded(pid, stream),
      )
      return output
    }
    this.#members.set(number, {
      number,
      pid,
      ticks: startOf(pid),
      bornMs: this.#clock.nowMs(),
      zygote,
      attached,
      outputs: [read('stdout', out), read('stderr', err)],
      served: false,
      state: 'booting',
      timer: setTimeout(() => this.#bootTimedOut(number), this.#settings.bootTimeoutMs),
    })
    if (this.#stopping) this.#drain(this.#members.get(number)!, 0)
  }

  #ready(number: number, facts: WorkerFacts): void {
    const member = this.#members.get(number)
    if (member?.state !== 'booting') return
    clearTimeout(member.timer)
    this.#members.set(number, { ...member, state: 'serving', served: true })
    this.#facts ??= facts
    this.#failuresInRow = 0
    this.#firstReady(facts)
    this.#events.note('debug', `worker ${number} (pid ${member.pid}) is ready`)
    member.attached.serve()
    this.#relieve()
  }

  /** Workers of a zygote that died serve until those of the new one do. */
  #relieve(): void {
    const serving = [...this.#members.values()].filter(({ state }) => state === 'serving')
    const orphans = serving.filter(({ zygote }) => zygote !== this.#zygote)
    const tooMany = Math.max(0, serving.length - this.#settings.workers)
    for (const orphan of orphans.slice(0, tooMany)) this.#drain(orphan, this.#settings.gracefulTimeoutMs)
  }

  #unready(number: number, fault: Fault): void {
    const member = this.#members.get(number)
    if (this.#facts === null) this.#firstFailed(fault)
    else
      this.#events.note('error', `worker ${number} (pid ${member?.pid}) failed to load: ${fault.message}`, fault.trace)
  }

  #bootTimedOut(number: number): void {
    const limit = `${this.#settings.bootTimeoutMs / 1000} s`
    this.#unready(number, new Fault('APP_BOOT_TIMEOUT', { limit }))
    this.#kill(number)
  }

  /** Its connections are gone but not (as far as we know) the process: it can't serve any more. */
  #broken(number: number, why: string): void {
    const member = this.#members.get(number)
    if (!member) return
    if (member.zygote !== this.#zygote) {
      killByHand(member)
      const lost = { kind: 'lost', why: `${why}, its zygote dead` } as const
      this.#ended(number, member.state === 'draining' ? { kind: 'asked' } : lost)
    } else if (member.state === 'booting' || member.state === 'serving') {
      const timer = setTimeout(() => this.#kill(number), KILL_REPORT_MS)
      this.#members.set(number, { ...settled(member), state: 'broken', timer })
    }
  }

  #drain(member: Member, gracefulMs: number): void {
    if (member.state === 'killed' || member.state === 'broken') return
    if (member.state === 'booting') return this.#kill(member.number) // nothing to finish
    if (member.state === 'serving') member.attached.drain()
    const timer = setTimeout(() => this.#kill(member.number), gracefulMs)
    this.#members.set(member.number, { ...settled(member), state: 'draining', timer })
  }

  #kill(number: number): void {
    const member = this.#members.get(number)
    if (!member || member.state === 'killed') return
    this.#members.set(number, { ...settled(member), state: 'killed' })
    if (member.zygote === this.#zygote) member.zygote.kill(member.pid, SIGKILL)
    else killByHand(member)
  }

  #ended(number: number, reason: EndReason): void {
    const member = this.#members.get(number)
    if (!member || this.#buried.has(number)) return
    this.#buried.add(number)
    const asked =
      reason.kind === 'asked' || (member.state === 'draining' && reason.kind === 'exited' && reason.code === 0)
    member.attached.ended(asked ? { kind: 'asked' } : reason)
    // What it had said before its end, why it could not load for instance, is heard within two turns of the loop.
    setImmediate(() => setImmediate(() => this.#bury(member, reason, asked)))
  }

  #bury(member: Member, reason: EndReason, asked: boolean): void {
    const { number } = member
    settled(this.#members.get(number) ?? member)
    this.#members.delete(number)
    this.#buried.delete(number)
    for (const output of member.outputs) output.finish()
    removeWorkerFiles(this.#folder, number)
    if (!asked && !this.#stopping) this.#replace(member, reason)
    if (this.#members.size === 0) this.#emptied?.()
  }

  /** At once if it had proven itself; with growing pauses in a crash loop, so that the machine isn't burned. */
  #replace(member: Member, reason: EndReason): void {
    const livedMs = this.#clock.nowMs() - member.bornMs
    if (this.#facts !== null) this.#noteEnd(member, reason)
    else this.#firstFailed(new Fault('APP_CRASH_LOOP', { detail: endText(reason) }))
    this.#failuresInRow = livedMs >= PROVEN_AFTER_MS ? 0 : this.#failuresInRow + (member.served ? 0.25 : 1)
    const pauseMs = backoffMs(this.#failuresInRow)
    if (pauseMs > 0) this.#events.note('warning', `workers die young: the next starts in ${pauseMs / 1000} s`)
    this.#forkLater(member.zygote, pauseMs)
  }

  #noteEnd(member: Member, reason: EndReason): void {
    this.#events.note('error', `worker ${member.number} (pid ${member.pid}) died: ${endText(reason)}`)
  }

  /** Its workers go on, until those of a new zygote serve. */
  #zygoteEnded(zygote: Zygote, why: string): void {
    if (this.#stopping || zygote !== this.#zygote) return
    if (this.#facts === null) return this.#firstFailed(new Fault('PYTHON_BROKEN', { detail: `the zygote (${why})` }))
    this.#events.note('error', `the zygote (pid ${zygote.pid}) died: ${why}; a new one is started`)
    void this.#renew()
  }

  async #renew(): Promise<void> {
    try {
      await this.#startZygote()
    } catch (error) {
      this.#events.note('error', `the new zygote failed: ${(error as Error).message}`)
      setTimeout(() => this.#stopping || this.#renew(), MOST_BACKOFF_MS).unref()
      return
    }
    for (let i = 0; i < this.#settings.workers; i++) this.#fork()
  }
}

/** Stops the timer a state carries; the member goes on into another state. */
function settled(member: Member): Member {
  if ('timer' in member) clearTimeout(member.timer)
  return member
}

/** For a process whose zygote is dead; only if the pid is still that process's. */
function killByHand({ pid, ticks }: Member): void {
  if (ticks === null || startOf(pid) !== ticks) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended meanwhile
  }
}

/** Milliseconds to wait after so many early deaths in a row; none after the first few. */
export function backoffMs(failures: number): number {
  return failures < 1 ? 0 : Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1))
}
