import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeKilled, Load, notedRuns } from '../kit/load.ts'
import { isAlive, processRow, pssBytes, sendSignal } from '../kit/processes.ts'
import { FULL, folder, type LiveServer, type StartOptions, start as startAny } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const TWO = ['--workers', '2']
const MIB = 1024 * 1024

/** With gevent nothing is preloaded. */
function start(t: Scope, app: string, args: readonly string[], options: StartOptions = {}): Promise<LiveServer> {
  return startAny(t, app, args, { ...options, inThreads: true })
}

test('a clean application is loaded once, and postfork runs once in each worker', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'loads.py', TWO, { env: { NOTES: notes.path } })
  await server.until(/preloaded: workers are forked from it/)
  const pids = await server.workerPids(2)
  const parents = new Set(pids.map((pid) => processRow(pid)?.parent))
  equal(parents.size, 1, 'one template')
  deepEqual(lines(notes, 'load'), [String([...parents][0])], 'loaded once, by their parent')
  deepEqual(lines(notes, 'postfork').sort(), pids.map(String).sort())
  equal((await server.stop()).code, 0)
  await server.gone()
})

for (const { leaves, what, says } of [
  { leaves: 'thread', what: 'a thread', says: /thread.*made-at-import/ },
  { leaves: 'sockets', what: 'sockets', says: /socket/ },
  { leaves: 'sqlite', what: 'a database connection', says: /SQLite|database/i },
  { leaves: 'epoll', what: 'an epoll descriptor', says: /epoll/ },
  { leaves: 'loop', what: 'an event loop', says: /event loop/ },
  { leaves: 'child', what: 'a child process', says: /child/ },
  { leaves: 'handler', what: 'a signal handler', says: /SIGUSR2/ },
  { leaves: 'generator', what: 'a seeded generator', says: /generator/ },
]) {
  test(`an application that leaves ${what} behind is not preloaded, and the log says what stood in the way`, async (t) => {
    const notes = new Notes(t)
    const env = { NOTES: notes.path, LEAVES: leaves, DATABASE: join(folder(t), 'things.db') }
    const server = await start(t, 'loads.py', TWO, { env })
    const line = await server.until(/not preloaded/)
    ok(says.test(line.input!), line.input)
    const pids = await server.workerPids(2)
    deepEqual(lines(notes, 'load').sort(), pids.map(String).sort(), 'each worker loaded it for itself, and nobody else')
    deepEqual(lines(notes, 'postfork').sort(), pids.map(String).sort())
    equal((await server.stop()).code, 0)
  })
}

test('--preload always shares whatever there is, and says so', async (t) => {
  const notes = new Notes(t)
  const env = { NOTES: notes.path, LEAVES: 'sockets' }
  const server = await start(t, 'loads.py', [...TWO, '--preload', 'always'], { env })
  await server.workerPids(2)
  equal(lines(notes, 'load').length, 1)
  await server.until(/socket/)
})

test('--preload never: each worker loads it', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'loads.py', [...TWO, '--preload', 'never'], { env: { NOTES: notes.path } })
  const pids = await server.workerPids(2)
  deepEqual(lines(notes, 'load').sort(), pids.map(String).sort())
})

test('a killed worker is replaced from the template, which loads nothing', async (t) => {
  const notes = new Notes(t)
  const runs = new Notes(t)
  const server = await start(t, 'loads.py', TWO, { env: { NOTES: notes.path } })
  const killed = new Set<number>()
  const load = await Load.begin(t, server, { ask: notedRuns(runs, 0.001), lanes: 8 })
  for (let at = 0; at < 3; at++) {
    await load.more(50)
    const pid = Number(runs.lines().at(-1)!.split(' ')[1])
    killed.add(pid)
    sendSignal(pid, 'SIGKILL')
    await server.until(new RegExp(`\\b${pid}\\b.*SIGKILL`))
    await server.workerPids(2)
  }
  judgeKilled(await load.stop(), runs, killed)
  equal(lines(notes, 'load').length, 1)
  equal(lines(notes, 'postfork').length, 5)
})

