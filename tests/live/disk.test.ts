import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { noSmallDisk, smallDisk } from '../kit/disk.ts'
import { Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { isAlive, sendSignal } from '../kit/processes.ts'
import { start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const TWO = ['--workers', '2']
const MIB = 1024 * 1024
const SKIP = { skip: noSmallDisk }
/** So little memory for bodies that they go to disk. */
const TO_DISK = ['--body-memory', '256KiB', '--body-buffer', '16KiB']

test('the disk of the spool is full: 507 for bodies that need it, nothing for the others', SKIP, async (t) => {
  const disk = smallDisk(t, 4 * MIB)
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', [...TWO, ...TO_DISK, '--spool-dir', disk.path])
  disk.fill()
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 4 })
  for (let at = 0; at < 5; at++) {
    const answer = await server.send('POST', '/digest', [], 'x'.repeat(2 * MIB))
    equal(answer.status, 507)
  }
  await server.until(/SPOOL_FULL/)
  await load.more(50)
  judgeFlawless(await load.stop(), notes)
  disk.free()
  await eventually(
    async () => (await server.send('POST', '/digest', [], 'x'.repeat(MIB))).text.startsWith(`${MIB} `),
    'a body in the spool again',
  )
})

test('the disk of the spool fills up under an answer: it goes on at its client’s pace', SKIP, async (t) => {
  const disk = smallDisk(t, 2 * MIB)
  const server = await start(t, 'probe.py', [...TWO, ...TO_DISK, '--spool-dir', disk.path])
  const slow = await server.connect({ paused: true })
  await slow.write(request('GET', '/sized?size=20000000'))
  for (let at = 0; at < 20; at++) equal((await server.get('/')).status, 200)
  disk.fill()
  for (let at = 0; at < 20; at++) equal((await server.get('/')).status, 200)
  slow.resume()
  equal((await slow.response()).body.length, 20_000_000)
})

test('the disk of the access log is full: requests go on, and the log says how many lines it lost', SKIP, async (t) => {
  const disk = smallDisk(t, 64 * 1024)
  const notes = new Notes(t)
  const path = join(disk.path, 'access.log')
  const server = await start(t, 'probe.py', [...ONE, '--access-log', path])
  await server.get('/before')
  await eventually(() => readFileSync(path, 'utf8').includes('/before'), 'a line of the access log')
  disk.fill()
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 4 })
  await load.more(500)
  judgeFlawless(await load.stop(), notes)
  disk.free()
  await eventually(async () => {
    await server.get('/after')
    const text = readFileSync(path, 'utf8') // what was lost may be told before, where a last block was free
    return text.includes('/after') && /\d+ log lines were lost/.test(text)
  }, 'the loss to be told')
  equal((await server.stop()).code, 0)
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n'))
    match(line, /^127\.0\.0\.1 .* (200|404) |log lines were lost|^.{0,4096}$/)
})

test('an access log on /dev/full holds nothing up', { skip: existsSync('/dev/full') ? false : 'none' }, async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', [...ONE, '--access-log', '/dev/full'])
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 4 })
  await load.more(500)
  judgeFlawless(await load.stop(), notes)
  equal((await server.stop()).code, 0)
})

test(
  'the disk of the runtime folder is full: who serves goes on; with room again there are new ones',
  SKIP,
  async (t) => {
    const disk = smallDisk(t, 2 * MIB)
    const notes = new Notes(t)
    const server = await start(t, 'probe.py', [...TWO, '--runtime-dir', disk.path])
    const before = await server.workerPids(2)
    disk.fill()
    const from = server.lines.length
    const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 4 })
    // Its successor wants files for workers while those of the old ones are still there.
    sendSignal(server.zygotePids()[0]!, 'SIGKILL')
    await server.until(/no space|ENOSPC/i, { from })
    await load.more(500)
    deepEqual((await server.workerPids(2)).sort(), before.sort())
    disk.free()
    await eventually(() => before.every((pid) => !isAlive(pid)), 'new workers', 40_000)
    await server.workerPids(2)
    judgeFlawless(await load.stop(), notes)
    ok(!/SIGBUS/.test(server.stderr), server.stderr)
  },
)
