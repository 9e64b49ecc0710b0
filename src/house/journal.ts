import { Fault } from '../faults/fault.ts'
import { withoutSecrets } from '../kit/secrets.ts'
import { type AccessFormat, accessFormat } from '../observe/access.ts'
import { LineSplitter } from '../observe/lineSplitter.ts'
import { type Fields, type Level, Log, type LogSettings } from '../observe/log.ts'
import { isTerminal, Sink } from '../observe/sink.ts'
import { type StartFacts, startLines } from '../observe/start.ts'
import { accessLine } from '../server/accessLine.ts'
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
import { type Limits, linesOf } from './supervisorLines.ts'

const FLUSH_MS = 500

/** What a worker runs now, where that is one request. With several fronts another may have to be asked. */
export type RunningOf = (pid: number) => string | undefined | Promise<string | undefined>

type Named = Pick<ExchangeFacts, 'requestId'>
type WriteAccess = (exchange: ExchangeFacts) => void

/** The access log. While its path stays, it stays open. */
interface Access {
  readonly path: string | null
  readonly sink: Sink | null
  readonly write: WriteAccess | null
}

/**
 * Turns what server and supervisor tell into lines: the log, on stderr or in a file, and the access log where it is
 * asked for. Lines of our own that tell of an event carry its name in the field `event`.
 */
export class Journal implements ServerEvents, SupervisorEvents {
  readonly log: Log
  readonly counts = new Counts()
  readonly #sink: Sink
  #access: Access
  /** An access log that `adopt` left: its last lines are still on their way. */
  #left: Promise<void> | undefined
  #limits: Limits
  readonly #splitters = new Map<string, LineSplitter>()
  /** What a worker runs now, where that is one request: the one that its output belongs to. */
  readonly #runningOf: RunningOf
  /** Output whose request is asked for, and what came behind it. */
  #asking: Promise<void> | null = null

  /** Throws LOG_FILE, SETTING_INVALID. */
  constructor(settings: Settings, runningOf: RunningOf) {
    this.#runningOf = runningOf
    this.#limits = settings
    this.#sink = this.#openSink(settings.logFile, 2)
    this.log = new Log(logSettings(settings), this.#sink, Date.now)
    this.#access = this.#openAccess(settings)
  }

  /**
   * What a reload may change of the logs counts from now on. Throws LOG_FILE and SETTING_INVALID, and then nothing has
   * changed.
   */
  adopt(settings: Settings): void {
    const before = this.#access
    this.#access = this.#openAccess(settings, before)
    if (this.#access.sink !== before.sink) this.#left = before.sink?.close(FLUSH_MS)
    this.log.adopt(logSettings(settings))
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

  /** Null: no access log is kept. May change with `adopt`; who keeps the function still writes where the log is now. */
  get access(): WriteAccess | null {
    return this.#access.write === null ? null : this.#writeAccess
  }

  /** A line that tells of an event of the server's life: `started`, `stopping`. */
  event(name: string, message: string, fields: Fields = {}, level: Level = 'info'): void {
    this.log.line(level, message, { event: name, ...fields })
  }

  started(facts: StartFacts): void {
    const [first, ...others] = startLines(facts)
    const { version, python, workers, threads } = facts
    const application = withoutSecrets(facts.application)
    this.event('started', first!, { version, application, python, workers, threads, pid: process.pid })
    for (const line of others) this.log.info(line)
  }

  tell(event: SupervisorEvent): void {
    this.counts.take(event)
    for (const { level, message, fields, trace } of linesOf(event, this.#limits))
      this.log.line(level, message, fields, trace)
  }

  failed(exchange: ExchangeFacts, fault: Fault): void {
    this.line(failedLine(exchange, fault))
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
    for (const line of lines) this.#access.sink?.write(line)
  }

  workerLog({ pid }: Pick<PooledWorker, 'pid'>, exchange: Named | null, level: string, text: string): void {
    const requestId = exchange?.requestId
    for (const line of text.replace(/\n$/, '').split('\n'))
      this.log.output({ pid, text: line, level: level as Level, ...(requestId && { requestId }) })
  }

  note(level: Level, text: string, trace = ''): void {
    this.log.line(level, text, {}, trace)
  }

  output(pid: number, stream: 'stdout' | 'stderr', bytes: Buffer, resume: () => void): boolean {
    this.#passOn(pid, this.#splitter(pid, stream).feed(bytes))
    if (!this.#sink.ready) this.#sink.onceReady(resume)
    return this.#sink.ready
  }

  outputEnded(pid: number, stream: 'stdout' | 'stderr'): void {
    const rest = this.#splitter(pid, stream).flush()
    if (rest !== null) this.#passOn(pid, [rest])
    this.#splitters.delete(`${pid} ${stream}`)
  }

  /** At the end: what waits is written, as far as somebody reads it. */
  async close(): Promise<void> {
    await this.#asking
    await Promise.all([this.#sink.drain(FLUSH_MS), this.#access.sink?.drain(FLUSH_MS), this.#left])
  }

  /** The same without waiting for the event loop: nothing comes after it. */
  flush(): void {
    this.#sink.flushSync(FLUSH_MS)
    this.#access.sink?.flushSync(FLUSH_MS)
  }

  readonly #writeAccess = (exchange: ExchangeFacts): void => this.#access.write?.(exchange)

  readonly #sayLost = (lines: number): string => {
    this.counts.linesLost += lines
    return this.log.format('warning', `${lines} log lines were lost: nobody read them`, { event: 'log_lines_lost' })
  }

  /** Throws LOG_FILE, SETTING_INVALID. */
  #openAccess({ accessLog: path, accessLogFormat }: Settings, before: Access | null = null): Access {
    const format = accessFormat(accessLogFormat)
    if (path === null) return { path, sink: null, write: null }
    const sink = before?.path === path ? before.sink! : this.#openSink(path, 1)
    return { path, sink, write: writeAccess(format, sink) }
  }

  /** `-` is the descriptor. Throws LOG_FILE. */
  #openSink(path: string, descriptor: number): Sink {
    const options = { sayLost: this.#sayLost }
    return path === '-' ? Sink.onDescriptor(descriptor, options) : Sink.onFile(path, options)
  }

  #passOn(pid: number, texts: readonly string[]): void {
    if (texts.length === 0) return
    const found = this.#runningOf(pid)
    if (!(found instanceof Promise)) return this.#write(pid, texts, found)
    const before = this.#asking
    const asking = found.then(async (requestId) => {
      await before
      this.#write(pid, texts, requestId)
      if (this.#asking === asking) this.#asking = null
    })
    this.#asking = asking
  }

  #write(pid: number, texts: readonly string[], requestId: string | undefined): void {
    for (const text of texts) this.log.output({ pid, text, ...(requestId !== undefined && { requestId }) })
  }

  #splitter(pid: number, stream: string): LineSplitter {
    const key = `${pid} ${stream}`
    const known = this.#splitters.get(key)
    if (known) return known
    const made = new LineSplitter()
    this.#splitters.set(key, made)
    return made
  }
}

function logSettings({ logLevel, logFormat, logFile, color }: Settings): LogSettings {
  const onTerminal = logFile === '-' && isTerminal(2) && !process.env.NO_COLOR
  return {
    level: logLevel,
    format: logFormat === 'json' ? 'json' : 'text',
    color: color === 'always' || (color === 'auto' && onTerminal),
  }
}

function writeAccess(format: AccessFormat, sink: Sink): WriteAccess {
  return (exchange) => sink.write(accessLine(format, exchange, performance.now(), Date.now()))
}
