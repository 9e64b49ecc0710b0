/** What a service manager is told; sd_notify(3) has the words. */
export interface NoticeSink {
  notify(text: string): void
}

/** A stop may take this much longer than the application's requests. */
const STOP_EXTRA_MS = 10_000

/** Tells the service manager, where there is one, in which state the server is. */
export class Notices {
  readonly #sink: NoticeSink | null
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly #nowMicros: () => bigint

  constructor(sink: NoticeSink | null, nowMicros: () => bigint) {
    this.#sink = sink
    this.#nowMicros = nowMicros
  }

  /** `pid`: which process is the server, for a service manager that knew another. */
  ready(status: string, pid: number): void {
    this.#tell(['READY=1', `MAINPID=${pid}`, statusLine(status)])
  }

  reloading(): void {
    this.#tell(['RELOADING=1', `MONOTONIC_USEC=${this.#nowMicros()}`, statusLine('reloading')])
  }

  /** After a reload, whether it went well or not. */
  reloaded(status: string): void {
    this.#tell(['READY=1', statusLine(status)])
  }

  stopping(withinMs: number): void {
    const extraMicros = (withinMs + STOP_EXTRA_MS) * 1000
    this.#tell(['STOPPING=1', `EXTEND_TIMEOUT_USEC=${extraMicros}`, statusLine('stopping')])
  }

  succeededBy(pid: number): void {
    this.#tell([`MAINPID=${pid}`])
  }

  alive(): void {
    this.#tell(['WATCHDOG=1'])
  }

  #tell(lines: readonly string[]): void {
    this.#sink?.notify(lines.join('\n'))
  }
}

/** One line, whatever is in it. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/[\0-\x1f\x7f]+/g, ' ')}`
}
