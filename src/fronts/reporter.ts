import { Fault } from '../faults/fault.ts'
import type { AccessFormat } from '../observe/access.ts'
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
import type { MessageFromFront } from './messages.ts'

/** What a front has to say for the logs, sent to the main thread. Lines of the access log go once a turn. */
export class Reporter implements ServerEvents {
  readonly #post: (message: MessageFromFront) => void
  #format: AccessFormat | null
  #lines: string[] = []

  constructor(settings: Settings, post: (message: MessageFromFront) => void) {
    this.#post = post
    this.#format = accessFormatOf(settings)
  }

  adopt(settings: Settings): void {
    this.#format = accessFormatOf(settings)
  }

  get access(): ((exchange: ExchangeFacts) => void) | null {
    return this.#format === null ? null : this.#writeAccess
  }

  failed(exchange: ExchangeFacts, fault: Fault): void {
    this.#line(failedLine(exchange, fault))
  }

  refused(connection: ConnectionFacts, fault: Fault): void {
    this.#line(refusedLine(connection, fault))
  }

  untrusted(connection: ConnectionFacts, names: readonly string[]): void {
    this.#line(untrustedLine(connection, names))
  }

  left(exchange: ExchangeFacts): void {
    this.#line(leftLine(exchange))
  }

  turnedAway(count: number, fault: Fault): void {
    this.#line(turnedAwayLine(count, fault))
  }

  bug(error: unknown): void {
    const trace = error instanceof Error ? error.stack : undefined
    this.#line(bugLine(new Fault('INTERNAL', { detail: String(error) }, trace)))
  }

  workerLog({ pid }: PooledWorker, exchange: ExchangeFacts | null, level: string, text: string): void {
    this.#post({ kind: 'workerLog', pid, requestId: exchange?.requestId ?? null, level, text })
  }

  /** What waits for the end of the turn goes now. */
  readonly flush = (): void => {
    const lines = this.#lines
    this.#lines = []
    if (lines.length > 0) this.#post({ kind: 'accessLines', lines })
  }

  #line(line: ServerLine): void {
    this.#post({ kind: 'line', line })
  }

  readonly #writeAccess = (exchange: ExchangeFacts): void => {
    if (this.#format === null) return
    if (this.#lines.length === 0) setImmediate(this.flush)
    this.#lines.push(accessLine(this.#format, exchange, performance.now(), Date.now()))
  }
}
