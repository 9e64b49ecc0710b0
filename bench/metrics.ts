export interface Metric {
  readonly title: string
  readonly digits: number
  readonly better: 'more' | 'less'
}

export const METRICS = {
  rate: { title: 'requests/s', digits: 0, better: 'more' },
  p50: { title: 'p50, µs', digits: 0, better: 'less' },
  p99: { title: 'p99, µs', digits: 0, better: 'less' },
  cpu: { title: 'CPU, µs a request', digits: 1, better: 'less' },
  requests: { title: 'requests', digits: 0, better: 'more' },
  rssEarly: { title: 'RSS early, MiB', digits: 1, better: 'less' },
  rss: { title: 'RSS at the end, MiB', digits: 1, better: 'less' },
  pss: { title: 'PSS of all, MiB', digits: 1, better: 'less' },
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
