import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { HeaderBlock } from '../../../src/events/request.ts'
import { readBlock } from '../../../src/parse/block.ts'
import { HeaderCache } from '../../../src/parse/headerCache.ts'

function blockOf(value: string): HeaderBlock {
  return readBlock(
    `Host: a\r\nA: ${value}`,
    [
      { name: 'host', value: 'a' },
      { name: 'a', value },
    ],
    1,
  )
}

test('a block is kept at its second sight, by its text and version', () => {
  const cache = new HeaderCache()
  const block = blockOf('b')
  cache.offer(1, block)
  equal(cache.get(1, block.raw), undefined)
  cache.offer(1, block)
  equal(cache.get(1, block.raw), block)
  equal(cache.get(0, block.raw), undefined)
})

test('a large block is never kept', () => {
  const cache = new HeaderCache()
  const block = blockOf('b'.repeat(4096))
  for (let sight = 0; sight < 3; sight++) cache.offer(1, block)
  equal(cache.get(1, block.raw), undefined)
})

test('what is used stays, what is not goes, and the sum is bounded', () => {
  const cache = new HeaderCache(64 * 1024)
  const used = blockOf('used')
  const others = Array.from({ length: 1000 }, (_, i) => blockOf(`other ${i}`))
  for (const block of [used, ...others]) {
    for (let sight = 0; sight < 2; sight++) cache.offer(1, block)
    equal(cache.get(1, used.raw), used)
  }
  const kept = others.filter((block) => cache.get(1, block.raw) === block)
  equal(kept.length > 10, true)
  equal(kept.length < (64 * 1024) / 512, true)
})
