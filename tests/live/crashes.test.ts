import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Notes } from '../kit/gate.ts'
import { judgeFlawless, judgeKilled, killRunners, Load, notedRuns } from '../kit/load.ts'
import { isAlive, processRow, sendSignal } from '../kit/processes.ts'
import { start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const TWO = ['--workers', '2']

test('kill -9 of workers under load: only what they had begun fails', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', TWO)
  const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001) })
  const killed = await killRunners(server, load, notes)
  judgeKilled(await load.stop(), notes, killed)
  ok(load.idsWith(502).length <= killed.size * 33, JSON.stringify(load.statuses))
})

test('kill -9 of every process that forks workers, under load: not one request fails', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', TWO)
  const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001) })
  for (let at = 0; at < 3; at++) {
    await load.more(100)
    const [worker] = await server.workerPids(1)
    const forker = processRow(worker!)?.parent
    if (forker === undefined || forker === server.pid) continue
    const crew = server.processes().filter(({ parent }) => parent === forker)
    sendSignal(forker, 'SIGKILL')
    await server.until(new RegExp(`\\b${forker}\\b.*SIGKILL`))
    // Those that are left belong to its zygote, which the next round would find.
    await eventually(() => crew.every(({ pid }) => !isAlive(pid)), 'its workers to be relieved')
  }
  await load.more(100)
  judgeFlawless(await load.stop(), notes)
})

test('kill -9 of the zygote that a template came from, under load: not one request fails', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', TWO)
  const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001) })
  await load.more(100)
  const zygote = server.zygotePids()[0]!
  sendSignal(zygote, 'SIGKILL')
  await server.until(new RegExp(`\\b${zygote}\\b.*SIGKILL`))
  await eventually(() => server.zygotePids().some((pid) => pid !== zygote), 'a new zygote')
  await load.more(300)
  judgeFlawless(await load.stop(), notes)
  await server.workerPids(2)
})

test('kill -9 of the front under load: nothing is left', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', TWO)
  const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001) })
  await load.more(100)
  server.signal('SIGKILL')
  await server.gone()
  await load.stop()
})

for (const { page, line, why } of [
  { page: 'segfault', line: /SIGSEGV/, why: 'reads address 0' },
  { page: 'abort', line: /SIGABRT/, why: 'calls abort()' },
  { page: 'overflow', line: /SIGSEGV|RecursionError/, why: 'runs out of its stack' },
  { page: 'die?exit=7', line: /\b7\b/, why: 'calls os._exit(7)' },
  { page: 'die?exit=0', line: /exit/, why: 'calls os._exit(0)' },
]) {
  test(`a worker that ${why}: its request fails, the others don’t, the log says how it ended`, async (t) => {
    const notes = new Notes(t)
    const server = await start(t, 'crashing.py', TWO)
    const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001), lanes: 4 })
    await load.more(50)
    const own = new Notes(t)
    const answer = await server.get(`/${page}${page.includes('?') ? '&' : '?'}log=${own.path}&name=${page}`)
    ok([500, 502].includes(answer.status), String(answer.status))
    const culprit = Number(own.lines()[0]?.split(' ')[1])
    const said = await server.until(line, { from: server.startLines.length })
    if (answer.status === 502) match(said.input!, new RegExp(`\\b${culprit}\\b|${answer.header('x-request-id')}`))
    await load.more(50)
    judgeKilled(await load.stop(), notes, new Set(answer.status === 502 ? [culprit] : []))
    await server.workerPids(2)
  })
}

test('sys.exit in a request is its own failure, not the worker’s end', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  const before = await server.workerPids(1)
  equal((await server.get('/leave?code=3')).status, 500)
  await server.until(/SystemExit/)
  deepEqual(await server.workerPids(1), before)
})

test('a request that wants too much memory fails alone', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  const before = await server.workerPids(1)
  equal((await server.get(`/exhaust?size=${2 ** 30}`)).status, 500)
  await server.until(/MemoryError/)
  deepEqual(await server.workerPids(1), before)
})

test('a thread of the application’s own that raises: its traceback is in the log, the worker lives on', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  equal((await server.get('/thread-dies')).text, 'it died')
  await server.until(/ZeroDivisionError/)
  equal((await server.get('/')).status, 200)
})

