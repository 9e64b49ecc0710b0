import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AttachedWorker, PoolLoad, WorkerOwner, WorkerPlace, WorkerPool } from '../../../src/events/pool.ts'
import { type EndReason, endText, type RequestFacts, type ThreadStack } from '../../../src/events/worker.ts'
import type { SupervisorEvent, SupervisorEvents } from '../../../src/supervisor/events.ts'
import { startInterpreter } from '../../../src/supervisor/interpreter.ts'
import type { SupervisorSettings } from '../../../src/supervisor/settings.ts'
import { Supervisor, type SupervisorDoors } from '../../../src/supervisor/supervisor.ts'
import { atEnd } from '../../kit/ends.ts'
import { within } from '../../kit/wait.ts'

export interface Command {
  readonly cmd: string
  readonly worker?: number
  readonly candidate?: boolean
  readonly pid?: number
  readonly signal?: number
}

/** Stands in for Python: hands what the supervisor says to the test, and back what the test answers. */
const STAND_IN = `#!${process.execPath}
const net = require('node:net')
const pipe = new net.Socket({ fd: 3 })
const test = net.connect(__dirname + '/test.sock')
for (const socket of [pipe, test]) socket.on('error', () => {}).on('close', () => process.exit(0))
pipe.pipe(test)
test.pipe(pipe)
`

/** What takes commands from the supervisor and reports to it, played by the test: a zygote, or a template. */
export class FakeForker {
  readonly #socket: Socket
  #held = ''
  readonly #commands: Command[] = []
  #wake: (() => void)[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (text: string) => {
      const lines = (this.#held + text).split('\n')
      this.#held = lines.pop() ?? ''
      this.#commands.push(...lines.map((line) => JSON.parse(line) as Command))
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  say(event: string, facts: Record<string, unknown> = {}): void {
    this.raw(JSON.stringify({ event, ...facts }))
  }

  raw(line: string): void {
    this.#socket.write(`${line}\n`)
  }

  /** The next command of that name; others are passed over. */
  async told(cmd: string): Promise<Command> {
    for (;;) {
      const next = this.#commands.shift()
      if (next?.cmd === cmd) return next
      if (!next) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), `the command ${cmd}`)
    }
  }

  /** What was told and not asked for yet. */
  heard(cmd: string): number {
    return this.#commands.filter((command) => command.cmd === cmd).length
  }

  exited(worker: number, end: { code?: number; signal?: number }): void {
    this.say('exited', { worker, code: end.code ?? null, signal: end.signal ?? null })
  }

  /** Ends its process, or (a template) its connection. */
  die(): void {
    this.#socket.destroy()
  }
}

/** A worker in a pool that only writes down what becomes of it. */
export class FakeMember implements AttachedWorker {
  running = 0
  answered = 0
  busyMicros = 0
  /** What its control thread says; null: it is silent. */
  threads: readonly ThreadStack[] | null = []
  readonly place: WorkerPlace
  readonly owner: WorkerOwner
  readonly told: string[] = []
  readonly #changed: () => void

  constructor(place: WorkerPlace, owner: WorkerOwner, changed: () => void) {
    this.place = place
    this.owner = owner
    this.#changed = changed
  }

  ready(): void {
    const { pid } = this.place
    this.owner.ready({ pid, python: '3.11.7', implementation: 'CPython', executable: 'python3', application: 'a:b' })
  }

  serve(): void {
    this.#note('serve')
  }

  drain(): void {
    this.#note('drain')
  }

  ended(reason: EndReason): void {
    this.#note(`ended: ${endText(reason)}`)
  }

  async stacks(): Promise<readonly ThreadStack[] | null> {
    this.#note('stacks')
    return this.threads
  }

  interrupt(): void {
    this.#note('interrupt')
  }

  /** What it has counted; null: it is silent. */
  counted: string | null = null

  async metrics(): Promise<string | null> {
    return this.counted
  }

  endLate(): void {
    this.#note('endLate')
  }

  #note(what: string): void {
    this.told.push(what)
    this.#changed()
  }
}

