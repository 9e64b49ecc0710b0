import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Fault, isFaultCode } from '../faults/fault.ts'
import type { Datagrams } from '../observe/datagrams.ts'
import type { Level } from '../observe/level.ts'

const PROGRAM = fileURLToPath(new URL('../../../python/dram/keeper.py', import.meta.url))

/** At the end it is given so long to send what it was told. */
const PATIENCE_MS = 1_000
/** So much waits for it at most, beside what must reach it. */
const MOST_WAITING_BYTES = 1024 * 1024
/** Of what it prints before anybody listens, so much is kept. It is not made to wait: what it is asked would, too. */
const MOST_EARLY_BYTES = 1024 * 1024

/** Who hears what it says unasked. */
export interface KeeperEvents {
  /** It can't be started, or has ended. The server goes on without it. */
  failed(why: string): void
  unnotified(why: string): void
  /** Datagrams to `to` were lost; the reason is '' at the end of a row of them. */
  undelivered(lost: number, to: string, why: string): void
  /** What the user's functions told their log. */
  log(pid: number, level: Level, text: string): void
  /** Bytes that were written to its stdout or stderr. False: no more, until `resume` is called. */
  output(pid: number, stream: 'stdout' | 'stderr', bytes: Buffer, resume: () => void): boolean
}

/** What the Python side says of a failure (python/dram/fault.py). */
interface ToldFault {
  readonly code: string
  readonly says: string
  readonly hint: string
  readonly traceback: string
}

type Told =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly fault: ToldFault }
  | { readonly log: Level; readonly text: string }
  /** Why the service manager could not be told. */
  | { readonly unnotified: string }
  | { readonly undelivered: number; readonly to: string; readonly why: string }

interface Question {
  resolve(answer: unknown): void
  reject(fault: Fault): void
}

/**
 * A Python process that lives as long as the server and does what Node can't: it sends Unix datagrams, on which a
 * service manager is told how we are, and runs what extensions have to run once per server.
 */
export class Keeper implements Datagrams {
  readonly #child: ChildProcess
  readonly #pipe: Duplex | null
  /** To the loggers in it, if it has some: a line of JSON each. */
  readonly #records: Duplex | null
  readonly #questions = new Map<number, Question>()
  #lastQuestion = 0
  #held = ''
  #events: KeeperEvents | null = null
  /** What came before somebody heard it. */
  #early: ((events: KeeperEvents) => void)[] = []
  #earlyBytes = 0
  #lostBytes = 0
  #ended: string | null = null

  /** @param variables its environment */
  constructor(python: string, folder: string, variables: NodeJS.ProcessEnv) {
    this.#child = spawn(python, [PROGRAM], {
      cwd: folder,
      env: variables,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    this.#child.on('error', (error) => this.#end(error.message))
    this.#child.on('exit', (code, signal) => this.#end(signal ?? `exit code ${code}`))
    this.#hear('stdout', this.#child.stdout)
    this.#hear('stderr', this.#child.stderr)
    this.#pipe = (this.#child.stdio?.[3] as Duplex | undefined) ?? null
    this.#records = (this.#child.stdio?.[4] as Duplex | undefined) ?? null
    this.#records?.on('error', () => {})
    this.#pipe?.on('error', () => {}) // its end is told by 'exit'
    this.#pipe?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isAlive(): boolean {
    return this.#ended === null
  }

