import { equal } from 'node:assert/strict'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownOutput } from '../../../src/dev/ownOutput.ts'
import { atEnd } from '../../kit/ends.ts'
import { folder } from '../../kit/server.ts'

test('a file that output goes to is known, by whatever name', (t) => {
  const path = folder(t, { 'other.txt': '' })
  const descriptor = openSync(join(path, 'out.txt'), 'w')
  atEnd(t, () => closeSync(descriptor))
  const isOwn = ownOutput([descriptor])
  equal(isOwn(join(path, 'out.txt')), true)
  equal(isOwn(join(path, 'other.txt')), false)
  equal(isOwn(join(path, 'none.txt')), false)
})

test('where output goes to no file, none is', (t) => {
  const path = folder(t)
  const descriptor = openSync('/dev/null', 'w')
  atEnd(t, () => closeSync(descriptor))
  writeFileSync(join(path, 'out.txt'), '')
  equal(ownOutput([descriptor, 99_999])(join(path, 'out.txt')), false)
})
