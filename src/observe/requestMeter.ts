import { cellsOf, Histogram, LATENCY_BOUNDS } from './histogram.ts'
import type { RequestMeter } from './meter.ts'
import { Singles } from './singles.ts'

/** RFC 9110 §9.3 and RFC 5789. Any other is `other`: clients must not be able to make labels. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'other'] as const
const OTHER = METHODS.length - 1
/** By the first digit of the status; 0: the connection ended before there was one. */
const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

const METHOD_AT: ReadonlyMap<string, number> = new Map(METHODS.map((method, at) => [method, at]))

const HISTOGRAM_CELLS = cellsOf(LATENCY_BOUNDS)
const REQUEST_CELLS = METHODS.length * CLASSES.length
const CELLS = REQUEST_CELLS + 2 + 4 * HISTOGRAM_CELLS

/** Counts answered requests. Hot: nothing is allocated per request. */
export class RequestMetrics implements RequestMeter {
  /** Bytes of memory that one counts in. */
  static readonly BYTES: number = CELLS * Float64Array.BYTES_PER_ELEMENT
  /** The same where each request is noted singly, too. */
  static readonly BYTES_WITH_SINGLES: number = RequestMetrics.BYTES + Singles.BYTES
  readonly singles: Singles | null
  readonly latency: Histogram
  readonly queue: Histogram
  readonly application: Histogram
  readonly bodyWait: Histogram
  readonly #cells: Float64Array
  readonly #requests: Float64Array
  /** In, out. */
  readonly #bytes: Float64Array

  /** `memory`: where it counts, `BYTES` or `BYTES_WITH_SINGLES` of it; shared, others may read it. */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(RequestMetrics.BYTES)) {
    this.#cells = new Float64Array(memory, 0, CELLS)
    this.singles = memory.byteLength > RequestMetrics.BYTES ? new Singles(memory, RequestMetrics.BYTES) : null
    let at = 0
    const take = (count: number): Float64Array => this.#cells.subarray(at, (at += count))
    this.#requests = take(REQUEST_CELLS)
    this.#bytes = take(2)
    const histogram = (): Histogram => new Histogram(LATENCY_BOUNDS, take(HISTOGRAM_CELLS))
    this.latency = histogram()
    this.queue = histogram()
    this.application = histogram()
    this.bodyWait = histogram()
  }

  /** What all of them have counted together, as it is now. */
  static sumOf(meters: readonly RequestMetrics[]): RequestMetrics {
    if (meters.length === 1) return meters[0]!
    const sum = new RequestMetrics()
    for (const meter of meters) for (let at = 0; at < CELLS; at++) sum.#cells[at]! += meter.#cells[at]!
    return sum
  }

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
    if (this.singles !== null) this.singles.note(status, tookMs)
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