test('the template is killed: not one request fails, and the application is loaded once more', async (t) => {
  const notes = new Notes(t)
  const gate = new Gate(t)
  const server = await start(t, 'loads.py', TWO, { env: { NOTES: notes.path } })
  const before = await server.workerPids(2)
  const template = processRow(before[0]!)!.parent
  notEqual(template, server.pid)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  sendSignal(template, 'SIGKILL')
  await eventually(() => lines(notes, 'load').length === 2, 'a second load')
  await eventually(async () => {
    const answer = await server.get('/pid')
    equal(answer.status, 200)
    return !before.includes(Number(answer.text))
  }, 'an answer by a new worker')
  gate.open()
  equal((await client.response()).status, 200)
  await eventually(() => before.every((pid) => !isAlive(pid)), 'the old workers to be gone')
})

test('an orphan of the application’s is reaped', async (t) => {
  const server = await start(t, 'loads.py', TWO)
  const [worker] = await server.workerPids(2)
  const child = Number((await server.get('/child')).text)
  const owner = processRow(child)!.parent
  sendSignal(owner, 'SIGKILL')
  await eventually(() => !isAlive(owner), 'its parent to be gone')
  sendSignal(child, 'SIGKILL')
  await eventually(() => processRow(child) === null, 'no zombie to be left')
  ok(worker)
})

test('workers share what the application has loaded', async (t) => {
  const env = { LEAVES: 'ballast' }
  const shared = await start(t, 'loads.py', ['--workers', '4'], { env })
  const alone = await start(t, 'loads.py', ['--workers', '4', '--preload', 'never'], { env })
  await Promise.all([busy(shared), busy(alone)])
  const [together, apart] = [pythonBytes(shared), pythonBytes(alone)]
  t.diagnostic(`${(together / MIB).toFixed(0)} MiB instead of ${(apart / MIB).toFixed(0)} MiB`)
  ok(together < 0.5 * apart, `${(together / MIB).toFixed(0)} MiB, ${(apart / MIB).toFixed(0)} MiB without`)
})

test('--workers 1..3: requests that wait bring more workers', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1..3'])
  equal((await server.get('/')).status, 200)
  const gates = [new Gate(t), new Gate(t), new Gate(t)]
  const clients = await Promise.all(gates.map(() => server.connect()))
  for (const [at, client] of clients.entries()) await client.write(request('GET', `/wait?gate=${gates[at]!.path}`))
  await Promise.all(gates.map((gate) => gate.entered()))
  // Three at the same time, and a fourth waits: there are never more.
  const fourth = await server.connect()
  await fourth.write(request('GET', '/pid'))
  ok(server.pythons().length <= 3 + 2, 'workers, zygote, template')
  for (const gate of gates) gate.open()
  for (const client of clients) equal((await client.response()).status, 200)
  equal((await fourth.response()).status, 200)
  // Leaving again takes half a minute of idleness.
  if (FULL) await server.until(/from 2 to 1 worker/, { guardMs: 60_000 })
  equal((await server.get('/')).status, 200)
})

test('--workers 0..2: none before the first request, which is answered', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'loads.py', ['--workers', '0..2'], { env: { NOTES: notes.path } })
  equal(lines(notes, 'postfork').length, 0)
  const answers = await Promise.all(Array.from({ length: 4 }, () => server.get('/pid?hold=0.05')))
  ok(answers.every(({ status }) => status === 200))
  ok(lines(notes, 'postfork').length >= 1)
  equal((await server.stop()).code, 0)
  await server.gone()
})

function lines(notes: Notes, word: string): string[] {
  return notes
    .lines()
    .map((line) => line.split(' '))
    .filter(([said]) => said === word)
    .map(([, pid]) => pid!)
}

async function busy(server: LiveServer): Promise<void> {
  await server.workerPids(4)
  for (let at = 0; at < 20; at++) await Promise.all(Array.from({ length: 8 }, () => server.get('/')))
}

function pythonBytes(server: LiveServer): number {
  return server.pythons().reduce((sum, row) => sum + pssBytes(row.pid), 0)
}
