import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns, ranBy } from '../kit/load.ts'
import { isAlive } from '../kit/processes.ts'
import { type LiveServer, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1', '--log-format', 'json']
const TWO = ['--workers', '2', '--log-format', 'json']
const MIB = 1024 * 1024
const SHORT = ['--timeout', '500ms', '--graceful-timeout', '500ms']

for (const { page, why } of [
  { page: 'naps', why: 'sleeps' },
  { page: 'loops', why: 'is in an endless loop' },
  { page: 'stubborn', why: 'is in an endless loop and catches everything' },
  { page: 'hangs', why: 'hangs in C with the interpreter’s lock' },
  { page: 'matches', why: 'matches a regular expression for ever' },
  { page: 'locks', why: 'waits for a lock for ever' },
]) {
  test(`--timeout, an application that ${why}: 504, one record with its stack, a new worker`, async (t) => {
    const own = new Notes(t)
    const server = await start(t, 'limits.py', [...TWO, ...SHORT])
    await server.workerPids(2)
    const client = await server.connect()
    await client.write(request('GET', `/${page}?log=${own.path}&secret=hidden`))
    const pid = Number((await own.until(1))[0]!.split(' ')[1])
    const answer = await client.response()
    equal(answer.status, 504)
    match(answer.text, /REQUEST_TIMEOUT/)
    const record = await untilEvent(server, 'request_overdue')
    equal(record.requestId, answer.header('x-request-id'))
    equal(record.method, 'GET')
    equal(record.path, `/${page}`)
    equal(record.client, '127.0.0.1')
    equal(record.pid, pid)
    ok(Number(record.ageMs) >= 500)
    match(String(record.trace), new RegExp(`in ${page}\\b`), 'the stack names the application’s function')
    match(String(record.trace), /limits\.py", line \d+/)
    await eventually(() => !isAlive(pid), 'the worker to be ended')
    ok(!(await server.workerPids(2)).includes(pid))
    equal(events(server, 'request_overdue').length, 1)
    equal((await untilEvent(server, 'worker_ended')).reason, 'timeout')
    equal((await server.stop()).code, 0)
    await server.gone()
  })
}

test('--timeout, a worker that is stopped as a whole: 504, a record, a new worker', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...TWO, ...SHORT])
  const client = await server.connect()
  await client.write(request('GET', `/freezes?log=${own.path}`))
  const pid = Number((await own.until(1))[0]!.split(' ')[1])
  equal((await client.response()).status, 504)
  equal((await untilEvent(server, 'request_overdue')).pid, pid)
  await eventually(() => !isAlive(pid), 'the worker to be ended')
  equal((await server.workerPids(2)).length, 2)
})

test('--timeout: an exception is raised in the request’s thread, so that it can give back what it holds', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...ONE, '--timeout', '500ms'], { inThreads: true })
  equal((await server.get(`/loops?log=${own.path}&name=began`)).status, 504)
  deepEqual(
    (await own.until(2)).map((line) => line.split(' ')[0]),
    ['began', 'RequestTimeout'],
  )
  await server.until(/worker_ended/)
  equal((await server.get('/')).status, 200)
})

test('--timeout: the other threads’ requests finish, and the replacement serves meanwhile', async (t) => {
  const own = new Notes(t)
  const gate = new Gate(t)
  const options = [...ONE, '--threads', '2', '--stream-timeout', '500ms']
  const server = await start(t, 'limits.py', options, { inThreads: true })
  const [before] = await server.workerPids(1)
  const other = await server.connect()
  await other.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  // The one that is late has begun its answer, the other one hasn't: only the first is under this limit.
  const late = await server.connect()
  await late.write(request('GET', `/streams?log=${own.path}`))
  await late.failure()
  const [next] = await server.workerPids(1)
  notEqual(next, before)
  gate.open()
  equal((await other.response()).status, 200)
})

