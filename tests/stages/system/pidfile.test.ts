import { equal, throws } from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Pidfile } from '../../../src/system/pidfile.ts'
import { atEnd, fileScope } from '../../kit/ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'dram-pidfile-'))
atEnd(fileScope, () => rmSync(folder, { recursive: true }))
const path = join(folder, 'dram.pid')

test('it holds our id, whole, and is removed at the end', () => {
  const pidfile = new Pidfile(path, null)
  pidfile.write()
  equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
  equal(readdirSync(folder).length, 1)
  pidfile.remove()
  equal(existsSync(path), false)
})

test('what lies where it is prepared is not written through', () => {
  const other = join(folder, 'other')
  writeFileSync(other, 'mine')
  symlinkSync(other, `${path}.${process.pid}`)
  const pidfile = new Pidfile(path, null)
  pidfile.write()
  equal(readFileSync(other, 'utf8'), 'mine')
  equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
  pidfile.remove()
  rmSync(other)
})

test('one that was left behind is replaced', () => {
  const { pid } = spawnSync('true')
  for (const text of [`${pid}\n`, '']) {
    writeFileSync(path, text)
    new Pidfile(path, null).write()
    equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
  }
})

test('that of a living process is refused, unless it is the one we replace', (t) => {
  const other = spawn('sleep', ['60'])
  atEnd(t, () => other.kill('SIGKILL'))
  writeFileSync(path, `${other.pid}\n`)
  throws(() => new Pidfile(path, null), { code: 'PIDFILE', message: new RegExp(`process ${other.pid}\\b`) })
  new Pidfile(path, other.pid!)
  // Written long before that process began: the number was another's then.
  utimesSync(path, 1000, 1000)
  new Pidfile(path, null)
})

test('what is no process id is not touched', () => {
  writeFileSync(path, 'precious')
  throws(() => new Pidfile(path, null), { code: 'PIDFILE' })
  equal(readFileSync(path, 'utf8'), 'precious')
  rmSync(path)
})

test('that of a successor stays', () => {
  const pidfile = new Pidfile(path, null)
  pidfile.write()
  writeFileSync(path, '1\n')
  pidfile.remove()
  equal(readFileSync(path, 'utf8'), '1\n')
})

test('a folder that is missing is a fault', () => {
  throws(() => new Pidfile(join(folder, 'none/dram.pid'), null).write(), { code: 'PIDFILE' })
})
