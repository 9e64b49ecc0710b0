/** When requests are due, and how long they took; without a clock. */

/** How many of an open load are due so long after its start. */
export function dueBy(elapsedMs: number, requestsPerSecond: number, total: number): number {
  return Math.min(total, Math.floor((elapsedMs / 1000) * requestsPerSecond + 1e-9) + 1)
}

/** When the request of that number is due. */
export function dueAt(index: number, requestsPerSecond: number): number {
  return (index * 1000) / requestsPerSecond
}

/** One of so many is another request: not the first one, and always the same places. */
export function isOther(index: number, oneOf: number): boolean {
  return index % oneOf === oneOf >> 1
}

export interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly longest: number
}

/** Milliseconds in, microseconds out. Of nothing, all are 0. */
export function quantiles(tookMs: readonly number[]): Quantiles {
  const sorted = Float64Array.from(tookMs).sort()
  const at = (share: number) => Math.round((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0) * 1000)
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), longest: at(1) }
}