test('--timeout: requests beside one that hangs in C each get an answer of their own', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...ONE, '--threads', '3', ...SHORT])
  const clients: Client[] = []
  for (const page of ['naps', 'naps', 'hangs']) {
    const client = await server.connect()
    await client.write(request('GET', `/${page}?log=${own.path}&name=${page}`))
    await own.until(clients.push(client))
  }
  const answers = await Promise.all(clients.map((client) => client.response()))
  deepEqual(
    answers.map(({ status }) => status),
    [504, 504, 504],
  )
  equal(new Set(answers.map((answer) => answer.header('x-request-id'))).size, 3)
  await eventually(() => events(server, 'request_overdue').length === 3, 'a record each')
  equal((await server.get('/')).status, 200)
})

test('--timeout: what was sent ahead to a worker that hangs in C runs elsewhere, once', async (t) => {
  const notes = new Notes(t)
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...ONE, ...SHORT, '--look-ahead', '32'])
  const teach = await server.connect()
  await teach.write(Buffer.concat(Array.from({ length: 200 }, () => request('GET', '/'))))
  await teach.responses(200)
  const names = Array.from({ length: 20 }, (_, at) => `n${at}`)
  await teach.write(
    Buffer.concat([
      request('GET', `/hangs?log=${own.path}`),
      ...names.map((name) => request('GET', `/run?name=${name}&log=${notes.path}`)),
    ]),
  )
  const [first, ...rest] = await teach.responses(21)
  equal(first!.status, 504)
  deepEqual(
    rest.map((answer) => answer.text),
    names.map((name) => `ran ${name}`),
  )
  deepEqual([...ranBy(notes).keys()], names)
})

test('--timeout: the clock stands still while the application waits for its client’s body', async (t) => {
  const server = await start(t, 'limits.py', [...ONE, '--timeout', '500ms', '--stream-requests'])
  const client = await server.connect()
  await client.write(request('POST', '/swallows', [['Content-Length', '2000000']]))
  await dripFor(client, 2_000_000, 1500)
  const answer = await client.response()
  equal(answer.status, 200)
  equal(answer.text, '2000000')
  equal(events(server, 'request_overdue').length, 0)
})

test('--timeout: the time in the queue doesn’t count', async (t) => {
  const server = await start(t, 'limits.py', [...ONE, '--timeout', '700ms', '--look-ahead', '0'])
  const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect()))
  for (const client of clients) await client.write(request('GET', '/run?hold=0.3'))
  for (const client of clients) equal((await client.response()).status, 200)
})

test('--timeout 0: any time', async (t) => {
  const server = await start(t, 'limits.py', [...ONE, '--timeout', '0'])
  equal((await server.get('/run?hold=1.2')).status, 200)
})

test('--timeout: an answer that has begun may go on', async (t) => {
  const server = await start(t, 'limits.py', [...ONE, '--timeout', '500ms'])
  equal((await server.get('/drips?count=5&pause=0.3')).text, '0,1,2,3,4,')
})

test('--stream-timeout: silence between chunks breaks the answer off, with a record', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...ONE, '--stream-timeout', '500ms', '--graceful-timeout', '500ms'])
  equal((await server.get('/drips?count=5&pause=0.2')).text, '0,1,2,3,4,', 'chunks that come in time')
  const client = await server.connect()
  await client.write(request('GET', `/streams?log=${own.path}`))
  await client.failure()
  const record = await untilEvent(server, 'request_overdue')
  equal(record.code, 'STREAM_TIMEOUT')
  match(String(record.trace), /in streams\b/)
  equal((await server.get('/')).status, 200)
})

for (const { flags, reason, many } of [
  { flags: ['--max-requests', '50'], reason: 'requests', many: 1000 },
  { flags: ['--max-worker-age', '300ms'], reason: 'age', many: 1500 },
]) {
  test(`${flags.join(' ')} under load: workers are replaced, not one request fails`, async (t) => {
    const notes = new Notes(t)
    const server = await start(t, 'limits.py', [...TWO, ...flags])
    const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 32 })
    await load.more(many)
    await eventually(() => ends(server, reason).length >= 4, `four that ended: ${reason}`)
    await load.more(100)
    judgeFlawless(await load.stop(), notes)
    const pids = new Set(ranBy(notes).values())
    ok(pids.size >= 4, `${pids.size} workers`)
    deepEqual(
      events(server, 'worker_ended').filter((event) => event.level === 'error'),
      [],
    )
  })
}

