import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { packed, unpacked } from '../../../src/fronts/messages.ts'
import { defaultSettings } from '../../../src/settings/load.ts'

test('a fault comes out of a message as it went in', () => {
  const fault = new Fault('APP_RAISED', {}, 'Traceback …', 'look there')
  fault.message = 'KeyError: 1'
  const again = unpacked(structuredClone(packed(fault)))
  ok(again instanceof Fault)
  deepEqual(
    [again.code, again.message, again.trace, again.hint, again.row.status],
    ['APP_RAISED', 'KeyError: 1', 'Traceback …', 'look there', fault.row.status],
  )
})

test('a code that nobody knows is a mistake of ours', () => {
  equal(unpacked({ code: 'NONE', message: 'm', trace: '', hint: 'h' }).code, 'INTERNAL')
})

test('settings can travel', () => {
  const settings = defaultSettings()
  deepEqual(structuredClone(settings), settings)
})