for (const where of ['c', 'python', 'stopped'])
  test(`a worker that hangs (${where}) holds only what it was given; a stop ends it`, async (t) => {
    const own = new Notes(t)
    const notes = new Notes(t)
    // Nothing is sent ahead: what hangs in C behind the interpreter's lock can't give it back, nor can who is stopped.
    const options = [...TWO, '--look-ahead', '0', '--graceful-timeout', '500ms']
    const server = await start(t, 'crashing.py', options, { inThreads: where !== 'python' })
    const client = await server.connect()
    await client.write(request('GET', `/hang?where=${where}&log=${own.path}`))
    await own.until(1)
    const load = await Load.begin(t, server, { ask: notedRuns(notes) })
    await load.more(200)
    judgeFlawless(await load.stop(), notes)
    server.signal('SIGTERM')
    equal((await server.exit(10_000)).code, 0)
    await server.gone()
  })

test('a worker that becomes another program is replaced', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'crashing.py', ONE)
  equal((await server.get(`/replace?log=${own.path}`)).status, 502)
  const pid = Number(own.lines()[0]?.split(' ')[1])
  const [next] = await server.workerPids(1)
  notEqual(next, pid)
  await eventually(() => !isAlive(pid), 'the other program to be ended')
})

test('a worker that closes all its descriptors is replaced', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'crashing.py', ONE)
  equal((await server.get(`/close-all?log=${own.path}`)).status, 502)
  const pid = Number(own.lines()[0]?.split(' ')[1])
  const [next] = await server.workerPids(1)
  notEqual(next, pid)
  await eventually(() => !isAlive(pid), 'its process to be gone')
})

test('a worker that has used up its descriptors goes on answering, and ends when told', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  ok(Number((await server.get('/descriptors')).text) > 10)
  for (let at = 0; at < 20; at++) equal((await server.get('/')).status, 200)
  equal((await server.stop()).code, 0)
  await server.gone()
})

test('a worker that closes its output goes on', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  equal((await server.get('/close-output')).text, 'silent')
  for (let at = 0; at < 20; at++) equal((await server.get('/')).status, 200)
  equal((await server.stop()).code, 0)
})

test('bytes on descriptor 1 become a line of the log, whatever they are', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  const [pid] = await server.workerPids(1)
  equal((await server.get('/raw?word=sense')).text, 'written')
  const line = await server.until(/half a line.*of sense/)
  match(line.input!, new RegExp(`\\b${pid}\\b`))
})

test('a forked child outlives its request, its worker and the server’s stop, and holds up none of them', async (t) => {
  const server = await start(t, 'crashing.py', ONE)
  const client = await server.connect()
  const [worker] = await server.workerPids(1)
  await client.write(request('GET', '/fork', [['Connection', 'close']]))
  const answer = await client.response()
  equal((await client.rest()).length, 0, 'the connection ends, though the child lives')
  const child = Number(answer.text)
  ok(isAlive(child))
  sendSignal(worker!, 'SIGKILL')
  await server.until(new RegExp(`\\b${worker}\\b.*SIGKILL`))
  notEqual((await server.workerPids(1))[0], worker)
  ok(isAlive(child), 'it is the application’s, not ours to end')
  equal((await server.stop()).code, 0)
})

test('a child that comes back out of the application answers nothing', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', ONE)
  for (let at = 0; at < 10; at++) {
    const answer = await server.get(`/fork-and-answer?log=${notes.path}`)
    match(answer.text, /^parent \d+$/)
    const child = Number(answer.text.split(' ')[1])
    await eventually(() => !isAlive(child), 'the child to end')
  }
  equal(notes.lines().length, 10)
  equal((await server.workerPids(1)).length, 1)
})

test('workers that ignore every signal that asks: stop and kill work all the same', async (t) => {
  const server = await start(t, 'crashing.py', TWO, { env: { DEAF: '1' }, ownGroup: true })
  const [pid] = await server.workerPids(2)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) sendSignal(pid!, signal)
  for (let at = 0; at < 10; at++) equal((await server.get('/')).status, 200)
  ok((await server.workerPids(2)).includes(pid!))
  server.signalGroup('SIGTERM')
  equal((await server.exit()).code, 0)
  await server.gone()
})

test('signals that are sent to a worker by hand end nothing', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', TWO)
  const before = (await server.workerPids(2)).sort()
  const load = await Load.begin(t, server, { ask: notedRuns(notes) })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    for (const pid of [...before, ...server.zygotePids()]) sendSignal(pid, signal)
    await load.more(50)
  }
  judgeFlawless(await load.stop(), notes)
  deepEqual((await server.workerPids(2)).sort(), before)
})
