export interface Metric {
  readonly title: string
  readonly digits: number
  readonly better: 'more' | 'less'
}

export const METRICS = {
  rate: { title: 'requests/s', digits: 0, better: 'more' },
  gbit: { title: 'Gbit/s of bodies', digits: 2, better: 'more' },
  p50: { title: 'p50, µs', digits: 0, better: 'less' },
  p99: { title: 'p99, µs', digits: 0, better: 'less' },
  p999: { title: 'p99.9, µs', digits: 0, better: 'less' },
  longest: { title: 'longest, µs', digits: 0, better: 'less' },
  cpu: { title: 'CPU, s per 1,000', digits: 4, better: 'less' },
  pss: { title: 'PSS of all, MiB', digits: 1, better: 'less' },
  pssPython: { title: 'PSS of the Pythons, MiB', digits: 1, better: 'less' },
  requests: { title: 'requests', digits: 0, better: 'more' },
  failed: { title: 'failed requests', digits: 0, better: 'less' },
  rssEarly: { title: 'RSS early, MiB', digits: 1, better: 'less' },
  rss: { title: 'RSS at the end, MiB', digits: 1, better: 'less' },
  kept: { title: 'kept, %', digits: 1, better: 'more' },
  rateAlone: { title: 'requests/s without them', digits: 0, better: 'more' },
  idleBytes: { title: 'bytes a connection', digits: 0, better: 'less' },
  startMs: { title: 'to the first answer, ms', digits: 0, better: 'less' },
  replacedMs: { title: 'replaced after, ms', digits: 0, better: 'less' },
  reloads: { title: 'reloads', digits: 0, better: 'more' },
} satisfies Record<string, Metric>

export type MetricName = keyof typeof METRICS

/** What one round found. */
export type Figures = Readonly<Partial<Record<MetricName, number>>>

export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Of at least one number. */
export function summary(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, least: sorted[0]!, most: sorted.at(-1)! }
}

/** Better than, the same as: positive when `a` is better. */
export function compare(name: MetricName, a: number, b: number): number {
  return METRICS[name].better === 'more' ? a - b : b - a
}
