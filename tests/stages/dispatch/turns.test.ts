import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from '../../../src/dispatch/turns.ts'

/** One request each of so many connections that send singly; their windows. */
function round(turns: Turns, windows: number[]): void {
  for (const [at, window] of windows.entries()) windows[at] = turns.single(window)
}

function crowd(count: number): number[] {
  return new Array(count).fill(0)
}

test('where nobody sends singly, who pipelines goes on', () => {
  const turns = new Turns(0)
  turns.turn(200, 64, 20)
  equal(turns.mayGo(turns.singles), true)
})

test('beside a busy crowd, one that pipelines gets one and a half times as much as each of it', () => {
  const turns = new Turns(0)
  const windows = crowd(63)
  for (let i = 0; i < 100; i++) round(turns, windows)
  turns.turn(200, 64, 20)
  let went = 0
  let mark = turns.singles
  for (let i = 0; i < 100; i++) {
    for (let at = 0; at < 63; at++) {
      windows[at] = turns.single(windows[at]!)
      if (!turns.mayGo(mark)) continue
      mark = turns.singles
      went++
    }
  }
  ok(went >= 140 && went <= 150, `${went}`)
})

test('a few are no crowd, nor are many that leave the workers idle', () => {
  for (const [count, rounds] of [
    [7, 1_000],
    [63, 1],
  ] as const) {
    const turns = new Turns(0)
    const windows = crowd(count)
    for (let i = 0; i < rounds; i++) round(turns, windows)
    turns.turn(200, 64, 20)
    equal(turns.mayGo(turns.singles), true)
  }
})

test('a crowd that has gone is forgotten at once, one that is silent by and by', () => {
  const turns = new Turns(0)
  const windows = crowd(63)
  for (let i = 0; i < 100; i++) round(turns, windows)
  turns.turn(200, 64, 20)
  equal(turns.mayGo(turns.singles), false)
  turns.turn(400, 64, 20)
  equal(turns.mayGo(turns.singles), false)
  turns.turn(600, 3, 20)
  equal(turns.mayGo(turns.singles), true)
  for (let i = 0; i < 100; i++) round(turns, windows)
  for (let window = 4; window < 9; window++) turns.turn(window * 200, 64, 20)
  equal(turns.mayGo(turns.singles), true)
})

test('connections that come and go with each request count as those that are open at a time', () => {
  const turns = new Turns(0)
  round(turns, crowd(6_000))
  turns.turn(200, 30, 20)
  const mark = turns.singles
  round(turns, crowd(20))
  equal(turns.mayGo(mark), true)
})
