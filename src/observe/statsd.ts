import type { Family, Sample } from './family.ts'
import { labelOf } from './metrics.ts'

/** What fits into one frame of an Ethernet with IPv6 and room for a tunnel. */
export const PACKET_BYTES = 1432

/** Told of each histogram, in milliseconds. */
const QUANTILES = [0.5, 0.95, 0.99] as const

/**
 * What StatsD is told of the time between two gatherings: counters as differences (`|c`), gauges as they are (`|g`), of a
 * histogram the mean of what came (`|ms`), how many that were (`.count|c`) and estimated quantiles (`.p95|g`, ms).
 * Names: PREFIX.NAME.LABEL…, without dram_ and without the _seconds of histograms. What did not change is not told, but for gauges.
 */
export function statsdLines(prefix: string, before: readonly Family[], now: readonly Family[]): string[] {
  const known = new Map(before.map((family) => [family.name, family]))
  return now.flatMap((family) => {
    const old = known.get(family.name)?.samples ?? []
    const name = `${prefix}.${family.name.replace(/^dram_/, '')}`
    if (family.name.endsWith('_info')) return [] // only its labels say something
    if (family.type === 'histogram') return timerLines(name.replace(/_seconds$/, ''), old, family.samples)
    return family.type === 'counter' ? counterLines(name, old, family.samples) : gaugeLines(name, family.samples)
  })
}

/** Lines put together, one below the other, into packets that are not cut on their way. */
export function packets(lines: readonly string[], maxBytes = PACKET_BYTES): string[] {
  const full: string[] = []
  let packet = ''
  for (const line of lines) {
    if (packet !== '' && Buffer.byteLength(packet) + 1 + Buffer.byteLength(line) > maxBytes) {
      full.push(packet)
      packet = line
    } else packet = packet === '' ? line : `${packet}\n${line}`
  }
  return packet === '' ? full : [...full, packet]
}

function counterLines(name: string, before: readonly Sample[], now: readonly Sample[]): string[] {
  const old = new Map(before.map((sample) => [path(sample), sample.value]))
  return now.flatMap((sample) => {
    const more = sample.value - (old.get(path(sample)) ?? 0)
    return more > 0 ? [`${name}${path(sample)}:${numberText(more)}|c`] : []
  })
}

/** A sign would mean a difference, and there is no word for what is no number. */
function gaugeLines(name: string, now: readonly Sample[]): string[] {
  return now
    .filter(({ value }) => Number.isFinite(value) && value >= 0)
    .map((sample) => `${name}${path(sample)}:${numberText(sample.value)}|g`)
}

function timerLines(name: string, before: readonly Sample[], now: readonly Sample[]): string[] {
  const count = cell(now, '_count') - cell(before, '_count')
  if (!(count > 0)) return []
  const mean = ((cell(now, '_sum') - cell(before, '_sum')) / count) * 1000
  const buckets = bucketsBetween(before, now)
  return [
    `${name}:${numberText(mean)}|ms`,
    `${name}.count:${count}|c`,
    ...QUANTILES.map((share) => `${name}.p${share * 100}:${numberText(quantile(buckets, share * count) * 1000)}|g`),
  ]
}

type Bucket = readonly [bound: number, atMost: number]

function bucketsBetween(before: readonly Sample[], now: readonly Sample[]): Bucket[] {
  const isBucket = ({ suffix }: Sample): boolean => suffix === '_bucket'
  const old = new Map(before.filter(isBucket).map(({ labels, value }) => [labelOf(labels, 'le'), value]))
  return now.filter(isBucket).map(({ labels, value }) => {
    const le = labelOf(labels, 'le')
    return [le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), value - (old.get(le) ?? 0)]
  })
}

/** As histogram_quantile of Prometheus: evenly spread within a bucket; above the last bound, that bound. */
function quantile(buckets: readonly Bucket[], rank: number): number {
  let [lower, below] = [0, 0]
  for (const [bound, atMost] of buckets) {
    if (atMost >= rank)
      return bound === Number.POSITIVE_INFINITY ? lower : lower + (bound - lower) * ((rank - below) / (atMost - below))
    ;[lower, below] = [bound, atMost]
  }
  return lower
}

function cell(samples: readonly Sample[], suffix: string): number {
  return samples.find((sample) => sample.suffix === suffix)?.value ?? 0
}

/** `.GET.2xx` */
function path({ labels }: Sample): string {
  return labels.map(([, value]) => `.${value.replace(/[^\w-]/g, '_') || 'none'}`).join('')
}

/** Without an exponent, which many servers can't read. */
export function numberText(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '')
}
