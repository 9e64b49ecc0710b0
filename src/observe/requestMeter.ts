import { Histogram } from './histogram.ts'
import type { RequestMeter } from './meter.ts'

/** RFC 9110 §9.3 and RFC 5789. Any other is `other`: clients must not be able to make labels. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'other'] as const
const OTHER = METHODS.length - 1
/** By the first digit of the status; 0: the connection ended before there was one. */
const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

const METHOD_AT: ReadonlyMap<string, number> = new Map(METHODS.map((method, at) => [method, at]))

/** Counts answered requests. Hot: nothing is allocated per request. */
export class RequestMetrics implements RequestMeter {
  readonly latency: Histogram = new Histogram()
  readonly queue: Histogram = new Histogram()
  readonly application: Histogram = new Histogram()
  readonly bodyWait: Histogram = new Histogram()
  readonly #requests = new Float64Array(METHODS.length * CLASSES.length)
  /** In, out. */
  readonly #bytes = new Float64Array(2)

  request(
    method: string,
    status: number,
    tookMs: number,
    queuedMs: number,
    applicationMicros: number,
    bodyWaitMs: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    const row = METHOD_AT.get(method) ?? OTHER
    const column = status >= 100 && status < 600 ? (status / 100) | 0 : 0
    this.#requests[row * CLASSES.length + column]!++
    this.latency.observe(tookMs / 1000)
    if (queuedMs >= 0) this.queue.observe(queuedMs / 1000)
    if (applicationMicros >= 0) this.application.observe(applicationMicros / 1_000_000)
    if (bodyWaitMs > 0) this.bodyWait.observe(bodyWaitMs / 1000)
    this.#bytes[0]! += bytesIn
    this.#bytes[1]! += bytesOut
  }

  get bytesIn(): number {
    return this.#bytes[0]!
  }

  get bytesOut(): number {
    return this.#bytes[1]!
  }

  /** What was counted by method and class of status; what never occurred is left out. */
  *requests(): Generator<[labels: [method: string, status: string], count: number]> {
    for (const [row, method] of METHODS.entries()) {
      for (const [column, status] of CLASSES.entries()) {
        const count = this.#requests[row * CLASSES.length + column]!
        if (count > 0) yield [[method, status], count]
      }
    }
  }
}