for (const measure of ['pss', 'rss'])
  test(`--max-worker-memory, ${measure}: one that leaks is replaced, not one request fails`, async (t) => {
    const notes = new Notes(t)
    const args = [...TWO, '--max-worker-memory', '96MiB', '--worker-memory-measure', measure]
    const server = await start(t, 'limits.py', args)
    const load = await Load.begin(t, server, { ask: leaking(notes), lanes: 8 })
    await eventually(() => ends(server, 'memory').length >= 3, 'three that ended for their memory')
    judgeFlawless(await load.stop(), notes)
  })

test('--max-worker-memory: idle, too', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...ONE, '--max-worker-memory', '96MiB'])
  await server.get(`/leaks?size=${128 * MIB}&log=${own.path}`)
  const pid = Number(own.lines()[0]!.split(' ')[1])
  await eventually(() => !isAlive(pid), 'the worker to be replaced')
  await eventually(() => ends(server, 'memory').length === 1, 'its end to be told')
  notEqual((await server.workerPids(1))[0], pid)
})

test('--min-worker-lifetime: no limit replaces it before', async (t) => {
  const server = await start(t, 'limits.py', [...ONE, '--max-requests', '2', '--min-worker-lifetime', '1h'])
  const [pid] = await server.workerPids(1)
  for (let at = 0; at < 20; at++) equal((await server.get('/pid')).text, String(pid))
})

test('--memory-limit: one that eats too much in one request is killed, with its stack in the log', async (t) => {
  const own = new Notes(t)
  const server = await start(t, 'limits.py', [...TWO, '--memory-limit', '200MiB'])
  const client = await server.connect()
  await client.write(request('GET', `/hoards?log=${own.path}`))
  const pid = Number((await own.until(1))[0]!.split(' ')[1])
  equal((await client.response()).status, 502)
  const record = await untilEvent(server, 'worker_over_memory')
  equal(record.pid, pid)
  ok(Number(record.rssBytes) > 200 * MIB)
  match(String(record.trace), /in hoards\b/)
  await eventually(() => ends(server, 'memory_limit').length === 1, 'its end to be told')
  equal((await server.workerPids(2)).length, 2)
})

interface Event {
  readonly event: string
  readonly level: string
  readonly [name: string]: unknown
}

function events(server: LiveServer, kind: string): Event[] {
  return server.lines.map(parsed).filter((line): line is Event => line?.event === kind)
}

function ends(server: LiveServer, reason: string): Event[] {
  return events(server, 'worker_ended').filter((event) => event.reason === reason)
}

async function untilEvent(server: LiveServer, kind: string): Promise<Event> {
  const match = await server.until(new RegExp(`"event":"${kind}"`))
  return JSON.parse(match.input!) as Event
}

function parsed(line: string): Event | null {
  try {
    return JSON.parse(line) as Event
  } catch {
    return null
  }
}

function leaking(notes: Notes) {
  return (id: string) => ({
    bytes: request('GET', `/leaks?name=${id}&log=${notes.path}&size=${4 * MIB}`),
    method: 'GET',
    check: (answer: { text: string }) => equal(answer.text, `ran ${id}`),
  })
}

/** So many bytes, evenly over so long. */
async function dripFor(client: Client, bytes: number, ms: number): Promise<void> {
  const began = performance.now()
  let sent = 0
  while (sent < bytes) {
    const due = Math.min(bytes, Math.ceil((bytes * (performance.now() - began)) / ms))
    if (due > sent) await client.write(Buffer.alloc(due - sent, 'x'))
    sent = Math.max(sent, due)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
