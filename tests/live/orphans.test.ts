import { equal, match, notEqual, ok } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { Notes } from '../kit/gate.ts'
import { isAlive, processRow, sendSignal } from '../kit/processes.ts'
import { folder, type LiveServer, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const TWO = ['--workers', '2']

/** The front's own child; with a template there is one more step down to the workers. */
function zygoteOf(server: LiveServer): number {
  const row = server.processes().find((process) => process.parent === server.pid)
  ok(row, 'the front has a child')
  return row.pid
}

/** Both workers busy, in Python and in C, so that nobody listens to anything. */
async function stuck(server: LiveServer, notes: Notes): Promise<void> {
  for (const where of ['python', 'c']) {
    const client = await server.connect()
    await client.write(request('GET', `/spin?where=${where}&name=${where}&log=${notes.path}`))
    await notes.until(new RegExp(`^${where} `))
  }
}

for (const isStuck of [false, true]) {
  const how = isStuck ? 'stuck workers' : 'idle workers'

  test(`the front is killed: nothing is left (${how})`, async (t) => {
    const server = await start(t, 'probe.py', TWO)
    await server.workerPids(2)
    if (isStuck) await stuck(server, new Notes(t))
    server.signal('SIGKILL')
    await server.gone()
  })

  test(`front and zygote are killed together: nothing is left (${how})`, async (t) => {
    const server = await start(t, 'probe.py', TWO)
    await server.workerPids(2)
    if (isStuck) await stuck(server, new Notes(t))
    const zygote = zygoteOf(server)
    sendSignal(zygote, 'SIGKILL')
    server.signal('SIGKILL')
    await server.gone()
  })

  test(`zygote first, then the front: nothing is left (${how})`, async (t) => {
    const server = await start(t, 'probe.py', TWO)
    await server.workerPids(2)
    if (isStuck) await stuck(server, new Notes(t))
    const zygote = zygoteOf(server)
    sendSignal(zygote, 'SIGKILL')
    await eventually(() => !isAlive(zygote), 'the zygote to be gone')
    server.signal('SIGKILL')
    await server.gone()
  })
}

test('the zygote is killed: the server goes on, with a new one', async (t) => {
  const server = await start(t, 'probe.py', TWO)
  const before = await server.workerPids(2)
  const zygote = zygoteOf(server)
  sendSignal(zygote, 'SIGKILL')
  await server.until(/SIGKILL|zygote/i, { from: server.startLines.length })
  for (let at = 0; at < 20; at++) equal((await server.get('/')).status, 200)
  await eventually(
    () => server.processes().some((row) => row.parent === server.pid && row.pid !== zygote),
    'a new zygote',
  )
  await eventually(() => before.every((pid) => !isAlive(pid)), 'the old workers to be gone')
  const after = await server.workerPids(2)
  for (const pid of after) ok(!before.includes(pid))
  equal((await server.stop()).code, 0)
  await server.gone()
})

test('every process but the front is killed in turn: each time the server serves again', async (t) => {
  const server = await start(t, 'probe.py', TWO)
  await server.workerPids(2)
  const seen = server.pythons()
  ok(seen.length >= 3, 'a zygote and two workers')
  for (const { pid } of seen) {
    if (!processRow(pid)) continue
    sendSignal(pid, 'SIGKILL')
    await eventually(async () => (await server.get('/')).status === 200, 'an answer')
    await server.workerPids(2)
  }
  equal((await server.stop()).code, 0)
  await server.gone()
})

test('the front is killed while the application loads: nothing is left', async (t) => {
  const notes = new Notes(t)
  const server = run(t, ['slow_import.py', ...TWO, '--bind', '127.0.0.1:0'], { env: { NOTES: notes.path } })
  await notes.until(1)
  server.signal('SIGKILL')
  await server.gone()
})

test('every process but the front is killed while the application loads: it ends, and says why', async (t) => {
  const notes = new Notes(t)
  const server = run(t, ['slow_import.py', ...TWO, '--bind', '127.0.0.1:0'], { env: { NOTES: notes.path } })
  await notes.until(1)
  for (const { pid } of server.pythons()) sendSignal(pid, 'SIGKILL')
  notEqual((await server.exit()).code, 0)
  match(server.stderr, /SIGKILL/)
  await server.gone()
})

test('a worker that is stuck in C is ended at a stop', async (t) => {
  const server = await start(t, 'probe.py', [...TWO, '--graceful-timeout', '300ms'])
  await stuck(server, new Notes(t))
  server.signal('SIGTERM')
  await server.exit(10_000)
  await server.gone()
})

test('an application’s own child that holds everything open doesn’t hold up a worker’s end', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const [pid] = await server.workerPids(1)
  const child = Number((await server.get('/child')).text)
  atEnd(t, () => sendSignal(child, 'SIGKILL'))
  equal((await server.get('/die')).status, 502)
  const [next] = await server.workerPids(1)
  notEqual(next, pid)
  ok(isAlive(child))
  const exit = await server.stop()
  equal(exit.code, 0)
})

test('the runtime folder is gone after a stop', async (t) => {
  const temporary = folder(t)
  const server = await start(t, 'probe.py', TWO, { env: { TMPDIR: temporary } })
  await server.get('/')
  equal((await server.stop()).code, 0)
  equal(readdirSync(temporary).join(), '')
})
