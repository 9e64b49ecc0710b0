import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Histogram, LATENCY_BOUNDS } from '../../../src/observe/histogram.ts'
import { LOOP_LOOK_MS, LoopDelay } from '../../../src/observe/loopDelay.ts'
import { RequestMetrics } from '../../../src/observe/requestMeter.ts'

describe('the meter of requests', () => {
  test('by method and class of status', () => {
    const meter = new RequestMetrics()
    const count = (method: string, status: number): void => meter.request(method, status, 1, 0, 100, 0, 10, 20)
    count('GET', 200)
    count('GET', 204)
    count('POST', 503)
    count('PROPFIND', 404)
    count('get', 200)
    count('constructor', 100)
    count('GET', 0)
    deepEqual(
      [...meter.requests()].map(([labels, value]) => `${labels.join(' ')} ${value}`),
      ['GET none 1', 'GET 2xx 2', 'POST 5xx 1', 'other 1xx 1', 'other 2xx 1', 'other 4xx 1'],
    )
    deepEqual([meter.bytesIn, meter.bytesOut], [70, 140])
  })

  test('times become seconds; what never was is not counted', () => {
    const meter = new RequestMetrics()
    meter.request('GET', 200, 2.5, 0.5, 1_500, 30, 0, 0)
    meter.request('GET', 503, 1, -1, -1, 0, 0, 0)
    const { latency, queue, application, bodyWait } = meter
    deepEqual([latency.count, latency.sum], [2, 0.0035])
    deepEqual([queue.count, queue.sum], [1, 0.0005])
    deepEqual([application.count, application.sum], [1, 0.0015])
    deepEqual([bodyWait.count, bodyWait.sum], [1, 0.03])
  })
})

describe('a histogram', () => {
  test('a bound belongs to its bucket', () => {
    const histogram = new Histogram([1, 2])
    for (const value of [0, 1, 1.1, 2, 2.1, 1000]) histogram.observe(value)
    deepEqual(
      [0, 1, 2].map((at) => histogram.atMost(at)),
      [2, 4, 6],
    )
    equal(histogram.count, 6)
    equal(histogram.sum, 1006.2)
  })
  test('bounds of latencies go upward, from 1 ms to a minute', () => {
    deepEqual(
      [...LATENCY_BOUNDS],
      [...LATENCY_BOUNDS].sort((a, b) => a - b),
    )
    deepEqual([LATENCY_BOUNDS[0], LATENCY_BOUNDS.at(-1)], [0.001, 60])
  })
})

describe('the delay of the event loop', () => {
  test('none', () => {
    const delay = new LoopDelay(0)
    delay.look(LOOP_LOOK_MS)
    delay.look(2 * LOOP_LOOK_MS - 1) // timers may be early by a fraction
    deepEqual([delay.histogram.count, delay.histogram.sum], [2, 0])
  })
  test('a pause counts as often as it was in the way', () => {
    const delay = new LoopDelay(0)
    delay.look(LOOP_LOOK_MS + 120)
    // 120, 70 and 20 ms late
    deepEqual([delay.histogram.count, delay.histogram.sum.toFixed(3)], [3, '0.210'])
    delay.look(2 * LOOP_LOOK_MS + 120)
    equal(delay.histogram.count, 4)
  })
  test('a suspended machine is no endless loop', () => {
    const delay = new LoopDelay(0)
    delay.look(1e12)
    equal(delay.histogram.count, 1201)
  })
})
