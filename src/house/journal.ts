import { Fault } from '../faults/fault.ts'
import { withoutSecrets } from '../kit/secrets.ts'
import type { AccessFormat } from '../observe/access.ts'
import type { Datagrams } from '../observe/datagrams.ts'
import type { Fields, Level } from '../observe/level.ts'
import { Log, type LogSettings } from '../observe/log.ts'
import { areOne, isTerminal, Sink } from '../observe/sink.ts'
import { type StartFacts, startLines } from '../observe/start.ts'
import { accessFormatOf, accessLine } from '../server/accessLine.ts'
import type { ConnectionFacts, ExchangeFacts } from '../server/facts.ts'
import {
  bugLine,
  failedLine,
  leftLine,
  refusedLine,
  type ServerLine,
  turnedAwayLine,
  untrustedLine,
} from '../server/lines.ts'
import type { PooledWorker } from '../server/pool.ts'
import type { ServerEvents } from '../server/server.ts'
import type { Settings } from '../settings/registry.ts'
import type { SupervisorEvent, SupervisorEvents } from '../supervisor/events.ts'
import { Counts } from './counts.ts'
import { type RunningOf, type Stream, WorkerPrints } from './output.ts'
import type { Scribe } from './scribe.ts'
import { type Limits, linesOf } from './supervisorLines.ts'
import { Syslog } from './syslog.ts'

const FLUSH_MS = 500

type Named = Pick<ExchangeFacts, 'requestId'>
type WriteAccess = (exchange: ExchangeFacts) => void

/** The access log. While its path stays, it stays open. */
interface Access {
  readonly path: string | null
  readonly sink: Sink | null
  /** null: no lines are made. */
  readonly format: AccessFormat | null
}

/**
 * Turns what server and supervisor tell into lines: the log, on stderr or in a file, and the access log where it is
 * asked for. Lines of our own that tell of an event carry its name in the field `event`.
 */
export class Journal implements ServerEvents, SupervisorEvents {
  readonly log: Log
  readonly counts = new Counts()
  /** Somebody else shows what becomes of each load. */
  showsLoads = false
  readonly #sink: Sink
  #access: Access
  /** An access log that `adopt` left: its last lines are still on their way. */
  #left: Promise<void> | undefined
  #limits: Limits & Pick<Settings, 'logConfig' | 'logFormat' | 'accessLogFormat'>
  #syslog: Syslog | null = null
  #scribe: Scribe | null = null
  readonly #prints: WorkerPrints
  /** Of our own descriptors, which are written to by one each. */
  readonly #standard = new Map<number, Sink>()

