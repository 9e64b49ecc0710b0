import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { type Row, rowsText } from '../../../src/dev/rows.ts'

const LINK = `http://127.0.0.1:8000/-/dev/open?token=${'x'.repeat(32)}`
const ROWS: readonly Row[] = [
  ['local', [['http://127.0.0.1:8000']]],
  ['network', []],
  ['Inspector', [[LINK]]],
  ['keys', [['r reload', 'o open', 'c clear', 'q quit']]],
]

const show = (columns: number): string => rowsText(ROWS, columns, (name) => `\x1b[2m${name}\x1b[0m`)
const plain = (text: string): string => text.replaceAll(/\x1b\[\d*m/g, '')

test('rows that fit stand beside their names; those without lines are left out', () => {
  equal(
    plain(show(100)),
    `  local       http://127.0.0.1:8000
  Inspector   ${LINK}
  keys        r reload   o open   c clear   q quit
`,
  )
})

test('what does not fit goes below its name, in whole pieces', () => {
  equal(
    plain(show(30)),
    `  local
  http://127.0.0.1:8000
  Inspector
  ${LINK}
  keys
  r reload   o open   c clear
  q quit
`,
  )
  for (let columns = 10; columns < 120; columns++) ok(show(columns).includes(LINK), 'a link is never broken')
})
