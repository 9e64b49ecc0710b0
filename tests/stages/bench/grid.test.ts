import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { GridStore } from '../../../bench/grid.ts'
import { atEnd, type Scope } from '../../kit/ends.ts'

test('a choice is found again on the same machine, for the same version, and nowhere else', (t) => {
  const path = place(t)
  const configuration = { workers: 2, threads: 4 }
  new GridStore(path, 'one').keep('flask', 'granian', '2.8', configuration)
  const store = new GridStore(path, 'one')
  deepEqual(store.find('flask', 'granian', '2.8'), configuration)
  equal(store.find('flask', 'granian', '2.9'), null)
  equal(store.find('hello', 'granian', '2.8'), null)
  equal(new GridStore(path, 'two').find('flask', 'granian', '2.8'), null)
})

test('what cannot be read is found anew', (t) => {
  const path = place(t)
  writeFileSync(path, '{"half":')
  equal(new GridStore(path, 'one').find('flask', 'granian', '2.8'), null)
})

function place(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'grid.json')
}
