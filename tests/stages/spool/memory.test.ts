import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { BodyMemory } from '../../../src/spool/memory.ts'
import { WriteBehind, type Writer } from '../../../src/spool/writeBehind.ts'

test('the budget is taken whole or not at all', () => {
  const memory = new BodyMemory(10)
  equal(memory.take(6), true)
  equal(memory.take(5), false)
  equal(memory.used, 6)
  equal(memory.take(4), true)
  memory.give(10)
  equal(memory.used, 0)
})

class Recorder implements Writer {
  rosterAt = -1
  held = false
  onRelease = () => {}
  hold(): void {
    this.held = true
  }
  release(): void {
    this.held = false
    this.onRelease()
  }
}

test('all writers are held above the limit, and released below half of it', () => {
  const behind = new WriteBehind(100)
  const writers = [new Recorder(), new Recorder()]
  for (const writer of writers) behind.join(writer)
  behind.add(99)
  equal(behind.full, false)
  behind.add(1)
  equal(
    writers.every((one) => one.held),
    true,
  )
  behind.remove(49)
  equal(
    writers.every((one) => one.held),
    true,
  )
  behind.remove(1)
  equal(
    writers.some((one) => one.held),
    false,
  )
})

test('a released writer that fills it again leaves the others held', () => {
  const behind = new WriteBehind(100)
  const [first, second] = [new Recorder(), new Recorder()]
  for (const writer of [first, second]) behind.join(writer)
  behind.add(100)
  first.onRelease = () => behind.add(100)
  behind.remove(100)
  equal(first.held, true)
  equal(second.held, true)
})
