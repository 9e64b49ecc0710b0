import { equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { descriptorLimit, openDescriptors } from '../../../src/listen/descriptors.ts'

test('the limit is the one that the shell set', { skip: process.platform !== 'linux' }, () => {
  const file = new URL('../../../src/listen/descriptors.js', import.meta.url).href
  const script = `import(${JSON.stringify(file)}).then((m) => console.log(m.descriptorLimit()))`
  const told = execFileSync('/bin/sh', ['-c', 'ulimit -n 77; exec "$0" -e "$1"', process.execPath, script])
  equal(Number(told), 77)
  ok(descriptorLimit() > 0)
})

test('an opened file is one descriptor more', { skip: process.platform !== 'linux' }, () => {
  const before = openDescriptors()
  const fd = openSync('/dev/null', 'r')
  equal(openDescriptors(), before + 1)
  closeSync(fd)
})
