import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Deferred } from '../../../src/supervisor/deferred.ts'
import { OneMore } from '../../../src/supervisor/oneMore.ts'

test('those who ask while one runs share one more, with what the last brought', async () => {
  const runs: { argument: string; done: Deferred<string> }[] = []
  const queue = new OneMore((argument: string) => {
    const done = new Deferred<string>()
    runs.push({ argument, done })
    return done.promise
  })
  const [first, second, third] = [queue.ask('a'), queue.ask('b'), queue.ask('c')]
  equal(runs.length, 1)
  runs[0]!.done.reject(new Error('no'))
  await rejects(first, /no/)
  deepEqual(
    runs.map(({ argument }) => argument),
    ['a', 'c'],
  )
  runs[1]!.done.resolve('done')
  deepEqual(await Promise.all([second, third]), ['done', 'done'])
  equal(runs.length, 2)
})

test('what waits for its turn can be cancelled', async () => {
  const done = new Deferred<void>()
  const queue = new OneMore(() => done.promise)
  const first = queue.ask(undefined)
  const second = queue.ask(undefined)
  queue.cancel(new Error('too late'))
  await rejects(second, /too late/)
  done.resolve()
  await first
})
