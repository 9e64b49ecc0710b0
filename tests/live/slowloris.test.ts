import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { descriptorLimit, Slowloris } from '../kit/crowd.ts'
import { Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

// The throughput that is left is measured by bench/slowloris.ts.
const COUNT = 1_000
const LIMIT = COUNT + 500
const SKIP = { skip: descriptorLimit() < LIMIT ? 'this process may open too few descriptors' : false, timeout: 120_000 }

test(`${COUNT} connections that send a byte now and then: all others are answered`, SKIP, async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', ['--workers', '2'], { ulimit: `-n ${LIMIT}` })
  const slow = await Slowloris.begin(t, server.port, COUNT)
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 16 })
  await load.more(3000)
  equal(slow.open, COUNT)
  judgeFlawless(await load.stop(), notes)
  equal((await server.get('/')).status, 200)
  // They hold up the stop no longer than a running request might.
  slow.end()
  equal((await server.stop()).code, 0)
})

test(`${COUNT} that come again whenever they are thrown off`, SKIP, async (t) => {
  const notes = new Notes(t)
  const args = ['--workers', '2', '--head-timeout', '1s', '--body-timeout', '1s']
  const server = await start(t, 'probe.py', args, { ulimit: `-n ${LIMIT}` })
  const slow = await Slowloris.begin(t, server.port, COUNT, 500)
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 16 })
  await eventually(() => slow.thrownOff >= COUNT, 'them to be thrown off')
  await load.more(1000)
  judgeFlawless(await load.stop(), notes)
  ok(server.lines.some((line) => /HEAD_TIMEOUT/.test(line)))
})