  /** Throws LOG_FILE, SETTING_INVALID. */
  constructor(settings: Settings, runningOf: RunningOf) {
    this.#limits = settings
    this.#sink = this.#openSink(settings.logFile, 2)
    this.log = new Log(logSettings(settings), this.#sink, Date.now, process.pid)
    this.#access = this.#openAccess(settings)
    const sinkOf = (stream: Stream): Sink => this.#onStandard(stream === 'stdout' ? 1 : 2)
    // Before we become somebody else, who may not open them.
    if (settings.appOutput === 'through') for (const stream of ['stdout', 'stderr'] as const) sinkOf(stream)
    this.#prints = new WorkerPrints({ log: this.log, logSink: this.#sink, sinkOf, runningOf }, settings.appOutput)
  }

  /**
   * What a reload may change of the logs counts from now on. Throws LOG_FILE and SETTING_INVALID, and then nothing has
   * changed.
   */
  adopt(settings: Settings): void {
    const before = this.#access
    this.#access = this.#openAccess(settings, before)
    if (this.#access.sink !== before.sink && before.path !== '-') this.#left = before.sink?.close(FLUSH_MS)
    this.log.adopt(logSettings(settings))
    this.#prints.way = settings.appOutput
    this.#limits = settings
  }

  /** Opens the files anew, after a rotation. One that can't be is told of, in the log too, and written to as before. */
  reopen(): readonly Fault[] {
    const faults: Fault[] = []
    for (const sink of [this.#sink, this.#access.sink]) {
      try {
        sink?.reopen()
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        faults.push(error)
      }
    }
    for (const fault of faults) this.log.fault(fault, { event: 'logs_not_reopened' })
    if (faults.length === 0) this.event('logs_reopened', 'the log files were opened anew')
    return faults
  }

  /** Gives the files to the user that the server is about to become. */
  own(uid: number, gid: number): void {
    this.#sink.own(uid, gid)
    this.#access.sink?.own(uid, gid)
  }

  /** From now on both logs go to syslog, too, where that is wanted. */
  openSyslog(settings: Settings, datagrams: Datagrams | null): void {
    this.#syslog = Syslog.of(settings, datagrams, this.log, (messages) => {
      this.counts.linesLost += messages
    })
    this.log.copy = this.#syslog?.line ?? null
  }

  /** From now on somebody else writes both logs. */
  giveTo(scribe: Scribe | null): void {
    this.#scribe = scribe
    this.#prints.scribePid = scribe?.pid ?? this.#prints.scribePid
    this.log.divert = scribe?.line ?? null
  }

  /** So many lines never arrived where they were to be written. */
  lost(lines: number): void {
    this.counts.linesLost += lines
    const text = `${lines} log lines were lost: the configured handlers are too slow`
    this.log.line('warning', text, { event: 'log_lines_lost' })
  }

  /** What waits for syslog is sent, as far as it goes. */
  async closeSyslog(): Promise<void> {
    this.log.copy = null
    await this.#syslog?.close()
    this.#syslog = null
  }

  /** Null: no access log is kept. May change with `adopt`; who keeps the function still writes where the log is now. */
  get access(): WriteAccess | null {
    return this.#access.format === null ? null : this.#writeAccess
  }

  /** A line that tells of an event of the server's life: `started`, `stopping`. */
  event(name: string, message: string, fields: Fields = {}, level: Level = 'info'): void {
    this.log.line(level, message, { event: name, ...fields })
  }

  started(facts: StartFacts): void {
    const [first, ...others] = startLines(facts)
    const listening = facts.addresses.length
    const { version, python, workers, threads } = facts
    const application = withoutSecrets(facts.application)
    this.event('started', first!, { version, application, python, workers, threads, pid: process.pid })
    for (const [at, message] of others.entries())
      this.log.line('info', message, at < listening ? { event: 'listening', address: facts.addresses[at] } : {})
  }

  tell(event: SupervisorEvent): void {
    this.counts.take(event)
    for (const { level, message, fields, trace } of linesOf(event, this.#limits, this.showsLoads))
      this.log.line(level, message, fields, trace)
  }

  failed(exchange: ExchangeFacts, fault: Fault): void {
    const line = failedLine(exchange, fault)
    if (this.#isForPeople) setImmediate(() => this.line(line))
    else this.line(line)
  }

  refused(connection: ConnectionFacts, fault: Fault): void {
    this.line(refusedLine(connection, fault))
  }

  untrusted(connection: ConnectionFacts, names: readonly string[]): void {
    this.line(untrustedLine(connection, names))
  }

  left(exchange: ExchangeFacts): void {
    this.line(leftLine(exchange))
  }

  turnedAway(count: number, fault: Fault): void {
    this.line(turnedAwayLine(count, fault))
  }

  bug(error: unknown): void {
    const trace = error instanceof Error ? error.stack : undefined
    this.line(bugLine(new Fault('INTERNAL', { detail: String(error) }, trace)))
  }

  /** Of whichever front. */
  line({ level, message, fields, trace, counted }: ServerLine): void {
    this.counts.note(counted)
    this.log.line(level, message, fields, trace)
  }

  /** Lines of the access log that another front has made. */
  accessLines(lines: readonly string[]): void {
    for (const line of lines) this.#writeLine(line)
  }

  workerLog({ pid }: Pick<PooledWorker, 'pid'>, exchange: Named | null, level: string, text: string): void {
    const requestId = exchange?.requestId
    for (const line of text.replace(/\n$/, '').split('\n'))
      this.log.output({ pid, text: line, level: level as Level, ...(requestId && { requestId }) })
  }

  note(level: Level, text: string, trace = ''): void {
    this.log.line(level, text, {}, trace)
  }

  output(pid: number, stream: Stream, bytes: Buffer, resume: () => void): boolean {
    return this.#prints.take(pid, stream, bytes, resume)
  }

  outputEnded(pid: number, stream: Stream): void {
    this.#prints.ended(pid, stream)
  }

  /** While somebody else has the terminal, nothing is written to it. Resolves once what came before has been written. */
  async silence(isSilent: boolean): Promise<void> {
    await this.#prints.settled()
    await Promise.all([...this.#standard.values()].map((sink) => sink.silence(isSilent)))
  }

  /** At the end: what waits is written, as far as somebody reads it. */
  async close(): Promise<void> {
    await this.#prints.settled()
    await new Promise(setImmediate)
    await Promise.all([this.#left, ...this.#sinks.map((sink) => sink.drain(FLUSH_MS))])
  }

  /** The same without waiting for the event loop: nothing comes after it. */
  flush(): void {
    for (const sink of this.#sinks) sink.flushSync(FLUSH_MS)
  }

  get #sinks(): Sink[] {
    return [...new Set([this.#sink, this.#access.sink, ...this.#standard.values()])].filter((sink) => sink !== null)
  }

  /** Hot. */
  readonly #writeAccess = (exchange: ExchangeFacts): void => {
    const { format } = this.#access
    if (format === null) return
    const line = accessLine(format, exchange, performance.now(), Date.now())
    if (this.#isForPeople) setImmediate(() => this.#writeLine(line))
    else this.#writeLine(line)
  }

  /**
   * For people who look on, the lines of a request stand below what it printed. That is in its pipe by now, and is read
   * in this turn of the event loop: they wait for its end.
   */
  get #isForPeople(): boolean {
    const { logFormat, accessLogFormat } = this.#limits
    return logFormat === 'brief' || accessLogFormat === 'brief'
  }

  #writeLine(line: string): void {
    if (this.#limits.logConfig !== null) return this.#scribe?.access(line)
    this.#access.sink?.write(line)
    if (this.#syslog?.takesAccess) this.#syslog.access(line)
  }

  readonly #sayLost = (lines: number): string => {
    this.counts.linesLost += lines
    return this.log.format('warning', `${lines} log lines were lost: nobody read them`, { event: 'log_lines_lost' })
  }

  /** Throws LOG_FILE, SETTING_INVALID. */
  #openAccess(settings: Settings, before: Access | null = null): Access {
    const { accessLog: path, color } = settings
    const format = accessFormatOf(settings, path === '-' && isColored(color, 1))
    const sink = path === null ? null : before?.path === path ? before.sink : this.#openSink(path, 1)
    return { path, sink, format }
  }

  /** `-` is the descriptor. Throws LOG_FILE. */
  #openSink(path: string, descriptor: number): Sink {
    return path === '-' ? this.#onStandard(descriptor) : Sink.onFile(path, { sayLost: this.#sayLost })
  }

  /** Each writes in a thread of its own: people who see both at one place get the lines in their order from one alone. */
  #onStandard(descriptor: number): Sink {
    const other = this.#standard.get(descriptor === 1 ? 2 : 1)
    const known = this.#standard.get(descriptor) ?? (other && this.#isForPeople && areOne(1, 2) ? other : undefined)
    if (known) return known
    const made = Sink.onDescriptor(descriptor, { sayLost: this.#sayLost })
    this.#standard.set(descriptor, made)
    return made
  }
}

function logSettings({ logLevel, logFormat, logFile, color }: Settings): LogSettings {
  return {
    level: logLevel,
    format: logFormat === 'auto' ? 'text' : logFormat,
    color: color === 'always' || (logFile === '-' && isColored(color, 2)),
  }
}

function isColored(color: Settings['color'], descriptor: number): boolean {
  return color === 'always' || (color === 'auto' && isTerminal(descriptor) && !process.env.NO_COLOR)
}
