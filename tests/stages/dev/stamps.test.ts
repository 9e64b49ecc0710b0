import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { forgetBytecode } from '../../../src/dev/bytecode.ts'
import { changedSince, stampOf } from '../../../src/dev/stamps.ts'
import { atEnd } from '../../kit/ends.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dram-stamps-'))
  atEnd(t, () => rmSync(path, { recursive: true }))
  return path
}

test('a stamp is another one after a change', (t) => {
  const path = join(folder(t), 'a.py')
  equal(stampOf(path), '')
  writeFileSync(path, 'one')
  const first = stampOf(path)
  equal(stampOf(path), first)
  utimesSync(path, 1, 2)
  notEqual(stampOf(path), first)
  deepEqual(changedSince([path], 1_999), [path])
  deepEqual(changedSince([path], 2_000), [])
})

test('what can no longer be looked at has no stamp: a folder that became a file, a link that leads nowhere', (t) => {
  const home = folder(t)
  writeFileSync(join(home, 'shop'), '')
  symlinkSync('round', join(home, 'round'))
  for (const name of ['shop/models.py', 'round', 'gone.py']) {
    equal(stampOf(join(home, name)), '')
    deepEqual(changedSince([join(home, name)], 0), [])
  }
})

test('bytecode that may not be removed is left alone, and the rest goes', (t) => {
  const home = folder(t)
  const kept = join(home, '__pycache__/a.cpython-311.pyc')
  const removed = join(home, '__pycache__/a.cpython-312.pyc')
  mkdirSync(kept, { recursive: true }) // a folder can't be removed as a file, whoever asks
  writeFileSync(removed, '')
  forgetBytecode([join(home, 'a.py')])
  notEqual(stampOf(kept), '')
  equal(stampOf(removed), '')
})
