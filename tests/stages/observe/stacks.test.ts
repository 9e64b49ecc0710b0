import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import type { ThreadStack } from '../../../src/events/worker.ts'
import { stacksText } from '../../../src/observe/stacks.ts'

function thread(name: string, ident: number, requestId: string | null): ThreadStack {
  return { name, ident, requestId, stack: `  File "shop.py", line ${ident}, in pay\n    wait()\n` }
}

const STACKS = [thread('MainThread', 1, null), thread('serve-0', 2, 'a1'), thread('serve-1', 3, 'b2')]

test('the thread that runs the request comes first, and is marked', () => {
  equal(
    stacksText(STACKS, '', 'b2'),
    `Thread 3 (serve-1), which runs this request, most recent call last:
  File "shop.py", line 3, in pay
    wait()
Thread 1 (MainThread), most recent call last:
  File "shop.py", line 1, in pay
    wait()
Thread 2 (serve-0), which runs request a1, most recent call last:
  File "shop.py", line 2, in pay
    wait()`,
  )
})

test('no request asked for', () => match(stacksText(STACKS, '', null), /^Thread 1 \(MainThread\), most/))

test('the request has left its thread', () =>
  match(stacksText(STACKS, '', 'c3'), /^No thread runs this request any more\.\nThread 1 /))

test('a silent worker: what faulthandler wrote, and why there is nothing better', () => {
  equal(
    stacksText(null, 'Thread 0x1 (most recent call first):\n  File "x.py", line 3 in name\n', 'a1'),
    `The worker's own thread was silent for half a second: a call into C keeps the GIL. What faulthandler saw from a signal:
Thread 0x1 (most recent call first):
  File "x.py", line 3 in name`,
  )
  match(stacksText(null, '', 'a1'), /silent.* it wrote no stacks\.$/)
})

test('of very many others some are shown', () => {
  const many = Array.from({ length: 500 }, (_, at) => thread(`greenlet ${at}`, at, `r${at}`))
  const lines = stacksText(many, '', 'r300').split('\n')
  match(lines[0]!, /greenlet 300.*this request/)
  equal(lines.filter((line) => line.startsWith('Thread')).length, 21)
  match(lines.at(-1)!, /^479 more are left out/)
})
