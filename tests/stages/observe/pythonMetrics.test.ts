import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { prometheusText } from '../../../src/observe/prometheus.ts'
import { PythonMetrics } from '../../../src/observe/pythonMetrics.ts'

/** As prometheus_client 0.26 writes it. */
function client(orders: number, stock: string, created: number): string {
  return `# HELP python_gc_collections_total Number of times this generation was collected
# TYPE python_gc_collections_total counter
python_gc_collections_total{generation="0"} 39.0
# HELP python_info Python platform information
# TYPE python_info gauge
python_info{implementation="CPython",version="3.11.7"} 1.0
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 2.3379968e+07
# HELP shop_orders_total Orders "placed"\\nby way\\\\kind
# TYPE shop_orders_total counter
shop_orders_total{way="we\\"b\\\\x\\ny"} ${orders}
# HELP shop_orders_created Orders "placed"\\nby way\\\\kind
# TYPE shop_orders_created gauge
shop_orders_created{way="we\\"b\\\\x\\ny"} ${created}
# HELP shop_stock In stock
# TYPE shop_stock gauge
shop_stock{worker="a"} ${stock}
# HELP shop_pay_seconds Pay
# TYPE shop_pay_seconds histogram
shop_pay_seconds_bucket{le="0.1",m="a"} 0.0
shop_pay_seconds_bucket{le="1.0",m="a"} 1.0
shop_pay_seconds_bucket{le="+Inf",m="a"} 2.0
shop_pay_seconds_count{m="a"} 2.0
shop_pay_seconds_sum{m="a"} 5.5
# HELP shop_wait_seconds Wait
# TYPE shop_wait_seconds summary
shop_wait_seconds{quantile="0.5"} 1.0
shop_wait_seconds_count 1.0
shop_wait_seconds_sum 2.0
# HELP shop_u u
# TYPE shop_u untyped
shop_u 7.0
`
}

function merged(...texts: string[]): PythonMetrics {
  const metrics = new PythonMetrics(() => {})
  for (const [at, text] of texts.entries()) metrics.told(at + 1, text)
  return metrics
}

const page = (metrics: PythonMetrics): string => prometheusText(metrics.families())
const linesOf = (metrics: PythonMetrics, name: string): string[] =>
  page(metrics)
    .split('\n')
    .filter((line) => line.startsWith(name))

test('two workers make one page', () => {
  equal(
    page(merged(client(3, 'NaN', 200), client(4, '-Inf', 100))),
    `# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes{worker="1"} 23379968
process_resident_memory_bytes{worker="2"} 23379968
# HELP python_gc_collections_total Number of times this generation was collected
# TYPE python_gc_collections_total counter
python_gc_collections_total{generation="0"} 78
# HELP python_info Python platform information
# TYPE python_info gauge
python_info{implementation="CPython",version="3.11.7",worker="1"} 1
python_info{implementation="CPython",version="3.11.7",worker="2"} 1
# HELP shop_orders_created Orders "placed"\\nby way\\\\kind
# TYPE shop_orders_created gauge
shop_orders_created{way="we\\"b\\\\x\\ny"} 100
# HELP shop_orders_total Orders "placed"\\nby way\\\\kind
# TYPE shop_orders_total counter
shop_orders_total{way="we\\"b\\\\x\\ny"} 7
# HELP shop_pay_seconds Pay
# TYPE shop_pay_seconds histogram
shop_pay_seconds_bucket{m="a",le="0.1"} 0
shop_pay_seconds_bucket{m="a",le="1.0"} 2
shop_pay_seconds_bucket{m="a",le="+Inf"} 4
shop_pay_seconds_count{m="a"} 4
shop_pay_seconds_sum{m="a"} 11
# HELP shop_stock In stock
# TYPE shop_stock gauge
shop_stock{exported_worker="a",worker="1"} NaN
shop_stock{exported_worker="a",worker="2"} -Inf
# HELP shop_u u
# TYPE shop_u untyped
shop_u{worker="1"} 7
shop_u{worker="2"} 7
# HELP shop_wait_seconds Wait
# TYPE shop_wait_seconds summary
shop_wait_seconds_count 2
shop_wait_seconds_sum 4
`,
  )
})

