import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { noGevent } from '../kit/gevent.ts'
import { Load } from '../kit/load.ts'
import { folder, type LiveServer, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const SKIP = { skip: noGevent }
const APP = 'green:application'

function green(t: Scope, count: number, ...args: string[]): Promise<LiveServer> {
  return start(t, APP, ['--workers', '1', '--greenlets', String(count), ...args])
}

test(
  'everything is patched before the application is imported, and it is told that it shares its process',
  SKIP,
  async (t) => {
    const server = await green(t, 10)
    match(server.startLines.join('\n'), /1 worker × 10 greenlets/)
    const [, kind, patched, multithread] = (await server.get('/facts')).text.split(' ')
    match(kind!, /^gevent\./)
    equal(patched, 'socket,time,threading,select,ssl')
    equal(multithread, 'True')
    equal((await server.get('/spawned')).text, '0 1 2')
    equal((await server.stop()).code, 0)
  },
)

test('thousands of requests of 200 clients sleep side by side in one worker', SKIP, async (t) => {
  const server = await green(t, 200)
  const load = await Load.begin(t, server, {
    lanes: 200,
    ask: () => ({
      bytes: Buffer.from(request('GET', '/sleep?s=0.05')),
      method: 'GET',
      check: (answer) => equal(answer.text, 'slept'),
    }),
  })
  await load.more(4_000, 60_000)
  await load.stop()
  deepEqual(load.failures, [])
  deepEqual(Object.keys(load.statuses), ['200'])
  const most = Number((await server.get('/facts')).text.split(' ')[4])
  ok(most > 50 && most <= 200, `${most} at a time`)
})

test('no more at a time than --greenlets: the rest waits in the queue', SKIP, async (t) => {
  const server = await green(t, 3)
  await Promise.all(Array.from({ length: 12 }, () => server.get('/sleep?s=0.05')))
  equal((await server.get('/facts')).text.split(' ')[4], '3')
})

test('a slow reader and a streamed upload hold up nobody', SKIP, async (t) => {
  const server = await green(t, 10, '--stream-requests', '--response-spool', '64KiB', '--body-memory', '1MiB')
  const reader = await server.connect({ paused: true })
  await reader.write(request('GET', '/large?mib=20'))
  const writer = await server.connect()
  await writer.write(`${request('POST', '/echo', [['Content-Length', '10']])}12345`)
  for (let at = 0; at < 20; at++) equal((await server.get('/')).text, 'hello')
  await writer.write('67890')
  equal((await writer.response()).text, '1234567890')
  reader.resume()
  equal((await reader.response()).body.length, 20 * 1024 * 1024)
})

test('an overdue request: 504, its own stack, the exception where it waits; the others finish', SKIP, async (t) => {
  const server = await green(t, 10, '--timeout', '500ms')
  const streaming = server.get('/stream?n=30&s=0.1')
  const answer = await server.get('/hang')
  equal(answer.status, 504)
  await server.until(/\/hang: no answer within 500ms/)
  await server.until(/green\.py", line \d+, in hang/)
  await server.until(/left by RequestTimeout/)
  const streamed = await streaming
  equal(streamed.status, 200)
  equal(streamed.text.trim().split('\n').length, 30)
  await server.until(/worker 1 .*ended: a request was over --timeout \(exit code 0\)/)
  equal((await server.get('/')).status, 200)
})

test('an overdue request that keeps the hub: its stack, and the worker is ended with it', SKIP, async (t) => {
  const server = await green(t, 10, '--timeout', '500ms')
  const [spinning, sleeping] = await Promise.all([server.get('/spin'), server.get('/sleep?s=30')])
  deepEqual([spinning.status, sleeping.status], [504, 504])
  await server.until(/green\.py", line \d+, in spin/)
  await server.until(/worker 1 .*ended: a request was over --timeout/)
  equal((await server.get('/')).status, 200)
})

test('--timeout-action log: the record and the stack, and the request goes on', SKIP, async (t) => {
  const server = await green(t, 10, '--timeout', '100ms', '--timeout-action', 'log')
  const answer = await server.get('/sleep?s=0.6')
  deepEqual([answer.status, answer.text], [200, 'slept'])
  await server.until(/warning.*\/sleep: no answer within 100ms; it goes on/)
  await server.until(/green\.py", line \d+, in sleep/)
  equal(server.lines.filter((line) => line.includes('it goes on')).length, 1)
  equal((await server.get('/')).status, 200)
  ok(!server.lines.some((line) => line.includes('worker 1 (') && line.includes('ended')))
})

test('a reload and a stop let what sleeps finish', SKIP, async (t) => {
  const server = await green(t, 50)
  const sleeping = Promise.all(Array.from({ length: 40 }, () => server.get('/sleep?s=1')))
  await eventually(async () => (await server.get('/facts')).text.endsWith(' 41'), 'all to sleep')
  server.signal('SIGHUP')
  await server.until(/reloaded/)
  const later = server.get('/sleep?s=0.5')
  deepEqual([...new Set((await sleeping).map(({ status }) => status))], [200])
  equal((await later).status, 200)
  equal((await server.stop()).code, 0)
})

test('--preload auto is never, always is', SKIP, async (t) => {
  const own = await green(t, 5)
  equal(
    own.processes().some(({ command }) => command.includes('template')),
    false,
  )
  const shared = await start(t, APP, ['--workers', '2', '--greenlets', '5', '--preload', 'always'])
  match((await shared.get('/facts')).text, / socket,time,threading,select,ssl True /)
  await Promise.all(Array.from({ length: 10 }, () => shared.get('/sleep?s=0.1')))
  equal((await shared.workerPids(2)).length, 2)
  equal((await shared.stop()).code, 0)
})

test('without gevent: what to install, and for which Python', async (t) => {
  const path = folder(t, { 'app.py': 'application = None\n' })
  const hidden = folder(t, { 'gevent.py': "raise ModuleNotFoundError('no gevent', name='gevent')\n" })
  const server = run(t, ['app', '--greenlets', '5', '--pythonpath', hidden, '--bind', '127.0.0.1:0'], { cwd: path })
  equal((await server.exit()).code, 4)
  match(server.stderr, /--greenlets needs gevent, which is not installed/)
  match(server.stderr, /pip install gevent/)
  match(server.stderr, /GEVENT_MISSING/)
})

test('several fronts share the greenlets', SKIP, async (t) => {
  const server = await green(t, 50, '--fronts', '2')
  const answers = await Promise.all(Array.from({ length: 60 }, () => server.get('/sleep?s=0.1')))
  deepEqual([...new Set(answers.map(({ text }) => text))], ['slept'])
  equal((await server.stop()).code, 0)
})

test('what comes while one worker computes is run by the other', SKIP, async (t) => {
  const server = await green(t, 20, '--workers', '2')
  equal((await server.workerPids(2)).length, 2)
  const end = join(folder(t), 'end')
  const computing = server.get(`/compute?until=${end}`)
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.get('/')))
    deepEqual([...new Set(answers.map(({ text }) => text))], ['hello'])
  }
  writeFileSync(end, '')
  equal((await computing).text, 'computed')
  equal((await server.get('/')).text, 'hello')
})

test('--timeout-action log: a worker whose hub never turns again is ended all the same', SKIP, async (t) => {
  const server = await green(t, 10, '--timeout', '200ms', '--timeout-action', 'log')
  equal((await server.get('/spin')).status, 504)
  await server.until(/\/spin: no answer within 200ms; it goes on/)
  await server.until(/green\.py", line \d+, in spin/)
  await server.until(/worker 1 .*ended: a request was over --timeout/)
  equal((await server.get('/')).status, 200)
})

test('commands and children, while others sleep', SKIP, async (t) => {
  const server = await green(t, 20)
  const sleeping = Promise.all(Array.from({ length: 8 }, () => server.get('/sleep?s=1')))
  const commands = Promise.all(Array.from({ length: 6 }, () => server.get('/command')))
  const forks = Promise.all(Array.from({ length: 10 }, () => server.get('/fork')))
  deepEqual([...new Set((await commands).map(({ text }) => text))], ['a command'])
  deepEqual([...new Set((await forks).map(({ text }) => text))], ['7'])
  deepEqual([...new Set((await sleeping).map(({ text }) => text))], ['slept'])
  equal((await server.get('/')).text, 'hello')
  equal((await server.stop()).code, 0)
})
