import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextId } from '../../../src/worker/codec.ts'
import { Running } from '../../../src/worker/running.ts'

test('behaves as a Map, whatever runs long', () => {
  // Each step: true sends the next request; a number ends one of those that run.
  const steps = fc.array(fc.oneof(fc.constant(true as const), fc.nat()), { maxLength: 2_000 })
  const first = fc.constantFrom(0, 0x7fffff80)
  fc.assert(
    fc.property(steps, first, (all, start) => {
      const running = new Running<string>()
      const model = new Map<number, string>()
      let id: number = start
      for (const step of all) {
        if (step === true) {
          id = nextId(id)
          running.set(id, `r${id}`)
          model.set(id, `r${id}`)
        } else if (model.size > 0) {
          const gone = [...model.keys()][step % model.size]!
          running.delete(gone)
          running.delete(gone)
          model.delete(gone)
          equal(running.get(gone), undefined)
        }
        equal(running.size, model.size)
        equal(running.oldest(id), model.values().next().value)
      }
      for (const [known, item] of model) equal(running.get(known), item)
      deepEqual(running.entries(id), [...model])
    }),
    { numRuns: 30 },
  )
})

test('a request that outlives a thousand others is still found, and then forgotten', () => {
  const running = new Running<string>()
  running.set(1, 'long')
  for (let id = 2; id < 1_000; id++) {
    running.set(id, 'short')
    running.delete(id)
  }
  equal(running.get(1), 'long')
  equal(running.size, 1)
  running.delete(1)
  equal(running.size, 0)
  deepEqual(running.entries(1_000), [])
})
