import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from '../../../src/dispatch/turns.ts'
import { HeldBack, type Pipeliner } from '../../../src/server/heldBack.ts'
import { within } from '../../kit/wait.ts'

/** Turns beside a busy crowd of 30. */
function busy(): { turns: Turns; single: (count: number) => void } {
  const turns = new Turns(0)
  const windows = new Array(30).fill(0)
  let next = 0
  const single = (count: number) => {
    for (; count > 0; count--, next++) windows[next % 30] = turns.single(windows[next % 30])
  }
  single(3_000)
  turns.turn(200, 31, 20)
  return { turns, single }
}

function pipeliner(turns: Turns, told: string[], name: string, again: () => void = () => {}): Pipeliner {
  const goOn = () => {
    told.push(name)
    again()
  }
  return { mark: turns.singles, isHeld: false, goOn, look: () => {} }
}

test('who is held goes on when others have had their turn', () => {
  const { turns, single } = busy()
  const held = new HeldBack(turns)
  const told: string[] = []
  const a = pipeliner(turns, told, 'a')
  held.add(a)
  held.add(a)
  single(10)
  const b = pipeliner(turns, told, 'b')
  held.add(b)
  held.release()
  deepEqual(told, [])
  single(10)
  held.release()
  deepEqual(told, ['a'])
  deepEqual([a.isHeld, b.isHeld, held.isEmpty], [false, true, false])
  single(10)
  held.release()
  deepEqual([told, held.isEmpty], [['a', 'b'], true])
})

test('who is held behind a crowd that fell silent goes on, a step at a time', async () => {
  const { turns } = busy()
  const held = new HeldBack(turns)
  const told: string[] = []
  await within(
    new Promise<void>((resolve) => {
      const one: Pipeliner = pipeliner(turns, told, 'a', () => (told.length < 2 ? held.add(one) : resolve()))
      held.add(one)
    }),
    'two steps',
  )
  equal(held.isEmpty, true)
})
