import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WaitingQueue } from '../../../src/dispatch/queue.ts'

const named = (name: string) => ({ name })

test('what came first leaves first', () => {
  const queue = new WaitingQueue<{ name: string }>()
  for (const name of ['a', 'b', 'c']) queue.push(named(name))
  deepEqual([queue.shift()?.name, queue.shift()?.name, queue.shift()?.name, queue.shift()], ['a', 'b', 'c', undefined])
})

test('what is given back comes before what waited, in its old order', () => {
  const queue = new WaitingQueue<{ name: string }>()
  for (const name of ['a', 'b', 'c']) queue.push(named(name))
  const taken = [queue.shift()!, queue.shift()!]
  queue.giveBack(taken)
  deepEqual([queue.shift()?.name, queue.shift()?.name, queue.shift()?.name], ['a', 'b', 'c'])
})

test('a member that leaves is never handed out', () => {
  const queue = new WaitingQueue<{ name: string }>()
  const [first, second] = [named('a'), named('b')]
  queue.push(first)
  queue.push(second)
  queue.leave(first)
  equal(queue.length, 1)
  equal(queue.peek(), second)
  equal(queue.shift(), second)
  equal(queue.length, 0)
})

test('behaves as a plain array, whatever is done to it', () => {
  const step = fc.constantFrom('push', 'shift', 'leave', 'giveBack')
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(), (steps, seed) => {
      const queue = new WaitingQueue<{ name: string }>()
      const model: { name: string }[] = []
      let taken: { name: string }[] = []
      let count = 0
      for (const what of steps) {
        if (what === 'push') {
          const item = named(String(++count))
          queue.push(item)
          model.push(item)
        } else if (what === 'shift') {
          const item = queue.shift()
          equal(item, model.shift())
          if (item) taken.push(item)
        } else if (what === 'leave' && model.length > 0) {
          const [item] = model.splice(seed % model.length, 1)
          queue.leave(item!)
        } else if (what === 'giveBack') {
          queue.giveBack(taken)
          model.unshift(...taken)
          taken = []
        }
        equal(queue.length, model.length)
        equal(queue.peek(), model[0])
        deepEqual(queue.all(), model)
      }
    }),
  )
})
