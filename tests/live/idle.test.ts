import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { askAll, descriptorLimit, idleCrowd } from '../kit/crowd.ts'
import { Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { pssBytes } from '../kit/processes.ts'
import { FULL, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const COUNT = FULL ? 10_000 : 1_000
/** The server keeps a reserve for bodies on disk and for refusals. */
const LIMIT = COUNT * 1.5 + 500
const KIB = 1024

test(`${COUNT} idle kept-alive connections beside normal traffic`, { timeout: 300_000, skip: tooFew() }, async (t) => {
  const notes = new Notes(t)
  const args = ['--workers', '2', '--keep-alive', '10m']
  const server = await start(t, 'probe.py', args, { ulimit: `-n ${LIMIT}` })
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 8 })
  await load.more(2000)
  const before = pssBytes(server.pid)
  const crowd = await idleCrowd(t, server.port, COUNT)
  await load.more(2000)
  const each = (pssBytes(server.pid) - before) / COUNT
  t.diagnostic(`${(each / KIB).toFixed(1)} KiB of the front a connection`)
  // Loosely, since the heap breathes: what one costs is reported, a multiple of it is a mistake.
  ok(each < 40 * KIB, `${(each / KIB).toFixed(1)} KiB a connection`)
  ok(crowd.every((client) => client.state === 'open' && client.heldBytes === 0))
  await askAll(crowd)
  await load.more(500)
  judgeFlawless(await load.stop(60_000), notes)
  for (const client of crowd) client.close()
  await eventually(async () => (await server.get('/')).status === 200, 'an answer')
  equal((await server.stop()).code, 0)
})

function tooFew(): string | false {
  const limit = descriptorLimit()
  return limit < LIMIT ? `this process may open only ${limit} descriptors` : false
}
