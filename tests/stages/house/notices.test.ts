import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { Notices } from '../../../src/house/notices.ts'
import { isOfUse } from '../../../src/house/watchdog.ts'

function told(say: (notices: Notices) => void): string[] {
  const texts: string[] = []
  say(new Notices({ notify: (text) => texts.push(text) }, () => 1_234_567n))
  return texts
}

test('the words of sd_notify', () => {
  deepEqual(
    told((notices) => {
      notices.ready('shop serves', 7)
      notices.reloading()
      notices.reloaded('shop serves')
      notices.succeededBy(9)
      notices.alive()
    }),
    [
      'READY=1\nMAINPID=7\nSTATUS=shop serves',
      'RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=reloading',
      'READY=1\nSTATUS=shop serves',
      'MAINPID=9',
      'WATCHDOG=1',
    ],
  )
})

test('a stop asks for the time it needs', () => {
  match(told((notices) => notices.stopping(30_000))[0]!, /^STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\n/)
})

test('a status is one line: nothing in it is taken for another word', () => {
  deepEqual(
    told((notices) => notices.ready('a\nMAINPID=1', 7)),
    ['READY=1\nMAINPID=7\nSTATUS=a MAINPID=1'],
  )
})

test('without a service manager nothing is said', () => {
  new Notices(null, () => 0n).ready('', 1)
})

test('the watchdog: of no use is a server whose requests wait while no worker can take any', () => {
  equal(isOfUse({ ready: true, waiting: 5 }), true)
  equal(isOfUse({ ready: false, waiting: 0 }), true)
  equal(isOfUse({ ready: false, waiting: 1 }), false)
})
