import { Fault } from '../faults/fault.ts'
import { type AccessFormat, accessFormat } from '../observe/access.ts'
import { LineSplitter } from '../observe/lineSplitter.ts'
import { type Level, Log } from '../observe/log.ts'
import { isTerminal, Sink } from '../observe/sink.ts'
import type { ConnectionFacts, ExchangeFacts } from '../server/facts.ts'
import type { PooledWorker } from '../server/pool.ts'
import type { ServerEvents } from '../server/server.ts'
import type { Settings } from '../settings/registry.ts'
import type { SupervisorEvents } from '../supervisor/supervisor.ts'

const FLUSH_MS = 500

/** Turns what server and supervisor tell into lines: the log on stderr, the access log where it is asked for. */
export class Journal implements ServerEvents, SupervisorEvents {
  readonly log: Log
  readonly access: ((exchange: ExchangeFacts) => void) | null
  readonly #sink: Sink
  readonly #accessSink: Sink | null
  readonly #splitters = new Map<string, LineSplitter>()
  /** What a worker runs now, where that is one request: the one that its output belongs to. */
  readonly #runningOf: (pid: number) => string | undefined

  /** Throws LOG_FILE, SETTING_INVALID. */
  constructor(settings: Settings, runningOf: (pid: number) => string | undefined) {
    this.#runningOf = runningOf
    const color = settings.color === 'always' || (settings.color === 'auto' && isTerminal(2) && !process.env.NO_COLOR)
    const format = settings.logFormat === 'json' ? 'json' : 'text'
    const sayLost = (lines: number) => this.log.format('warning', `${lines} log lines were lost: nobody read them`)
    this.#sink = Sink.onDescriptor(2, { sayLost })
    this.log = new Log({ level: settings.logLevel, format, color }, this.#sink, Date.now)
    this.#accessSink = openAccess(settings.accessLog, sayLost)
    this.access =
      this.#accessSink === null ? null : writeAccess(accessFormat(settings.accessLogFormat), this.#accessSink)
  }

  failed(exchange: ExchangeFacts, fault: Fault): void {
    const { head, requestId, place } = exchange
    const request = `${head?.method} ${head?.target}`
    this.log.line(
      fault.row.status === 503 ? 'warning' : 'error',
      `${request}: ${fault.message}`,
      {
        code: fault.code,
        requestId,
        pid: place?.worker.pid,
      },
      fault.trace,
    )
  }

  refused(connection: ConnectionFacts, fault: Fault): void {
    this.log.info(`refused: ${fault.message}`, { code: fault.code, client: connection.peer.address || undefined })
  }

  left({ head, requestId, place }: ExchangeFacts): void {
    this.log.info(`${head?.method} ${head?.target}: the client left`, { requestId, pid: place?.worker.pid })
  }

  turnedAway(count: number, fault: Fault): void {
    this.log.fault(fault, { turnedAway: count }, 'warning')
  }

  bug(error: unknown): void {
    const trace = error instanceof Error ? error.stack : undefined
    this.log.fault(new Fault('INTERNAL', { detail: String(error) }, trace))
  }

  workerLog(worker: PooledWorker, exchange: ExchangeFacts | null, level: string, text: string): void {
    const requestId = exchange?.requestId
    for (const line of text.replace(/\n$/, '').split('\n'))
      this.log.output({ pid: worker.pid, text: line, level: level as Level, ...(requestId && { requestId }) })
  }

  note(level: Level, text: string, trace = ''): void {
    this.log.line(level, text, {}, trace)
  }

  output(pid: number, stream: 'stdout' | 'stderr', bytes: Buffer, resume: () => void): boolean {
    for (const text of this.#splitter(pid, stream).feed(bytes)) this.#passOn(pid, text)
    if (!this.#sink.ready) this.#sink.onceReady(resume)
    return this.#sink.ready
  }

  outputEnded(pid: number, stream: 'stdout' | 'stderr'): void {
    const rest = this.#splitter(pid, stream).flush()
    if (rest !== null) this.#passOn(pid, rest)
    this.#splitters.delete(`${pid} ${stream}`)
  }

  /** At the end: what waits is written, as far as somebody reads it. */
  async close(): Promise<void> {
    await Promise.all([this.#sink.drain(FLUSH_MS), this.#accessSink?.drain(FLUSH_MS)])
  }

  /** The same without waiting for the event loop: nothing comes after it. */
  flush(): void {
    this.#sink.flushSync(FLUSH_MS)
    this.#accessSink?.flushSync(FLUSH_MS)
  }

  #passOn(pid: number, text: string): void {
    const requestId = this.#runningOf(pid)
    this.log.output({ pid, text, ...(requestId !== undefined && { requestId }) })
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

function openAccess(path: string | null, sayLost: (lines: number) => string): Sink | null {
  if (path === null) return null
  return path === '-' ? Sink.onDescriptor(1, { sayLost }) : Sink.onFile(path, { sayLost })
}

function writeAccess(format: AccessFormat, sink: Sink): (exchange: ExchangeFacts) => void {
  return (exchange) => {
    const { head, target, requestId, status, bodyBytes, answerHead, place, connection } = exchange
    sink.write(
      format({
        head,
        path: target?.path ?? null,
        address: target?.address ?? connection.peer.address,
        port: target?.port ?? connection.peer.port,
        block: target?.block ?? '',
        requestId,
        status,
        answerLines: answerHead === null ? '' : answerHead.head.slice(answerHead.head.indexOf('\r\n') + 2),
        bodyBytes,
        tookMicros: (performance.now() - exchange.startedMs) * 1000,
        wallMs: Date.now(),
        workerPid: place?.worker.pid ?? 0,
      }),
    )
  }
}