/** A worker that the test forked: what the pool has, the process that stands in for it, what forked it. */
export type Actor = FakeMember & {
  readonly process: ChildProcess
  readonly forker: FakeForker
  readonly stackPath: string
  /** Of a candidate: the front, once it has connected. */
  readonly front: Promise<FakeForker>
}

/** All that the supervisor works with, played by the test; time goes on at its word only. */
export class Stage implements WorkerPool, SupervisorEvents, SupervisorDoors {
  readonly supervisor: Supervisor
  readonly settings: SupervisorSettings
  readonly actors: Actor[] = []
  readonly members: FakeMember[] = []
  readonly notes: string[] = []
  readonly events: SupervisorEvent[] = []
  onPressure: (() => void) | null = null
  onLastMetrics = null
  load: PoolLoad = { waiting: 0, busiest: 0 }
  /** Bytes, by pid. */
  readonly rss = new Map<number, number>()
  readonly pss = new Map<number, number>()
  readonly startInterpreter = startInterpreter
  chance = 0
  nowMs = 1_000_000
  readonly #folder = mkdtempSync(join(tmpdir(), 'dram-zygote-'))
  readonly #server: Server
  readonly #servers: Server[] = []
  readonly #zygotes: FakeForker[] = []
  #wake: (() => void)[] = []

  private constructor(settings: Partial<SupervisorSettings>) {
    const python = join(this.#folder, 'python')
    writeFileSync(python, STAND_IN)
    chmodSync(python, 0o700)
    this.#server = createServer((socket) => {
      this.#zygotes.push(new FakeForker(socket))
      this.#tell()
    })
    this.settings = { ...DEFAULTS, python, ...settings }
    this.supervisor = new Supervisor(this.settings, this.#folder, this, this, { nowMs: () => this.nowMs }, this)
  }