  /** Tells all that was said before, too. */
  attach(events: KeeperEvents): void {
    this.#events = events
    for (const tell of this.#early.splice(0)) tell(events)
    if (this.#lostBytes > 0)
      events.log(this.pid, 'warning', `so much was printed that ${this.#lostBytes} bytes are lost`)
    this.#lostBytes = 0
  }

  /** `text`: lines of sd_notify(3). */
  notify(text: string): void {
    this.#send({ cmd: 'notify', text })
  }

  /** Each is a datagram to the Unix socket of that path. False: it has too much to do, and they are lost. */
  send(path: string, texts: readonly string[]): boolean {
    if (!this.isAlive || (this.#pipe?.writableLength ?? 0) > MOST_WAITING_BYTES) return false
    this.#send({ cmd: 'datagrams', to: path, texts })
    return true
  }

  /** Resolves once they are on their way, with why they aren't. */
  record(lines: readonly string[]): Promise<string | null> {
    const pipe = this.#records
    if (pipe === null || !pipe.writable) return Promise.resolve('the keeper has ended')
    return new Promise((resolve) => {
      const broken = (): void => resolve('the keeper has ended')
      pipe.once('close', broken)
      pipe.write(lines.map((line) => `${line}\n`).join(''), (error) => {
        pipe.removeListener('close', broken)
        resolve(error ? error.message : null)
      })
    })
  }

  /**
   * Asks a module of python/dram/dialects/, which is imported at its first question. One is answered after the other.
   * `limitMs`: one that is stuck for so long is ended, or else nothing would ever be answered again.
   * Faults: the module's; KEEPER_LOST.
   */
  async ask(
    module: string,
    name: string,
    facts: Readonly<Record<string, unknown>>,
    limitMs: number | null = null,
  ): Promise<unknown> {
    if (this.#ended !== null) throw new Fault('KEEPER_LOST', { detail: this.#ended })
    const id = ++this.#lastQuestion
    const answered = new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject })
      this.#send({ cmd: 'ask', id, module, name, facts })
    })
    if (limitMs === null) return answered
    const timer = setTimeout(() => this.#giveUp(`it was stuck for ${limitMs / 1000} s`), limitMs)
    return answered.finally(() => clearTimeout(timer))
  }

  #giveUp(why: string): void {
    this.#end(why)
    this.#child.kill('SIGKILL')
  }

  /** It sends what it was told, and ends. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (this.#ended === null && exitCode === null && signalCode === null) {
      this.#child.removeAllListeners('exit')
      const exited = once(this.#child, 'exit').then(() => {})
      this.#records?.end()
      this.#pipe?.end()
      // One that runs as another user can't be killed by us: it sees the end of its pipe, and gives up by itself.
      const patience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS)
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS).unref())])
      clearTimeout(patience)
      this.#ended = 'it was closed'
    }
    if (this.#events === null) this.attach(onStderr)
  }

  #send(command: Readonly<Record<string, unknown>>): void {
    if (this.#pipe?.writable) this.#pipe.write(`${JSON.stringify(command)}\n`)
  }

  #hear(name: 'stdout' | 'stderr', stream: Readable | null): void {
    const resume = (): void => void stream?.resume()
    stream?.on('data', (bytes: Buffer) =>
      this.#tell((events) => {
        if (!events.output(this.pid, name, bytes, resume)) stream.pause()
      }, bytes.length),
    )
  }

  #read(text: string): void {
    const lines = (this.#held + text).split('\n')
    this.#held = lines.pop() ?? ''
    for (const line of lines) {
      const told = toldIn(line)
      if (told !== null) this.#obey(told)
      else this.#log('warning', `not the keeper's word: ${line}`)
    }
  }

  #obey(told: Told): void {
    if ('log' in told) return this.#log(told.log, told.text)
    if ('undelivered' in told) return this.#tell((events) => events.undelivered(told.undelivered, told.to, told.why))
    if ('unnotified' in told) return this.#tell((events) => events.unnotified(told.unnotified))
    const question = this.#questions.get(told.id)
    this.#questions.delete(told.id)
    if ('fault' in told) question?.reject(faultOf(told.fault))
    else question?.resolve(told.answer)
  }

  #log(level: Level, text: string): void {
    this.#tell((events) => events.log(this.pid, level, text), text.length)
  }

  /** `bytes`: what has to be kept for it. */
  #tell(tell: (events: KeeperEvents) => void, bytes = 0): void {
    if (this.#events !== null) return tell(this.#events)
    if (this.#earlyBytes + bytes > MOST_EARLY_BYTES) {
      this.#lostBytes += bytes
      return
    }
    this.#earlyBytes += bytes
    this.#early.push(tell)
  }

  #end(why: string): void {
    if (this.#ended !== null) return // 'error' may be followed by 'exit'
    this.#ended = why
    for (const { reject } of this.#questions.values()) reject(new Fault('KEEPER_LOST', { detail: why }))
    this.#questions.clear()
    this.#tell((events) => events.failed(why))
  }
}

/** Null: the user's functions have written to our descriptor. */
function toldIn(line: string): Told | null {
  try {
    const told: unknown = JSON.parse(line)
    return typeof told === 'object' && told !== null ? (told as Told) : null
  } catch {
    return null
  }
}

function faultOf({ code, says, hint, traceback }: ToldFault): Fault {
  const fault = new Fault(isFaultCode(code) ? code : 'KEEPER_LOST', { detail: says }, traceback, hint)
  fault.message = says
  return fault
}

/** For a command that looks at the configuration and has no log. */
const onStderr: KeeperEvents = {
  failed: () => {},
  unnotified: () => {},
  undelivered: () => {},
  log: (_, __, text) => process.stderr.write(`${text}\n`),
  output: (_, __, bytes) => process.stderr.write(bytes),
}
