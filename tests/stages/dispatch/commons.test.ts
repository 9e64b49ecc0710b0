import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Commons, commonMemory } from '../../../src/dispatch/commons.ts'

function fronts(count: number): Commons[] {
  const memory = commonMemory(count, 4711)
  return Array.from({ length: count }, (_, front) => new Commons(memory, front))
}

test('a worker is as busy as all fronts make it', () => {
  const [first, second] = fronts(2)
  first!.load(5, 2)
  second!.load(5, 1)
  first!.load(6, 1)
  deepEqual([first!.loadOf(5), second!.loadOf(6), second!.loadOf(7), second!.running], [3, 1, 0, 4])
  first!.load(5, -2)
  equal(second!.loadOf(5), 1)
})

test('the most workers that were busy at one time', () => {
  const [first, second] = fronts(2)
  first!.load(0, 1)
  second!.load(0, 1)
  second!.load(1, 1)
  second!.load(1, -1)
  equal(first!.takeBusiest(), 2)
  equal(first!.takeBusiest(), 1, 'one still is')
  first!.load(0, -1)
  second!.load(0, -1)
  equal(first!.takeBusiest(), 1)
  equal(first!.takeBusiest(), 0)
})

test('what each has counted of a worker is added up, and is nobody’s when its slot is another’s', () => {
  const [first, second] = fronts(2)
  first!.count(3, 10, 500)
  second!.count(3, 2, 70)
  second!.count(4, 1, 1)
  deepEqual([first!.answeredOf(3), first!.busyMicrosOf(3)], [12, 570])
  first!.clear(3)
  deepEqual([second!.answeredOf(3), second!.answeredOf(4)], [0, 1])
})

test('the queue that has waited longest goes first, if it is clearly longer', () => {
  const [first, second, third] = fronts(3)
  equal(first!.olderThan(1_000), -1)
  second!.queued(4, 990)
  third!.queued(1, 980)
  equal(first!.waiting, 5)
  equal(first!.olderThan(1_000), 2)
  equal(first!.olderThan(981), -1, 'a moment is no difference')
  equal(third!.olderThan(980), -1)
  third!.queued(0, 0)
  equal(first!.olderThan(1_000), 1)
  equal(second!.olderThan(1_000), -1, 'its own is none of the others')
})

test('a place in all queues is taken by one, however many fronts look for it at once', () => {
  const [first, second] = fronts(2)
  equal(first!.enters(2), true)
  equal(second!.enters(2), true) // neither has told yet how long its queue is
  equal(first!.enters(2), false)
  first!.queued(1, 990)
  second!.queued(0, 0)
  equal(first!.enters(2), true)
  equal(second!.enters(2), false)
  first!.queued(3, 990) // given back by a worker: they have been in before
  first!.queued(1, 990)
  equal(second!.enters(2), true)
})

test('who is to wake is woken once, until it is awake', () => {
  const [first, second, third] = fronts(3)
  equal(first!.nudge(1), true)
  equal(third!.nudge(1), false)
  equal(third!.nudge(0), true)
  second!.awake()
  equal(third!.nudge(1), true)
})

test('connections are counted together, and each tells of its own', () => {
  const [first, second] = fronts(2)
  first!.connected(1)
  second!.connected(1)
  second!.connected(1)
  second!.connected(-1)
  equal(first!.connections, 2)
  const report = { connections: 1, accepted: 2, memoryBytes: 3, bytesRead: 4, bytesWritten: 5 }
  second!.report(report)
  deepEqual(first!.reportOf(1), report)
  equal(first!.reportOf(0).accepted, 0)
})

test('an address never has fewer connections than it has, and hardly ever more', () => {
  const [first, second] = fronts(2)
  const address = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
  for (let at = 0; at < 5_000; at++) (at % 2 ? first : second)!.connectedOf(address(at), 1)
  let more = 0
  for (let at = 0; at < 5_000; at++) {
    ok(first!.connectionsOf(address(at)) >= 1)
    if (first!.connectionsOf(address(at)) > 1) more++
  }
  ok(more < 250, `${more} of 5000 share both their cells with others`)
  for (let at = 0; at < 5_000; at++) second!.connectedOf(address(at), -1)
  equal(first!.connectionsOf(address(17)), 0)
})
