import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { Listeners } from '../../../src/dev/browser/listeners.ts'
import type { AnswerHead } from '../../../src/events/answer.ts'
import type { DeskAnswer } from '../../../src/server/bystander.ts'

class Tab implements DeskAnswer {
  head: AnswerHead | null = null
  text = ''
  isOver = false
  readonly waitingBytes = 0
  onLeft = (): void => {}
  whole(): void {
    throw new Error('it is answered in pieces')
  }
  begun(head: AnswerHead): void {
    this.head = head
  }
  piece(bytes: Buffer): void {
    equal(this.isOver, false)
    this.text += bytes
  }
  ended(): void {
    this.isOver = true
  }
}

const HELLO = { kind: 'hello', version: 'a.0' } as const
const GREETED = 'event: hello\ndata: {"version":"a.0"}\n\n'

test('a tab is greeted, and told what happens, as server-sent events', () => {
  const listeners = new Listeners()
  const tab = new Tab()
  listeners.add(tab, HELLO)
  match(tab.head!.head, /^200 OK\r\nContent-Type: text\/event-stream\r\n/)
  listeners.tell({ kind: 'swap', version: 'a.1', stamp: 'a.7', styles: ['a\nb.css'], images: [] })
  listeners.beat()
  equal(
    tab.text,
    `${GREETED}event: swap\ndata: {"version":"a.1","stamp":"a.7","styles":["a\\nb.css"],"images":[]}\n\n:\n\n`,
  )
})

test('one that has left is told nothing', () => {
  const listeners = new Listeners()
  const tab = new Tab()
  listeners.add(tab, HELLO)
  tab.onLeft()
  listeners.beat()
  deepEqual([tab.text, listeners.count], [GREETED, 0])
})

test('a browser’s connections are not used up: the one that has listened longest rests', () => {
  const listeners = new Listeners()
  const tabs = Array.from({ length: 10 }, () => new Tab())
  for (const tab of tabs) listeners.add(tab, HELLO)
  equal(listeners.count, 4)
  deepEqual(
    tabs.map(({ isOver }) => isOver),
    [...Array(6).fill(true), ...Array(4).fill(false)],
  )
  equal(tabs[0]!.text, `${GREETED}event: rest\ndata: {}\n\n`)
})

test('at the end none is left, and who comes then is let go', () => {
  const listeners = new Listeners()
  const [early, late] = [new Tab(), new Tab()]
  listeners.add(early, HELLO)
  listeners.end()
  listeners.add(late, HELLO)
  deepEqual([early.isOver, late.isOver, listeners.count], [true, true, 0])
})