  static async open(t: TestContext, settings: Partial<SupervisorSettings> = {}): Promise<Stage> {
    const stage = new Stage(settings)
    stage.#server.listen(join(stage.#folder, 'test.sock'))
    await once(stage.#server, 'listening')
    atEnd(t, () => stage.#close())
    return stage
  }

  /** One that serves `workers` workers, which were forked one by one. */
  static async serving(
    t: TestContext,
    workers: number,
    settings: Partial<SupervisorSettings> = {},
  ): Promise<{ stage: Stage; zygote: FakeForker; crew: Actor[] }> {
    const stage = await Stage.open(t, { workers: { least: workers, most: workers }, ...settings })
    const started = stage.supervisor.start()
    const zygote = await stage.zygote()
    const crew: Actor[] = []
    for (let count = 0; count < workers; count++) {
      crew.push(await stage.fork(zygote))
      crew.at(-1)!.ready()
    }
    await started
    return { stage, zygote, crew }
  }

  /** The next zygote that is started; it is ready. */
  async zygote(): Promise<FakeForker> {
    await this.until(() => this.#zygotes.length > 0, 'a zygote')
    const zygote = this.#zygotes.shift()!
    const { lifeline } = (await zygote.told('configure')) as Command & { lifeline: string }
    writeFileSync(lifeline, '')
    zygote.say('ready', { pid: 7, python: '3.11.7', implementation: 'CPython', executable: 'python3' })
    return zygote
  }

  /** One was started that nobody has answered. */
  get hasZygote(): boolean {
    return this.#zygotes.length > 0
  }

  /** It dies before it is ready. */
  async failZygote(): Promise<void> {
    await this.until(() => this.#zygotes.length > 0, 'a zygote')
    this.#zygotes.shift()!.die()
  }

  /** Forks the next worker that is asked for; a process of its own stands in for it. */
  async fork(forker: FakeForker): Promise<Actor> {
    const { worker, candidate } = await forker.told('fork')
    const child = spawn('sleep', ['1000'])
    await once(child, 'spawn')
    const base = join(this.#folder, `w${worker}`)
    execFileSync('mkfifo', [`${base}.out`, `${base}.err`])
    const paths = { socket: `${base}.sock`, out: `${base}.out`, err: `${base}.err`, page: `${base}.page` }
    const stack = `${base}.stack`
    writeFileSync(stack, '')
    const { front } = candidate ? await this.#listenAt(`${base}.template`) : { front: NEVER }
    const count = this.members.length
    const template = candidate ? { template: `${base}.template` } : {}
    forker.say('forked', { worker, pid: child.pid, ...paths, stack, ...template })
    await this.until(() => this.members.length > count, 'the worker in the pool')
    const actor = Object.assign(this.members.at(-1)!, { process: child, forker, stackPath: stack, front })
    this.actors.push(actor)
    return actor
  }

  /** In the runtime folder. */
  pathOf(name: string): string {
    return join(this.#folder, name)
  }

  /** Its process ends, and that is reported. */
  end(actor: Actor, how: { code?: number; signal?: number } = { code: 0 }): void {
    actor.forker.exited(actor.place.number, how)
  }

  /** Time goes on. */
  pass(ms: number): void {
    this.nowMs += ms
    this.supervisor.tick()
  }

  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker {
    const member = new FakeMember(place, owner, () => this.#tell())
    this.members.push(member)
    this.#tell()
    return member
  }

  takeLoad(): PoolLoad {
    return this.load
  }

  rssOf(pid: number): number | null {
    return this.rss.get(pid) ?? null
  }

  async pssOf(pid: number): Promise<number | null> {
    return this.pss.get(pid) ?? null
  }

  random(): number {
    return this.chance
  }

  async until(done: () => boolean, what: string): Promise<void> {
    while (!done()) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), what)
  }

  async noted(pattern: RegExp): Promise<void> {
    await this.until(() => this.notes.some((note) => pattern.test(note)), String(pattern))
  }

  /** The next event of that kind, passing over those before it. */
  async told<K extends SupervisorEvent['kind']>(kind: K): Promise<Extract<SupervisorEvent, { kind: K }>> {
    for (;;) {
      const next = this.events.shift()
      if (next?.kind === kind) return next as Extract<SupervisorEvent, { kind: K }>
      if (!next) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), `the event ${kind}`)
    }
  }

  tell(event: SupervisorEvent): void {
    this.events.push(event)
    this.#tell()
  }

  note(level: string, text: string): void {
    this.notes.push(`${level}: ${text}`)
    this.#tell()
  }

  output(): boolean {
    return true
  }

  outputEnded(): void {}

  async #listenAt(path: string): Promise<{ front: Promise<FakeForker> }> {
    const server = createServer()
    this.#servers.push(server)
    const front = once(server, 'connection').then(([socket]) => new FakeForker(socket))
    server.listen(path)
    await once(server, 'listening')
    return { front }
  }

  async #close(): Promise<void> {
    for (const { process } of this.actors) process.kill('SIGKILL')
    const stopped = this.supervisor.stop(0)
    this.pass(60_000) // what is not reported is given up
    await stopped
    for (const server of [this.#server, ...this.#servers]) server.close()
    rmSync(this.#folder, { recursive: true })
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

const NEVER = new Promise<FakeForker>(() => {})

export const DEFAULTS: Omit<SupervisorSettings, 'python'> = {
  workers: { least: 1, most: 1 },
  bootTimeoutMs: 20_000,
  gracefulTimeoutMs: 20_000,
  preload: 'never',
  reloadStrategy: 'all',
  maxRequests: 0,
  maxWorkerAgeMs: 0,
  maxWorkerMemoryBytes: 0,
  workerMemoryMeasure: 'pss',
  maxRequestsJitter: null,
  recycleJitter: 0,
  minWorkerLifetimeMs: 0,
  memoryLimitBytes: 0,
  workersMemoryBytes: 0,
  zygote: {
    app: 'a:b',
    chdir: null,
    pythonpath: [],
    env: {},
    threads: 1,
    greenlets: 0,
    fronts: 1,
    multiprocess: false,
    software: 'dram/test',
    strictHeaders: false,
    streamRequests: false,
    title: 'dram: test',
    umask: null,
    extension: null,
    tellsImports: false,
    tellsCalls: false,
    reports: null,
    knowsFrameworks: false,
    lendsTerminal: false,
  },
}

export function request(requestId: string): RequestFacts {
  return { requestId, method: 'GET', target: '/', client: '', ageMs: 1, state: 'running', worker: 1, headers: [] }
}
