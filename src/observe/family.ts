/** Metrics as the text format of Prometheus knows them: what is written, what is read, what is merged. */
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped'

/** All samples of one name. */
export interface Family {
  readonly name: string
  readonly type: FamilyType
  /** '' for none. */
  readonly help: string
  readonly samples: readonly Sample[]
}

export type Label = readonly [name: string, value: string]

export interface Sample {
  /** What follows the family's name: `_bucket`, `_sum`, `_count` of histograms and summaries, else ''. */
  readonly suffix: string
  readonly labels: readonly Label[]
  readonly value: number
}

/** Labels in any order → the same text for the same labels. */
export function labelsKey(labels: readonly Label[]): string {
  const ordered = isOrdered(labels) ? labels : [...labels].sort(([a], [b]) => (a < b ? -1 : 1))
  let key = ''
  for (const [name, value] of ordered) key += `${name}=${value.length}:${value},` // no value can look like a further label
  return key
}

/** Clients write them so. */
function isOrdered(labels: readonly Label[]): boolean {
  for (let at = 1; at < labels.length; at++) if (labels[at]![0] < labels[at - 1]![0]) return false
  return true
}
