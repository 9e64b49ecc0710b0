import type { SinglesRead } from './singles.ts'
import { numberText } from './statsd.ts'

export interface ClassicFacts {
  /** Of each front. */
  readonly singles: readonly SinglesRead[]
  /** Lines of the log since the last time: `error`, `exception`, … */
  readonly logged: readonly (readonly [kind: string, count: number])[]
  readonly workers: number
  /** Requests that wait for a worker. */
  readonly waiting: number
}

/**
 * What the StatsD of pre-forking servers is told, by their names: `requests`, `request.duration`, `request.status.200`,
 * `log.error`, `workers`, `backlog`. Durations are single ones; those of which there are too many are a sample, and say so.
 */
export function classicLines(prefix: string, { singles, logged, workers, waiting }: ClassicFacts): string[] {
  const lines: string[] = []
  const requests = singles.reduce((sum, read) => sum + read.requests, 0)
  if (requests > 0) lines.push(`${prefix}.requests:${requests}|c`)
  for (const [status, count] of summed(singles)) lines.push(`${prefix}.request.status.${status}:${count}|c`)
  for (const read of singles) {
    const rate = read.tookMs.length < read.requests ? `|@${numberText(read.tookMs.length / read.requests)}` : ''
    for (const tookMs of read.tookMs) lines.push(`${prefix}.request.duration:${tookMs.toFixed(3)}|ms${rate}`)
  }
  for (const [kind, count] of logged) lines.push(`${prefix}.log.${kind}:${count}|c`)
  return [...lines, `${prefix}.workers:${workers}|g`, `${prefix}.backlog:${waiting}|h`]
}

/** As DogStatsD has them: `a:1|c|#env:prod,app`. */
export function tagged(lines: readonly string[], tags: readonly string[]): readonly string[] {
  return tags.length === 0 ? lines : lines.map((line) => `${line}|#${tags.join(',')}`)
}

function summed(singles: readonly SinglesRead[]): Map<number, number> {
  const sum = new Map<number, number>()
  for (const { statuses } of singles)
    for (const [status, count] of statuses) sum.set(status, (sum.get(status) ?? 0) + count)
  return sum
}
