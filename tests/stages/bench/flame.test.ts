import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { flameGraph } from '../../../bench/plots/flame.ts'
import { type CpuProfile, foldedOf, sharesOf } from '../../../bench/profile.ts'

const frame = (functionName: string, url = '') => ({ functionName, url })

const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 5] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('read', 'file:///x/build/src/server/connection.js'), children: [4] },
    { id: 4, callFrame: frame('feed', 'file:///x/build/src/parse/http1.js') },
    { id: 5, callFrame: frame('(garbage collector)') },
  ],
  samples: [2, 3, 4, 4, 5],
  timeDeltas: [1000, 10, 20, 10, 10],
}

test('a profile becomes stacks with their time, without what is idle', () => {
  deepEqual(
    [...foldedOf(PROFILE)],
    [
      ['read · connection', 10],
      ['read · connection;feed · http1', 30],
      ['(garbage collector)', 10],
    ],
  )
})

test('each folder has its share of the time on the processor', () => {
  deepEqual(sharesOf(PROFILE), [
    ['parse', 0.6],
    ['server', 0.2],
    ['(garbage collector)', 0.2],
  ])
})

test('in the picture a call is as wide as its time, and stands on its caller', () => {
  const svg = flameGraph(foldedOf(PROFILE), { title: 'A <front>', note: '' })
  ok(svg.includes('A &lt;front&gt;'))
  const boxes = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" [^>]*hsl/g)]
  const [all, read, feed] = boxes.map(([, x, y, width]) => [Number(x), Number(y), Number(width)] as const)
  deepEqual([all![2], read![2], feed![2]], [1199.6, 959.6, 719.6])
  equal(feed![1] < read![1] && read![1] < all![1], true)
})
