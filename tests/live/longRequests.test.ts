import { test } from 'node:test'
import { noGevent } from '../kit/gevent.ts'
import { gunicorn } from '../kit/gunicorn.ts'
import { takes45Seconds } from '../kit/longRequest.ts'
import { start } from '../kit/server.ts'
import { waitressServe } from '../kit/waitress.ts'
import { noWallClock, WallClock } from '../kit/wallClock.ts'

const SKIP = { skip: noWallClock }
const APP = 'green:application'
const TWO = ['--workers', '2']

test('45 s with --timeout 30s: ended after 30, with its stack', SKIP, async (t) => {
  const clock = new WallClock(t)
  const server = await start(t, APP, [...TWO, '--timeout', '30s'], { env: clock.env })
  await takes45Seconds(t, server, clock, { isBounded: true, records: 1 })
})

test('45 s with --timeout-action log, in threads: answered, and one record', SKIP, async (t) => {
  const clock = new WallClock(t)
  const args = ['--threads', '2', '--timeout', '30s', '--timeout-action', 'log']
  const server = await start(t, APP, [...TWO, ...args], { env: clock.env })
  await takes45Seconds(t, server, clock, { isBounded: false, records: 1 })
})

test('45 s with --timeout-action log, in greenlets', { skip: noWallClock || noGevent }, async (t) => {
  const clock = new WallClock(t)
  const args = ['--greenlets', '10', '--timeout', '30s', '--timeout-action', 'log']
  const server = await start(t, APP, [...TWO, ...args], { env: clock.env })
  await takes45Seconds(t, server, clock, { isBounded: false, records: 1 })
})

test('45 s with --timeout 0: answered, and no record', SKIP, async (t) => {
  const clock = new WallClock(t)
  const server = await start(t, APP, [...TWO, '--timeout', '0'], { env: clock.env })
  await takes45Seconds(t, server, clock, { isBounded: false, records: 0 })
})

test("45 s under Waitress's defaults: answered, as nothing there bounds a request", SKIP, async (t) => {
  const clock = new WallClock(t)
  const server = await waitressServe(t, [APP], { env: clock.env })
  await takes45Seconds(t, server, clock, { isBounded: false, records: 0 })
})

const DIALECT: readonly (readonly [args: string, isBounded: boolean, records: number])[] = [
  ['-w 2', true, 1],
  ['-w 2 --threads 2', false, 1],
  ['-w 2 -k gthread --threads 2', false, 1],
  ['-w 2 -k gevent', false, 1],
  ['-w 2 -k gevent --timeout 30', true, 1],
  ['-w 2 --timeout 0', false, 0],
]

for (const [args, isBounded, records] of DIALECT) {
  const skip = noWallClock || (args.includes('gevent') && noGevent)
  const outcome = `${isBounded ? 'ended after 30' : 'answered'}, ${records} in the log`
  test(`45 s under dram gunicorn ${args}: ${outcome}`, { skip }, async (t) => {
    const clock = new WallClock(t)
    const server = await gunicorn(t, [...args.split(' '), APP], { env: clock.env })
    await takes45Seconds(t, server, clock, { isBounded, records })
  })
}
