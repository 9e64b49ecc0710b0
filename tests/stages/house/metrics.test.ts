import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { ENDS } from '../../../src/events/ends.ts'
import { Counts } from '../../../src/house/counts.ts'
import { type MetricParts, Metrics, type WorkersView } from '../../../src/house/metrics.ts'
import { METRICS } from '../../../src/observe/metrics.ts'
import { readPrometheus } from '../../../src/observe/prometheusReader.ts'
import { RequestMetrics } from '../../../src/observe/requestMeter.ts'
import type { WorkerStatus } from '../../../src/supervisor/status.ts'
import { atEnd } from '../../kit/ends.ts'

function worker(number: number, state: WorkerStatus['state'], rssBytes: number | null): WorkerStatus {
  return { number, pid: 70 + number, generation: 1, state, ageMs: 1, requests: 2, busyMs: 3, running: 0, rssBytes }
}

interface House {
  readonly metrics: Metrics
  readonly parts: MetricParts
  readonly workers: WorkerStatus[]
  /** What prometheus_client says in each worker. */
  readonly texts: Map<number, string | null>
  readonly asked: number[]
  readonly warned: string[]
}

function house(t: TestContext, settings: Partial<MetricParts['settings']> = {}): House {
  const workers = [worker(1, 'serving', 100), worker(2, 'draining', null), worker(3, 'serving', 50)]
  const texts = new Map<number, string | null>()
  const [asked, warned]: [number[], string[]] = [[], []]
  const supervisor: WorkersView = {
    workers,
    generations: [
      { number: 1, state: 'draining', preloaded: false, zygotePid: 60, forkerPids: [60], ageMs: 2 },
      { number: 2, state: 'current', preloaded: true, zygotePid: 61, forkerPids: [61, 62], ageMs: 1 },
    ],
    wanted: 2,
    attachedOf: (number) => ({
      metrics: async () => {
        asked.push(number)
        return texts.get(number) ?? null
      },
    }),
  }
  const parts: MetricParts = {
    settings: {
      metricsMergePython: false,
      statsd: null,
      statsdPrefix: 'dram',
      statsdIntervalMs: 3_600_000,
      statsdNames: 'own',
      statsdTags: [],
      ...settings,
    },
    version: '1.2.3',
    startedMs: 1_700_000_000_500,
    meters: [new RequestMetrics(), new RequestMetrics()],
    counts: new Counts(),
    logged: { critical: 0, error: 0, warning: 0, exception: 0 },
    datagrams: null,
    supervisor,
    usage: () => ({
      connections: 1,
      maxConnections: 2,
      accepted: 3,
      memoryBytes: 4,
      memoryLimitBytes: 9,
      queued: 5,
      queueLimit: 6,
      running: 7,
      lookAhead: 8,
      bytesRead: 10,
      bytesWritten: 11,
    }),
    ready: () => true,
    facts: () => ({
      pid: 71,
      python: '3.12.1',
      implementation: 'CPython',
      executable: '/usr/bin/python3',
      application: 'shop:make(password="x")',
    }),
    rssOf: (pid) => (pid === 60 ? null : 25),
    warn: (text) => warned.push(text),
  }
  const metrics = new Metrics(parts)
  atEnd(t, () => metrics.close())
  return { metrics, parts, workers, texts, asked, warned }
}

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(name))
}

test('every metric is read from somewhere, and the page can be read', async (t) => {
  const { metrics, parts } = house(t)
  parts.meters[0]!.request('GET', 200, 1, 0, 100, 1, 10, 20)
  parts.counts.refused.add('HOST_MISSING')
  parts.counts.failures.add('WORKER_DIED')
  const { families, malformed } = readPrometheus(await metrics.text())
  equal(malformed, 0)
  deepEqual(
    families.map(({ name }) => name),
    Object.keys(METRICS),
  )
})

test('gauges of the processes', async (t) => {
  const { metrics } = house(t)
  deepEqual(await linesOf(metrics, 'dram_workers{'), [
    'dram_workers{state="booting"} 0',
    'dram_workers{state="serving"} 2',
    'dram_workers{state="draining"} 1',
    'dram_workers{state="broken"} 0',
    'dram_workers{state="killed"} 0',
  ])
  const [front, zygote, workers] = await linesOf(metrics, 'dram_process_resident_bytes{')
  match(front!, /\{process="front"\} \d{7,}$/)
  equal(zygote, 'dram_process_resident_bytes{process="zygote"} 50')
  equal(workers, 'dram_process_resident_bytes{process="worker"} 150')
  deepEqual(await linesOf(metrics, 'dram_generation'), ['dram_generation 2'])
  deepEqual(await linesOf(metrics, 'dram_start_time'), ['dram_start_time_seconds 1700000000.5'])
  deepEqual(await linesOf(metrics, 'dram_info'), [
    'dram_info{version="1.2.3",python="CPython 3.12.1",application="shop:make(password=***)"} 1',
  ])
})

