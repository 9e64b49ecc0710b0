import { deepEqual, equal, match } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import type { Family, Label } from '../../../src/observe/family.ts'
import { Histogram } from '../../../src/observe/histogram.ts'
import { METRICS, type MetricRow } from '../../../src/observe/metrics.ts'
import { packets, statsdLines } from '../../../src/observe/statsd.ts'
import { StatsdSender } from '../../../src/observe/statsdSender.ts'

function family(name: string, type: Family['type'], ...samples: [labels: Label[], value: number][]): Family {
  return { name, type, help: '', samples: samples.map(([labels, value]) => ({ suffix: '', labels, value })) }
}

function timed(name: string, histogram: Histogram): Family {
  const le = (bound: string): Label[] => [['le', bound]]
  return {
    name,
    type: 'histogram',
    help: '',
    samples: [
      ...Array.from(histogram.bounds, (bound, at) => ({
        suffix: '_bucket',
        labels: le(String(bound)),
        value: histogram.atMost(at),
      })),
      { suffix: '_bucket', labels: le('+Inf'), value: histogram.count },
      { suffix: '_sum', labels: [], value: histogram.sum },
      { suffix: '_count', labels: [], value: histogram.count },
    ],
  }
}

describe('lines', () => {
  test('counters tell what was added', () => {
    const before = [
      family('dram_requests_total', 'counter', [
        [
          ['method', 'GET'],
          ['status', '2xx'],
        ],
        5,
      ]),
    ]
    const now = [
      family(
        'dram_requests_total',
        'counter',
        [
          [
            ['method', 'GET'],
            ['status', '2xx'],
          ],
          12,
        ],
        [
          [
            ['method', 'PUT'],
            ['status', '5xx'],
          ],
          1,
        ],
      ),
    ]
    deepEqual(statsdLines('shop', before, now), ['shop.requests_total.GET.2xx:7|c', 'shop.requests_total.PUT.5xx:1|c'])
    deepEqual(statsdLines('shop', now, now), [])
  })

  test('gauges tell what is', () => {
    const now = [
      family('dram_workers', 'gauge', [[['state', 'serving']], 4], [[['state', 'a.b:c|d']], 0]),
      family('dram_x', 'gauge', [[], Number.NaN], [[], -1], [[], 1e-9]),
      family('dram_start_time_seconds', 'gauge', [[], 1_700_000_000.25]),
      family('dram_info', 'gauge', [[['version', '1']], 1]),
    ]
    deepEqual(statsdLines('dram', now, now), [
      'dram.workers.serving:4|g',
      'dram.workers.a_b_c_d:0|g',
      'dram.x:0|g',
      'dram.start_time_seconds:1700000000.25|g',
    ])
  })

  test('histograms tell the mean, the number and quantiles of what came', () => {
    const histogram = new Histogram([0.01, 0.1, 1])
    histogram.observe(50)
    const before = [timed('dram_request_seconds', histogram)]
    for (let each = 0; each < 90; each++) histogram.observe(0.05)
    for (let each = 0; each < 10; each++) histogram.observe(2)
    deepEqual(statsdLines('dram', before, [timed('dram_request_seconds', histogram)]), [
      'dram.request:245|ms',
      'dram.request.count:100|c',
      'dram.request.p50:60|g', // 0.01 + 0.09 × 50/90
      'dram.request.p95:1000|g', // above the last bound: that bound
      'dram.request.p99:1000|g',
    ])
  })
})

test('no two metrics of the table have one name', () => {
  const families = Object.entries<MetricRow>(METRICS).map(([name, { type, labels }]) => {
    const histogram = new Histogram()
    histogram.observe(1)
    if (type === 'histogram') return timed(name, histogram)
    return family(name, type, [labels.map((label) => [label, 'x']), 1])
  })
  const names = statsdLines('dram', [], families).map((line) => line.split(':')[0]!)
  equal(new Set(names).size, names.length)
})

describe('packets', () => {
  test('as full as they may be, lines not cut', () => {
    deepEqual(packets([]), [])
    deepEqual(packets(['aaaa', 'bbbb', 'cccc', 'dd'], 9), ['aaaa\nbbbb', 'cccc\ndd'])
    deepEqual(packets(['é', 'é', 'é'], 5), ['é\né', 'é'])
    deepEqual(packets(['longer than a packet', 'a'], 9), ['longer than a packet', 'a'])
  })
})

describe('the sender', () => {
  for (const [address, type] of [
    ['127.0.0.1', 'udp4'],
    ['::1', 'udp6'],
  ] as const)
    test(`to ${address}`, async () => {
      const server = createSocket(type)
      server.bind(0, address)
      await once(server, 'listening')
      const heard: string[] = []
      const all = new Promise<void>((resolve) =>
        server.on('message', (bytes) => {
          if (heard.push(String(bytes)) === 2) resolve()
        }),
      )
      const host = type === 'udp6' ? `[${address}]` : address
      const sender = new StatsdSender(`${host}:${server.address().port}`, () => {})
      await sender.send(['a:1|c\nb:2|g', 'c:3|ms'])
      await all
      deepEqual(heard.sort(), ['a:1|c\nb:2|g', 'c:3|ms'])
      equal(sender.errors, 0)
      sender.close()
      await sender.send(['d:1|c'])
      server.close()
    })

  test('failures are counted, and told of once in a row', async () => {
    const told: string[] = []
    const sender = new StatsdSender('127.0.0.1:9', (why) => told.push(why))
    const tooLong = 'x'.repeat(100_000)
    await sender.send([tooLong, tooLong])
    await sender.send([tooLong])
    equal(sender.errors, 3)
    equal(told.length, 1)
    match(told[0]!, /EMSGSIZE/)
    sender.close()
  })
})
