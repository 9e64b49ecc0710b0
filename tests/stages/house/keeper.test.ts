import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Keeper, type KeeperEvents } from '../../../src/house/keeper.ts'
import { atEnd } from '../../kit/ends.ts'
import { eventually } from '../../kit/wait.ts'

const MIB = 1024 * 1024

/** A keeper for which that program stands in, and what is heard of it. */
function standIn(t: TestContext, program: string) {
  const folder = mkdtempSync(join(tmpdir(), 'dram-keeper-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'python')
  writeFileSync(path, `#!${process.execPath}\nconst { writeSync } = require('node:fs')\n${program}\n`)
  chmodSync(path, 0o700)
  const heard = { bytes: 0, logs: [] as string[], ends: [] as string[] }
  const events: KeeperEvents = {
    failed: (why) => heard.ends.push(why),
    unnotified: () => {},
    undelivered: () => {},
    log: (_pid, level, text) => heard.logs.push(`${level}: ${text}`),
    output: (_pid, _stream, bytes) => {
      heard.bytes += bytes.length
      return true
    },
  }
  const keeper = new Keeper(path, folder, process.env)
  atEnd(t, () => keeper.close())
  return { keeper, events, heard }
}

test('what is printed before anybody listens is told then, as far as there is room for it', async (t) => {
  const { keeper, events, heard } = standIn(
    t,
    "for (let mib = 0; mib < 3; mib++) writeSync(1, 'x'.repeat(1024 * 1024))",
  )
  await eventually(() => !keeper.isAlive, 'its end')
  keeper.attach(events)
  ok(heard.bytes > MIB / 2 && heard.bytes <= MIB, String(heard.bytes))
  match(heard.logs.join(), /^warning: so much was printed that \d+ bytes are lost$/)
  deepEqual(heard.ends, ['exit code 0'])
})

test('little is kept whole, and words that are none are told as well', async (t) => {
  const { keeper, events, heard } = standIn(t, "writeSync(1, 'one'); writeSync(2, 'two'); writeSync(3, 'what?\\n')")
  await eventually(() => !keeper.isAlive, 'its end')
  keeper.attach(events)
  await eventually(() => heard.bytes === 6 && heard.logs.length === 1, 'all it has said')
  equal(heard.logs[0], "warning: not the keeper's word: what?")
})
