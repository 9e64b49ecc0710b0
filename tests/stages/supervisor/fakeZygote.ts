import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AttachedWorker, WorkerOwner, WorkerPlace, WorkerPool } from '../../../src/events/pool.ts'
import { type EndReason, endText } from '../../../src/events/worker.ts'
import { Supervisor, type SupervisorEvents, type SupervisorSettings } from '../../../src/supervisor/supervisor.ts'
import { within } from '../../kit/wait.ts'

export interface Command {
  readonly cmd: string
  readonly worker?: number
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

/** One zygote process, played by the test. */
export class FakeZygote {
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
    this.#socket.write(`${JSON.stringify({ event, ...facts })}\n`)
  }

  /** The next command of that name; others are passed over. */
  async told(cmd: string): Promise<Command> {
    for (;;) {
      const next = this.#commands.shift()
      if (next?.cmd === cmd) return next
      if (!next) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), `the command ${cmd}`)
    }
  }

  exited(worker: number, end: { code?: number; signal?: number }): void {
    this.say('exited', { worker, code: end.code ?? null, signal: end.signal ?? null })
  }

  /** Ends its process. */
  die(): void {
    this.#socket.destroy()
  }
}

/** A worker in a pool that only writes down what becomes of it. */
export class FakeMember implements AttachedWorker {
  readonly running = 0
  readonly place: WorkerPlace
  readonly owner: WorkerOwner
  readonly told: string[] = []

  constructor(place: WorkerPlace, owner: WorkerOwner) {
    this.place = place
    this.owner = owner
  }

  ready(): void {
    const { pid } = this.place
    this.owner.ready({ pid, python: '3.11.7', implementation: 'CPython', executable: 'python3', application: 'a:b' })
  }

  serve(): void {
    this.told.push('serve')
  }

  drain(): void {
    this.told.push('drain')
  }

  ended(reason: EndReason): void {
    this.told.push(`ended: ${endText(reason)}`)
  }
}

export class Stage implements WorkerPool, SupervisorEvents {
  readonly supervisor: Supervisor
  readonly members: FakeMember[] = []
  readonly notes: string[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'dram-zygote-'))
  readonly #server: Server
  readonly #zygotes: FakeZygote[] = []
  #last: FakeZygote | null = null
  #wake: (() => void)[] = []
  readonly #children: ChildProcess[] = []

  private constructor(settings: Partial<SupervisorSettings>) {
    const python = join(this.#folder, 'python')
    writeFileSync(python, STAND_IN)
    chmodSync(python, 0o700)
    writeFileSync(join(this.#folder, 'lifeline'), '')
    this.#server = createServer((socket) => {
      this.#last = new FakeZygote(socket)
      this.#zygotes.push(this.#last)
      this.#tell()
    })
    const zygote = {
      app: 'a:b',
      chdir: null,
      pythonpath: [],
      env: {},
      threads: 1,
      multiprocess: false,
      software: 'dram/test',
      strictHeaders: false,
      streamRequests: false,
    }
    this.supervisor = new Supervisor(
      { python, workers: 1, bootTimeoutMs: 20_000, gracefulTimeoutMs: 20_000, zygote, ...settings },
      this.#folder,
      this,
      this,
      { nowMs: () => performance.now() },
    )
  }

  static async open(t: TestContext, settings: Partial<SupervisorSettings> = {}): Promise<Stage> {
    const stage = new Stage(settings)
    stage.#server.listen(join(stage.#folder, 'test.sock'))
    await once(stage.#server, 'listening')
    t.after(async () => {
      for (const child of stage.#children) child.kill('SIGKILL')
      const stopped = stage.supervisor.stop(0)
      for (const { place } of stage.members) stage.#last?.exited(place.number, { signal: 9 })
      await stopped
      stage.#server.close()
      rmSync(stage.#folder, { recursive: true })
    })
    return stage
  }

  /** The next zygote that is started; it is ready. */
  async zygote(): Promise<FakeZygote> {
    await this.until(() => this.#zygotes.length > 0, 'a zygote')
    const zygote = this.#zygotes.shift()!
    await zygote.told('configure')
    zygote.say('ready')
    return zygote
  }

  /** One was started that nobody has answered. */
  get hasZygote(): boolean {
    return this.#zygotes.length > 0
  }

  /** It dies before it is ready. */
  failZygote(): void {
    this.#zygotes.shift()!.die()
  }

  /** Forks the next worker that the zygote is asked for; a process of its own stands in for it. */
  async fork(zygote: FakeZygote): Promise<FakeMember & { readonly process: ChildProcess }> {
    const { worker } = await zygote.told('fork')
    const child = spawn('sleep', ['1000'])
    await once(child, 'spawn')
    this.#children.push(child)
    const base = join(this.#folder, `w${worker}`)
    execFileSync('mkfifo', [`${base}.out`, `${base}.err`])
    const paths = { socket: `${base}.sock`, out: `${base}.out`, err: `${base}.err`, page: `${base}.page` }
    const count = this.members.length
    zygote.say('forked', { worker, pid: child.pid, ...paths })
    await this.until(() => this.members.length > count, 'the worker in the pool')
    return Object.assign(this.members.at(-1)!, { process: child })
  }

  attach(place: WorkerPlace, owner: WorkerOwner): AttachedWorker {
    const member = new FakeMember(place, owner)
    this.members.push(member)
    this.#tell()
    return member
  }

  async until(done: () => boolean, what: string): Promise<void> {
    while (!done()) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), what)
  }

  async noted(pattern: RegExp): Promise<void> {
    await this.until(() => this.notes.some((note) => pattern.test(note)), String(pattern))
  }

  note(level: string, text: string): void {
    this.notes.push(`${level}: ${text}`)
    this.#tell()
  }

  output(): boolean {
    return true
  }

  outputEnded(): void {}

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
