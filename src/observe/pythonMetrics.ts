import { type Family, type FamilyType, type Label, labelsKey, type Sample } from './family.ts'
import { readPrometheus } from './prometheusReader.ts'

const OURS = /^dram_/
const NO_FAMILIES: readonly Family[] = []

/**
 * What the application counts with prometheus_client, made one for all workers: counters, histograms and summaries are
 * summed; gauges, which can't be, get the worker's number as a label. What workers counted that have ended stays in
 * the sums, so that these never go down.
 */
export class PythonMetrics {
  /** What each worker said last. */
  readonly #living = new Map<number, readonly Family[]>()
  #gone = NO_FAMILIES
  readonly #warn: (text: string) => void
  #warnedOfNames = false
  #warnedOfLines = false

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  /** @param text in the text format of Prometheus */
  told(worker: number, text: string): void {
    const { families, malformed } = readPrometheus(text)
    const taken = families.filter(({ name }) => OURS.test(name)).map(({ name }) => name)
    if (taken.length > 0) this.#warnOfNames(taken)
    if (malformed > 0) this.#warnOfLines(worker, malformed)
    this.#living.set(
      worker,
      families.filter(({ name }) => !OURS.test(name)),
    )
  }

  /** Its counts are kept, its gauges are not. */
  workerGone(worker: number): void {
    const families = this.#living.get(worker)
    if (families === undefined) return
    this.#living.delete(worker)
    this.#gone = summed([lasting(families), this.#gone])
  }

  /** All workers that are not among these have ended. */
  keepOnly(workers: ReadonlySet<number>): void {
    for (const worker of [...this.#living.keys()]) if (!workers.has(worker)) this.workerGone(worker)
  }

  /** Sorted by name. A name that means different things in old and new workers is what the newest takes it for. */
  families(): Family[] {
    const newestFirst = [...this.#living].sort(([a], [b]) => b - a)
    const lists = newestFirst.map(([, families]) => lasting(families))
    const gauges = newestFirst.map(([worker, families]) => ofWorker(worker, families))
    const types = typesOf([...newestFirst.map(([, families]) => families), this.#gone])
    const all = [...summed([...lists, this.#gone]), ...joined(gauges.reverse())]
    return all.filter(({ name, type }) => types.get(name) === type).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #warnOfNames(names: readonly string[]): void {
    if (this.#warnedOfNames) return
    this.#warnedOfNames = true
    this.#warn(`metrics of the application are left out, their names are taken: ${names.slice(0, 5).join(', ')}`)
  }

  #warnOfLines(worker: number, count: number): void {
    if (this.#warnedOfLines) return
    this.#warnedOfLines = true
    this.#warn(`worker ${worker}: ${count} line(s) of its prometheus_client could not be read and are left out`)
  }
}

function typesOf(lists: readonly (readonly Family[])[]): Map<string, FamilyType> {
  const types = new Map<string, FamilyType>()
  for (const { name, type } of lists.flat()) if (!types.has(name)) types.set(name, type)
  return types
}

/** What is one number for all workers. */
function lasting(families: readonly Family[]): Family[] {
  const names = new Set(families.map(({ name }) => name))
  return families.filter((family) => isCount(family) || isCreated(family, names))
}

function ofWorker(worker: number, families: readonly Family[]): Family[] {
  const names = new Set(families.map(({ name }) => name))
  const number: Label = ['worker', String(worker)]
  return families
    .filter((family) => !isCount(family) && !isCreated(family, names))
    .map((family) => ({
      ...family,
      samples: family.samples.map((sample) => ({ ...sample, labels: [...sample.labels.map(exported), number] })),
    }))
}

/** As Prometheus does it with a label that is needed for something else. */
function exported([name, value]: Label): Label {
  return [name === 'worker' ? 'exported_worker' : name, value]
}

const isCount = ({ type }: Family): boolean => type === 'counter' || type === 'histogram' || type === 'summary'

/** When a count began, as prometheus_client tells it beside each: the earliest of all workers is told. */
function isCreated({ name, type }: Family, names: ReadonlySet<string>): boolean {
  if (type !== 'gauge' || !name.endsWith('_created')) return false
  const counted = name.slice(0, -'_created'.length)
  return names.has(counted) || names.has(`${counted}_total`)
}

/** Families of the same name become one, their samples beside each other. */
function joined(lists: readonly (readonly Family[])[]): Family[] {
  const found = new Map<string, Family>()
  for (const family of lists.flat()) {
    const known = found.get(family.name)
    if (known === undefined) found.set(family.name, family)
    else if (known.type === family.type)
      found.set(family.name, { ...known, samples: [...known.samples, ...family.samples] })
  }
  return [...found.values()]
}

function summed(lists: readonly (readonly Family[])[]): Family[] {
  const sums = new Map<string, FamilySum>()
  for (const family of lists.flat()) {
    const known = sums.get(family.name)
    if (known === undefined) sums.set(family.name, new FamilySum(family))
    else known.add(family)
  }
  return [...sums.values()].map((sum) => sum.family())
}

interface Bucket {
  /** As it was written: `1.0`. */
  readonly le: string
  readonly bound: number
  readonly count: number
}

/** What has the same labels, `le` aside. */
interface Series {
  readonly labels: readonly Label[]
  readonly values: Map<string, number>
  buckets: readonly Bucket[]
}

class FamilySum {
  readonly #first: Family
  readonly #series = new Map<string, Series>()

  constructor(first: Family) {
    this.#first = first
    this.add(first)
  }

  add({ type, samples }: Family): void {
    if (type !== this.#first.type) return
    const buckets = new Map<Series, Bucket[]>()
    for (const sample of samples) {
      if (sample.suffix === '_bucket') this.#collect(sample, buckets)
      else if (!isQuantile(type, sample)) this.#take(sample)
    }
    for (const [series, more] of buckets) series.buckets = addedUp(series.buckets, more.sort(byBound))
  }

  family(): Family {
    return { ...this.#first, samples: [...this.#series.values()].flatMap(samplesOf) }
  }

  #take({ suffix, labels, value }: Sample): void {
    const { values } = this.#of(labels)
    const known = values.get(suffix)
    if (known === undefined) values.set(suffix, value)
    else if (this.#first.type === 'gauge') values.set(suffix, Math.min(known, value))
    // Once NaN, always NaN: one worker's mistake must not hide the counts of all.
    else values.set(suffix, Number.isNaN(known) ? value : Number.isNaN(value) ? known : known + value)
  }

  #collect({ labels, value: count }: Sample, buckets: Map<Series, Bucket[]>): void {
    const le = labels.find(([name]) => name === 'le')?.[1] ?? '+Inf'
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
    const series = this.#of(labels.filter(([name]) => name !== 'le'))
    const seen = buckets.get(series)
    if (seen) seen.push({ le, bound, count })
    else buckets.set(series, [{ le, bound, count }])
  }

  #of(labels: readonly Label[]): Series {
    const key = labelsKey(labels)
    const known = this.#series.get(key)
    if (known) return known
    const made: Series = { labels, values: new Map(), buckets: [] }
    this.#series.set(key, made)
    return made
  }
}

/** Those of several workers can't be put together. */
function isQuantile(type: FamilyType, { suffix, labels }: Sample): boolean {
  return type === 'summary' && suffix === '' && labels.some(([name]) => name === 'quantile')
}

function samplesOf({ labels, values, buckets }: Series): Sample[] {
  return [
    ...buckets.map(
      ({ le, count }): Sample => ({
        suffix: '_bucket',
        labels: [...labels, ['le', le]],
        value: count,
      }),
    ),
    ...Array.from(values, ([suffix, value]): Sample => ({ suffix, labels, value })),
  ]
}

const byBound = (a: Bucket, b: Bucket): number => a.bound - b.bound

/**
 * Both are sorted and count upward. After a reload the bounds may differ: where one side has no such bound, what it
 * has at the next lower one is known to be below, and the sum still counts upward.
 */
function addedUp(a: readonly Bucket[], b: readonly Bucket[]): Bucket[] {
  const sums: Bucket[] = []
  let [atA, atB] = [0, 0]
  while (atA < a.length || atB < b.length) {
    const boundA = a[atA]?.bound ?? Number.POSITIVE_INFINITY
    const boundB = b[atB]?.bound ?? Number.POSITIVE_INFINITY
    const bound = Math.min(boundA, boundB)
    const { le } = boundA === bound && atA < a.length ? a[atA]! : b[atB]!
    if (boundA === bound && atA < a.length) atA++
    if (boundB === bound && atB < b.length) atB++
    sums.push({ le, bound, count: (a[atA - 1]?.count ?? 0) + (b[atB - 1]?.count ?? 0) })
  }
  return sums
}