describe('workers that ended', () => {
  test('their counts stay, their gauges go', () => {
    const metrics = merged(client(3, '1', 200), client(4, '2', 100))
    metrics.workerGone(2)
    metrics.workerGone(2)
    metrics.told(3, client(1, '5', 300))
    deepEqual(linesOf(metrics, 'shop_orders_total'), ['shop_orders_total{way="we\\"b\\\\x\\ny"} 8'])
    deepEqual(linesOf(metrics, 'shop_orders_created'), ['shop_orders_created{way="we\\"b\\\\x\\ny"} 100'])
    deepEqual(
      linesOf(metrics, 'shop_stock').map((line) => line.at(-1)),
      ['1', '5'],
    )
    metrics.keepOnly(new Set())
    equal(linesOf(metrics, 'shop_stock').length, 0)
    deepEqual(linesOf(metrics, 'shop_pay_seconds_count'), ['shop_pay_seconds_count{m="a"} 6'])
  })

  test('a sum never goes down, whoever ends when', () => {
    const step = fc.record({ worker: fc.integer({ min: 1, max: 4 }), more: fc.nat(9), ends: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const metrics = new PythonMetrics(() => {})
        const counts = new Map<number, number>()
        let [expected, last] = [0, 0]
        for (const [at, { worker, more, ends }] of steps.entries()) {
          const count = (counts.get(worker) ?? 0) + more
          expected += more
          counts.set(worker, ends ? 0 : count)
          // After a "reload" the bounds are others.
          const bound = at % 2 === 0 ? '1.0' : '2.0'
          metrics.told(
            worker,
            `# TYPE a_total counter\na_total ${count}\n# TYPE h histogram\nh_bucket{le="${bound}"} ${count}\nh_bucket{le="+Inf"} ${count}\n`,
          )
          if (ends) metrics.workerGone(worker)
          equal(Number(linesOf(metrics, 'a_total')[0]!.split(' ')[1]), expected)
          const buckets = linesOf(metrics, 'h_bucket').map((line) => Number(line.split(' ')[1]))
          ok(
            buckets.every((value, index) => index === 0 || value >= buckets[index - 1]!),
            `buckets count upward: ${buckets}`,
          )
          equal(buckets.at(-1), expected)
          ok(buckets.at(-1)! >= last)
          last = buckets.at(-1)!
        }
      }),
    )
  })
})

test('histograms with different bounds: known to be below is added', () => {
  const one = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="4"} 3\nh_bucket{le="+Inf"} 4\n'
  const two = '# TYPE h histogram\nh_bucket{le="+Inf"} 10\nh_bucket{le="2"} 5\n'
  deepEqual(linesOf(merged(one, two), 'h_bucket'), [
    'h_bucket{le="1"} 1',
    'h_bucket{le="2"} 6',
    'h_bucket{le="4"} 8',
    'h_bucket{le="+Inf"} 14',
  ])
})

test('a name that changes its meaning is what the newest worker takes it for', () => {
  const metrics = merged('# TYPE a counter\na 5\n', '# TYPE a gauge\na 2\n')
  equal(page(metrics), '# TYPE a gauge\na{worker="2"} 2\n')
})

test('one worker’s NaN hides nobody’s count', () => {
  const text = (value: string): string => `# TYPE a_total counter\na_total ${value}\n`
  deepEqual(linesOf(merged(text('NaN'), text('2'), text('3')), 'a_total'), ['a_total 5'])
})

test('our names and unreadable lines are left out, and told of once', () => {
  const told: string[] = []
  const metrics = new PythonMetrics((text) => told.push(text))
  for (const worker of [1, 2]) metrics.told(worker, '# TYPE dram_up gauge\ndram_up 5\n???\nother 1\n')
  deepEqual(linesOf(metrics, ''), ['# TYPE other untyped', 'other{worker="1"} 1', 'other{worker="2"} 1', ''])
  equal(told.length, 2)
  match(told[0]!, /dram_up/)
  match(told[1]!, /worker 1: 1 line/)
})
