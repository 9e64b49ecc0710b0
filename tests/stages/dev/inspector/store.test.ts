import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Store } from '../../../../src/dev/inspector/store.ts'

interface One {
  readonly number: number
  weight: number
}

const numbers = (store: Store<One>): number[] => store.all().map(({ number }) => number)

test('the oldest go, by number and by weight, also of one that becomes heavier while it is kept', () => {
  const store = new Store<One>(3, 100)
  const all = [1, 2, 3, 4].map((number) => ({ number, weight: 10 }))
  for (const one of all) store.add(one)
  deepEqual(numbers(store), [2, 3, 4])
  all[3]!.weight = 85
  store.trim()
  deepEqual(numbers(store), [3, 4])
  all[3]!.weight = 1000
  store.trim()
  deepEqual(numbers(store), [4]) // the newest stays, whatever it weighs
  equal(store.get(3), null)
})

test('what was kept and is not any more is told from what has not come yet', () => {
  const store = new Store<One>(2, 100)
  const gone = (): boolean[] => [1, 2, 3, 4, 5].map((number) => store.isGone(number))
  deepEqual(gone(), [false, false, false, false, false])
  for (const number of [1, 2, 3]) store.add({ number, weight: 1 })
  deepEqual(gone(), [true, false, false, false, false])
  store.clear()
  deepEqual(gone(), [true, true, true, false, false])
})

test('ten thousand leave as much behind as two hundred', () => {
  const store = new Store<One>(200, 32 * 1024 * 1024)
  for (let number = 1; number <= 10_000; number++) store.add({ number, weight: 64 * 1024 })
  equal(store.all().length, 200)
})
