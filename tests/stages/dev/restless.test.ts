import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Restless } from '../../../src/dev/restless.ts'

const LOG = '/shop/out.txt'
const APP = '/shop/app.py'

/** Six more changes of the same file, each right after the load that the one before it caused. */
function wornOut(restless: Restless): void {
  for (let at = 0; at <= 600; at += 100) restless.judge([LOG], at, at === 0 ? 60_000 : 20)
}

test('what changes again right after each load is passed over in the end, and told of once', () => {
  const restless = new Restless()
  for (let at = 0; at < 600; at += 100)
    deepEqual(restless.judge([LOG], at, 20), { counted: [LOG], given: [] }, `after ${at} ms`)
  deepEqual(restless.judge([LOG], 600, 20), { counted: [], given: [LOG] })
  deepEqual(restless.judge([LOG], 700, 20), { counted: [], given: [] })
  deepEqual(restless.judge([LOG, APP], 800, 20), { counted: [APP], given: [] })
})

test('saving the same file again and again is no such thing while the developer looks at it in between', () => {
  const restless = new Restless()
  for (let at = 0; at < 60_000; at += 2_000) deepEqual(restless.judge([APP], at, 1_500), { counted: [APP], given: [] })
})

test('another file in between begins the count anew', () => {
  const restless = new Restless()
  for (let at = 0; at < 3_000; at += 100) {
    const path = at % 500 === 0 ? APP : LOG
    deepEqual(restless.judge([path], at, 20), { counted: [path], given: [] })
  }
})

test('left alone for a while it counts again; until then each change puts that off', () => {
  const restless = new Restless()
  wornOut(restless)
  deepEqual(restless.judge([LOG], 9_000, 8_000).counted, [])
  deepEqual(restless.judge([LOG], 18_000, 17_000).counted, [])
  deepEqual(restless.judge([LOG], 28_001, 27_000).counted, [LOG])
})
