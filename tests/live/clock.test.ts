import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { type LiveServer, start } from '../kit/server.ts'
import { noWallClock, WallClock } from '../kit/wallClock.ts'

const SKIP = { skip: noWallClock }
/** Deadlines that a jump must not reach. */
const LIMITS = ['--max-worker-age', '1h', '--timeout', '5m', '--stream-timeout', '5m', '--queue-timeout', '5m']
const DAY_S = 86_400
const JUMPS = [DAY_S, -DAY_S, 30 * DAY_S, -3600, 0]

test('the wall clock jumps under load: nothing times out, nothing is replaced', SKIP, async (t) => {
  const clock = new WallClock(t)
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', ['--workers', '2', ...LIMITS], { env: clock.env })
  const before = (await server.workerPids(2)).sort()
  const idle = await server.connect()
  await idle.write(request('GET', '/'))
  equal((await idle.response()).status, 200)
  const half = await server.connect()
  await half.write('GET /half HTTP/1.1\r\nHost: a\r\n')
  const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001), lanes: 4 })
  for (const seconds of JUMPS) {
    clock.set(seconds)
    await load.more(300)
    ok(Math.abs((await shiftOf(server)) - seconds) < 60, 'the server sees the new time')
  }
  judgeFlawless(await load.stop(), notes)
  await idle.write(request('GET', '/'))
  equal((await idle.response()).status, 200)
  await half.write('\r\n')
  equal((await half.response()).status, 200)
  deepEqual((await server.workerPids(2)).sort(), before)
  equal((await server.stop()).code, 0)
})

test('the wall clock jumps while requests run, wait, and while the server stops', SKIP, async (t) => {
  const clock = new WallClock(t)
  const gate = new Gate(t)
  const args = ['--workers', '1', '--head-timeout', '300ms', ...LIMITS]
  const server = await start(t, 'probe.py', args, { env: clock.env })
  const running = await server.connect()
  await running.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  const waiting = await server.connect()
  await waiting.write(request('GET', '/waited-in-the-queue'))
  for (const seconds of JUMPS) {
    clock.set(seconds)
    // Deadlines go on counting: this head is late, and all others have been looked at by the time it is told so.
    const late = await server.connect()
    await late.write('GET / HTTP/1.1\r\n')
    equal((await late.response()).status, 408)
  }
  server.signal('SIGTERM')
  await server.until(/stopping/)
  clock.set(DAY_S)
  gate.open()
  equal((await running.response()).status, 200)
  equal((await waiting.response()).text, 'Hello! You requested: /waited-in-the-queue')
  equal((await server.exit()).code, 0)
})

/** How far the server's clock is from ours, seconds. */
async function shiftOf(server: LiveServer): Promise<number> {
  return (Date.parse((await server.get('/')).header('date')!) - Date.now()) / 1000
}
