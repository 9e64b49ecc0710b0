import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Histogram } from '../../../src/observe/histogram.ts'
import { gather, METRICS, type MetricRow, type Sources } from '../../../src/observe/metrics.ts'
import { prometheusText } from '../../../src/observe/prometheus.ts'
import { readPrometheus } from '../../../src/observe/prometheusReader.ts'

const ROWS = Object.entries<MetricRow>(METRICS)

/** Sources that know nothing but what is given. */
function sources(known: Partial<Sources>): Sources {
  const rows = ROWS.map(([name, { type, labels }]) => {
    const nothing = type === 'histogram' ? new Histogram() : labels.length === 0 ? null : []
    return [name, () => nothing]
  })
  return { ...Object.fromEntries(rows), ...known }
}

describe('the table', () => {
  test('names follow the conventions of Prometheus', () => {
    for (const [name, { type, labels, help }] of ROWS) {
      match(name, /^dram_[a-z]+(_[a-z]+)*$/)
      equal(name.endsWith('_total'), type === 'counter', name)
      if (type === 'histogram') match(name, /_seconds$/)
      for (const label of labels) match(label, /^[a-z]+$/)
      match(help, /^[^|\n]+\.$/, name)
    }
  })
})

describe('what is gathered', () => {
  test('numbers, labels, nothing', () => {
    const text = prometheusText(
      gather(
        sources({
          dram_up: () => 1,
          dram_workers: () => [
            [['serving'], 2],
            [['booting'], 0],
          ],
          dram_generation: () => null,
        }),
      ),
    )
    match(text, /^# HELP dram_up .*\n# TYPE dram_up gauge\ndram_up 1\n/)
    match(text, /\ndram_workers\{state="serving"\} 2\ndram_workers\{state="booting"\} 0\n/)
    ok(!text.includes('dram_generation'))
  })

  test('a histogram has its buckets added up, +Inf, sum and count', () => {
    const histogram = new Histogram([0.1, 1])
    for (const value of [0.05, 0.5, 5]) histogram.observe(value)
    const text = prometheusText(gather(sources({ dram_queue_seconds: () => histogram })))
    const lines = text.split('\n').filter((line) => line.startsWith('dram_queue_seconds'))
    deepEqual(lines, [
      'dram_queue_seconds_bucket{le="0.1"} 1',
      'dram_queue_seconds_bucket{le="1"} 2',
      'dram_queue_seconds_bucket{le="+Inf"} 3',
      'dram_queue_seconds_sum 5.55',
      'dram_queue_seconds_count 3',
    ])
  })

  test('the order is that of the table, and the page can be read', () => {
    const known = sources({ dram_up: () => 1, dram_ready: () => 0, dram_connections: () => 3 })
    const { families, malformed } = readPrometheus(prometheusText(gather(known)))
    equal(malformed, 0)
    const names = families.map(({ name }) => name)
    deepEqual(
      names,
      ROWS.map(([name]) => name).filter((name) => names.includes(name)),
    )
  })
})

function doc(name: string): string {
  return readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')
}

/** Names of metrics in a text, and whether each is in the table under the suffix it is used with. */
function unknownNames(text: string): string[] {
  const used = new Set(text.match(/\bdram_[a-z_]+\b/g) ?? [])
  return [...used].filter((name) => {
    const [, base = '', suffix = ''] = /^(.*?)(_bucket|_sum|_count)?$/.exec(name)!
    const row = ROWS.find(([known]) => known === base)?.[1]
    return row === undefined || (row.type === 'histogram') !== (suffix !== '')
  })
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly {
    readonly expr: string
    readonly refId: string
    readonly datasource?: { readonly uid: string }
  }[]
}

describe('docs/dashboard.json', () => {
  const board = JSON.parse(doc('dashboard.json'))
  const panels: readonly Panel[] = board.panels

  test('shows metrics that there are', () => {
    deepEqual(unknownNames(doc('dashboard.json')), [])
    const shown = new Set(doc('dashboard.json').match(/\bdram_[a-z]+(?:_[a-z]+)*\b/g))
    ok(shown.size >= 20, 'and not too few of them')
  })
  test('asks for its data source, and nothing is tied to one', () => {
    const [source] = board.templating.list.filter((one: { type: string }) => one.type === 'datasource')
    equal(source.query, 'prometheus')
    for (const panel of panels.filter(({ type }) => type !== 'row')) {
      equal(panel.datasource?.uid, `\${${source.name}}`, panel.title)
      for (const target of panel.targets ?? []) ok(target.expr.includes('$job'), `${panel.title}: ${target.expr}`)
    }
    equal(board.id, null)
  })
  test('panels have numbers of their own and do not overlap', () => {
    equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    const taken = new Set<string>()
    for (const { title, gridPos } of panels) {
      ok(gridPos.x + gridPos.w <= 24, title)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          ok(!taken.has(`${x} ${y}`), `${title} overlaps`)
          taken.add(`${x} ${y}`)
        }
    }
  })
})

describe('docs/alerts.yml', () => {
  const text = doc('alerts.yml')
  const rules = text.split(/^ {6}- /m).slice(1)

  test('watches metrics that there are', () => deepEqual(unknownNames(text.replace(/^ +description: .*$/gm, '')), []))
  test('each has a name of its own, an expression, a severity and sentences', () => {
    ok(rules.length >= 8)
    const names = rules.map((rule) => /^alert: (Dram[A-Za-z]+)$/m.exec(rule)?.[1])
    equal(new Set(names).size, rules.length)
    for (const rule of rules) {
      match(rule, /^ {8}expr: /m)
      match(rule, /^ {10}severity: (critical|warning)$/m)
      match(rule, /^ {10}summary: '.+'$/m)
      match(rule, /^ {10}description: '.+'$/m)
    }
  })
  test('brackets match', () => {
    for (const rule of rules)
      for (const [open, close] of [
        ['(', ')'],
        ['{', '}'],
        ['[', ']'],
      ] as const)
        equal(rule.split(open).length, rule.split(close).length, `${open}${close} in: ${rule}`)
  })
})