test('all ends are there from the start', async (t) => {
  const { metrics } = house(t)
  deepEqual(
    await linesOf(metrics, 'dram_worker_ends_total{'),
    Object.keys(ENDS).map((end) => `dram_worker_ends_total{reason="${end}"} 0`),
  )
})

const sales = (count: number): string => `# TYPE sales_total counter\nsales_total ${count}\n`

test('workers are asked only where it is wanted', async (t) => {
  const { metrics, asked, texts } = house(t)
  texts.set(1, sales(1))
  deepEqual(await linesOf(metrics, 'sales'), [])
  deepEqual(asked, [])
})

test('what workers count is summed; those that ended and those that are silent count on', async (t) => {
  const { metrics, workers, texts } = house(t, { metricsMergePython: true })
  for (const number of [1, 2, 3]) texts.set(number, sales(number))
  deepEqual(await linesOf(metrics, 'sales_total'), ['sales_total 6'])
  texts.set(1, null)
  workers.splice(1, 1)
  deepEqual(await linesOf(metrics, 'sales_total'), ['sales_total 6'])
  texts.set(1, sales(5))
  deepEqual(await linesOf(metrics, 'sales_total'), ['sales_total 10'])
})

test('two readers at a time: each worker is asked once', async (t) => {
  const { metrics, asked } = house(t, { metricsMergePython: true })
  await Promise.all([metrics.text(), metrics.text()])
  deepEqual(asked, [1, 2, 3])
})

test('StatsD is told, at the end too', async (t) => {
  const server = createSocket('udp4')
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const { metrics, parts, warned } = house(t, { statsd: `127.0.0.1:${server.address().port}`, statsdPrefix: 'shop' })
  parts.meters[1]!.request('GET', 200, 1, 0, 100, 1, 10, 20)
  const heard = once(server, 'message')
  await metrics.close()
  match(String((await heard)[0]), /^shop\.up:1\|g\n[\s\S]*\nshop\.requests_total\.GET\.2xx:1\|c\n/)
  deepEqual(warned, [])
  server.close()
})

test('a StatsD server that is nowhere is told of, and nothing else happens', async (t) => {
  const { metrics, warned } = house(t, { statsd: 'nowhere.invalid:8125' })
  await metrics.close()
  ok(warned.length <= 1)
  if (warned.length === 1) match(warned[0]!, /nowhere\.invalid:8125/)
})

test('the metrics of pre-forking servers, by their names, with tags, to a Unix socket', async (t) => {
  const sent: string[] = []
  const datagrams = { send: (path: string, texts: readonly string[]) => sent.push(path, ...texts) > 0 }
  const { parts } = house(t, {
    statsd: 'unix:/run/statsd',
    statsdPrefix: 'a.gunicorn',
    statsdNames: 'classic',
    statsdTags: ['env:prod', 'web'],
  })
  const meters = [1, 2].map(() => new RequestMetrics(new ArrayBuffer(RequestMetrics.BYTES_WITH_SINGLES)))
  const logged = { critical: 0, error: 5, warning: 0, exception: 0 }
  const metrics = new Metrics({ ...parts, meters, logged, datagrams })
  meters[0]!.request('GET', 200, 12.3456, 0, 100, 1, 10, 20)
  meters[1]!.request('GET', 503, 1, 0, 100, 1, 10, 20)
  meters[1]!.request('GET', 200, 2, 0, 100, 1, 10, 20)
  logged.error = 7
  await metrics.close()
  const [path, packet] = sent
  equal(path, '/run/statsd')
  deepEqual(packet!.split('\n'), [
    'a.gunicorn.requests:3|c|#env:prod,web',
    'a.gunicorn.request.status.200:2|c|#env:prod,web',
    'a.gunicorn.request.status.503:1|c|#env:prod,web',
    'a.gunicorn.request.duration:12.346|ms|#env:prod,web',
    'a.gunicorn.request.duration:1.000|ms|#env:prod,web',
    'a.gunicorn.request.duration:2.000|ms|#env:prod,web',
    'a.gunicorn.log.error:2|c|#env:prod,web',
    'a.gunicorn.workers:3|g|#env:prod,web',
    'a.gunicorn.backlog:5|h|#env:prod,web',
  ])
})
