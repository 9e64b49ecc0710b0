import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { isInMemory } from '../../../src/spool/folder.ts'
import { Spool } from '../../../src/spool/spool.ts'
import { atEnd, type Scope } from '../../kit/ends.ts'

function parentFor(test: Scope): string {
  const parent = mkdtempSync(join(tmpdir(), 'dram-spool-test-'))
  atEnd(test, () => rmSync(parent, { recursive: true, force: true }))
  return parent
}

test('the folder is private and goes with the server', (t) => {
  const parent = join(parentFor(t), 'made', 'too')
  const spool = new Spool({ parent, limitBytes: 1 })
  equal(statSync(spool.folder).mode & 0o777, 0o700)
  match(basename(spool.folder), new RegExp(`-${process.pid}-\\d+$`))
  writeFileSync(join(spool.folder, 'x'), '')
  spool.close()
  deepEqual(readdirSync(parent), [])
})

test('what dead servers left is swept; what lives or is not ours stays', (t) => {
  const parent = parentFor(t)
  const spool = new URL('../../../src/spool/spool.js', import.meta.url).href
  const script = `import(${JSON.stringify(spool)}).then(({ Spool }) => {
    const one = new Spool({ parent: ${JSON.stringify(parent)}, limitBytes: 1 })
    require('node:fs').writeFileSync(one.folder + '/left', 'x')
  })`
  equal(spawnSync(process.execPath, ['-e', script], { stdio: 'inherit' }).status, 0)
  const [left] = readdirSync(parent)
  ok(left)
  const elsewhere = left.replace(/^dram-spool-\d+/, 'dram-spool-1')
  for (const name of [elsewhere, 'dram-spool-of-somebody', 'other']) mkdirSync(join(parent, name))
  const mine = new Spool({ parent, limitBytes: 1 })
  deepEqual(readdirSync(parent).sort(), [basename(mine.folder), elsewhere, 'dram-spool-of-somebody', 'other'].sort())
})

test('a folder that cannot be made is a fault', (t) => {
  const parent = parentFor(t)
  writeFileSync(join(parent, 'file'), '')
  throws(() => new Spool({ parent: join(parent, 'file'), limitBytes: 1 }), { code: 'SPOOL_FOLDER' })
})

test('tmpfs is noticed', { skip: !existsSync('/dev/shm') }, (t) => {
  equal(isInMemory('/dev/shm'), true)
  equal(isInMemory('/proc'), false)
  equal(isInMemory(join(parentFor(t), 'none')), false)
})
