import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkerFacts } from '../../../src/events/worker.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { type Operated, ServerOperations } from '../../../src/house/operations.ts'
import { defaultSettings } from '../../../src/settings/load.ts'
import { SLOW, worker } from '../control/fakes.ts'

const FACTS: WorkerFacts = {
  pid: 20,
  python: '3.11.7',
  implementation: 'CPython',
  executable: '/usr/bin/python3',
  application: 'shop.wsgi:application',
}

const NOBODY = async () => []

function operated(own: Partial<Operated> = {}) {
  const asked: string[] = []
  const clock = { ms: 5_000, nowMs: () => clock.ms }
  const { current: _, ...first } = worker()
  const all: Operated = {
    clock,
    server: {
      ready: true,
      usage: { connections: 12, maxConnections: 1_000, memoryBytes: 64, queued: 3, queueLimit: 2_048 },
      count: 2,
      requests: async () => [],
      // Of several fronts.
      current: async () => [
        { ...SLOW, requestId: 'young', ageMs: 5 },
        SLOW,
        { ...SLOW, requestId: 'other', worker: 2, state: 'answering' },
      ],
    },
    supervisor: {
      wanted: 3,
      workers: [first, { ...first, number: 2 }, { ...first, number: 3, state: 'booting' }],
      generations: [],
      stacks: async (number) => [{ number: number ?? 1, pid: 20, threads: [] }],
      scale: (workers) => asked.push(`scale ${workers}`),
    },
    name: 'shop',
    folder: '/srv/shop',
    startedMs: 1_000,
    state: 'serving',
    settings: defaultSettings({ workers: { least: 2, most: 8 }, gracefulTimeoutMs: 30_000, preStopDelayMs: 2_000 }),
    facts: FACTS,
    addresses: ['http://127.0.0.1:8000'],
    reload: async () => ({ generation: 2, tookMs: 810, needRestart: [] }),
    upgrade: async () => ({ pid: 99 }),
    stop: (fast) => asked.push(`stop ${fast}`),
    reopenLogs: () => asked.push('reopen'),
    metrics: async () => '',
    ...own,
  }
  return { operations: new ServerOperations(all), asked, clock }
}

test('the status brings server and supervisor together', async () => {
  const status = await operated().operations.status()
  equal(status.python, 'CPython 3.11.7 (/usr/bin/python3)')
  equal(status.application, 'shop.wsgi:application')
  equal(status.uptimeMs, 4_000)
  deepEqual(status.workersWanted, { least: 2, most: 8, now: 3 })
  deepEqual(status.queue, { waiting: 3, limit: 2_048 })
  deepEqual(status.connections, { open: 12, limit: 1_000 })
  equal(status.bodyMemoryBytes, 64)
  deepEqual(
    status.workers.map(({ number, current }) => [number, current?.requestId]),
    [
      [1, 'abc-1'],
      [2, 'other'],
      [3, undefined],
    ],
  )
  deepEqual(JSON.parse(JSON.stringify(status)), status)
})

test('before the application has loaded, what was asked for stands there', async () => {
  const { operations } = operated({ facts: null, state: 'starting', settings: defaultSettings({ app: 'shop' }) })
  const { application, python, ready } = await operations.status()
  deepEqual([application, python, ready], ['shop', '', false])
})

test('ready: the server is, and no stop is under way', () => {
  equal(operated().operations.ready, true)
  equal(operated({ state: 'stopping' }).operations.ready, false)
  const { server } = { server: { ready: false, usage: null as never, count: 1, requests: NOBODY, current: NOBODY } }
  equal(operated({ server }).operations.ready, false)
})

test('the last reload is remembered, good or bad', async () => {
  const { operations, clock } = operated()
  equal((await operations.status()).lastReload, null)
  await operations.reload()
  clock.ms += 100
  deepEqual((await operations.status()).lastReload, { ok: true, text: 'generation 2 in 0.81 s', agoMs: 100 })
  const failing = operated({ reload: () => Promise.reject(new Fault('RELOAD_FAILED', { detail: 'oops' })) }).operations
  await rejects(failing.reload(), { code: 'RELOAD_FAILED' })
  deepEqual((await failing.status()).lastReload, { ok: false, text: 'the reload failed: oops', agoMs: 0 })
})

test('stacks of a worker that is not there', async () => {
  const { operations } = operated()
  equal((await operations.stacks(2))[0]!.number, 2)
  equal((await operations.stacks(null)).length, 1)
  await rejects(operations.stacks(9), { code: 'WORKER_UNKNOWN' })
})

test('no worker at all only where --workers begins at 0', () => {
  const { operations, asked } = operated()
  operations.scale(4)
  throws(() => operations.scale(0), { code: 'CONTROL_REQUEST' })
  const elastic = operated({ settings: defaultSettings({ workers: { least: 0, most: 4 } }) })
  elastic.operations.scale(0)
  deepEqual([...asked, ...elastic.asked], ['scale 4', 'scale 0'])
})

test('a stop tells how long it may take', () => {
  const { operations, asked } = operated()
  equal(operations.stop(false).withinMs, 37_000)
  equal(operations.stop(true).withinMs, 5_000)
  deepEqual(asked, ['stop false', 'stop true'])
})
