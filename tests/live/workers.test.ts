import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { isAlive, sendSignal } from '../kit/processes.ts'
import { folder, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const TWO = ['--workers', '2']
const ONE = ['--workers', '1']

test('as many workers as asked for', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '3'])
  equal((await server.workerPids(3)).length, 3)
})

test('a killed worker: 502 for what it ran, a line that says so, and a new worker', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const [pid] = await server.workerPids(1)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}`, [['X-Request-ID', 'ignored']]))
  await gate.entered()
  sendSignal(pid!, 'SIGKILL')
  const answer = await client.response()
  equal(answer.status, 502)
  await server.until(new RegExp(`WORKER_DIED.*${answer.header('x-request-id')}`))
  await server.until(new RegExp(`\\b${pid}\\b.*SIGKILL`))
  const [next] = await server.workerPids(1)
  notEqual(next, pid)
  equal(isAlive(pid!), false)
})

test('a worker that exits by itself: its code is logged', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  equal((await server.get('/die?exit=7')).status, 502)
  await server.until(/\b7\b/, { from: server.startLines.length })
  equal((await server.get('/')).status, 200)
})

test('a worker that crashes: the signal is named', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  equal((await server.get('/die?signal=SIGSEGV')).status, 502)
  await server.until(/died.*SIGSEGV/)
  equal((await server.get('/')).status, 200)
})

test('only what the dead worker ran fails', async (t) => {
  const server = await start(t, 'probe.py', TWO)
  const gate = new Gate(t)
  const safe = await server.connect()
  await safe.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  equal((await server.get('/die')).status, 502)
  gate.open()
  equal((await safe.response()).status, 200)
})

test('what was sent ahead to a worker that dies is run, and nothing is run twice', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', [...ONE, '--look-ahead', '32'])
  // Short requests teach it to send ahead.
  const client = await server.connect()
  await client.write(Buffer.concat(Array.from({ length: 200 }, () => request('GET', '/'))))
  await client.responses(200)
  const names = Array.from({ length: 20 }, (_, at) => `n${at}`)
  const bytes = names.map((name, at) =>
    request('GET', at === 5 ? `/die?name=${name}&log=${notes.path}` : `/run?name=${name}&log=${notes.path}`),
  )
  await client.write(Buffer.concat(bytes))
  const answers = await client.responses(20)
  // What had run in the same worker before the death may have lost its answer, but isn't run again.
  deepEqual(answers.map((answer, at) => [at, at < 5 ? 'any' : answer.status]).slice(5), [
    [5, 502],
    ...Array.from({ length: 14 }, (_, at) => [at + 6, 200]),
  ])
  deepEqual(ranNames(notes), names)
})

test('kills at random under load: every request is answered, none is run twice', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', TWO)
  const statuses = new Map<string, number>()
  const loops = Array.from({ length: 8 }, async (_, loop) => {
    for (let at = 0; at < 60; at++) {
      const name = `${loop}.${at}`
      statuses.set(name, (await server.get(`/run?name=${name}&hold=0.002&log=${notes.path}`)).status)
    }
  })
  const killing = (async () => {
    for (let at = 0; at < 4; at++) {
      const [pid] = [
        ...new Set(
          notes
            .lines()
            .slice(-20)
            .map((line) => Number(line.split(' ')[1])),
        ),
      ]
      if (pid) sendSignal(pid, 'SIGKILL')
      await notes.until(notes.lines().length + 60).catch(() => {})
    }
  })()
  await Promise.all([...loops, killing])
  const ran = notes.lines().map((line) => line.split(' ')[0]!)
  equal(new Set(ran).size, ran.length, 'a request was run twice')
  ok([...statuses.values()].every((status) => status === 200 || status === 502))
  ok([...statuses.values()].filter((status) => status === 502).length <= 4 * 33)
  for (const [name, status] of statuses) if (status === 200) ok(ran.includes(name), `${name} was answered and not run`)
})

test('a slow request doesn’t block the fast ones of its batch', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const teach = await server.connect()
  await teach.write(Buffer.concat(Array.from({ length: 100 }, () => request('GET', '/'))))
  await teach.responses(100)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(
    Buffer.concat([request('GET', '/fast'), request('GET', `/wait?gate=${gate.path}`), request('GET', '/fast2')]),
  )
  // The first answer leaves while the second runs.
  equal((await client.response()).text, 'Hello! You requested: /fast')
  await gate.entered()
  gate.open()
  deepEqual(
    (await client.responses(2)).map((answer) => answer.text),
    ['waited ', 'Hello! You requested: /fast2'],
  )
})

test('with a free worker, what was sent ahead behind a slow request runs there', async (t) => {
  const server = await start(t, 'probe.py', TWO)
  await server.workerPids(2)
  const teach = await server.connect()
  await teach.write(Buffer.concat(Array.from({ length: 200 }, () => request('GET', '/'))))
  await teach.responses(200)
  const gate = new Gate(t)
  const slow = await server.connect()
  const others = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  // All in one turn, so that some are sent ahead to the worker that will be slow.
  slow.socket.write(request('GET', `/wait?gate=${gate.path}`))
  for (const client of others) client.socket.write(request('GET', '/fast'))
  const answers = await Promise.all(others.map((client) => client.response()))
  ok(answers.every((answer) => answer.status === 200))
  await gate.entered()
  gate.open()
  equal((await slow.response()).status, 200)
})

test('sleeps of 1 s among fast requests: the fast ones wait only for a worker', { timeout: 60_000 }, async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'timed.py', TWO, { env: { NOTES: notes.path } })
  await server.workerPids(2)
  const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()))
  const asked: { name: string; at: number }[] = []
  const begun = performance.now()
  await Promise.all(
    clients.map(async (client, loop) => {
      for (let at = 0; performance.now() - begun < 6000; at++) {
        const name = `${loop}.${at}`
        const isSlow = (loop * 7 + at * 13) % 101 === 0
        asked.push({ name, at: Number(process.hrtime.bigint()) / 1e9 })
        await client.write(request('GET', `/${isSlow ? 'slow' : 'fast'}?name=${name}`))
        equal((await client.response()).status, 200)
      }
    }),
  )
  judgeWaits(notes, asked)
})

test('a crash loop backs off instead of burning the machine', async (t) => {
  const here = folder(t)
  const notes = new Notes(t)
  const server = await start(t, 'dies_after_start.py', ONE, { env: { NOTES: notes.path, HERE: here } })
  equal((await server.get('/')).status, 200)
  await server.get('/die')
  await notes.until(4)
  const early = notes.lines().length
  const until = performance.now() + 2000
  await eventually(() => performance.now() > until, 'two seconds')
  ok(notes.lines().length - early < 12, `${notes.lines().length - early} more starts in two seconds`)
  equal((await server.stop()).code, 0)
})

test('the queue is bounded: 503 with Retry-After', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--queue', '5'], { inThreads: true })
  const gate = new Gate(t)
  const held = await server.connect()
  await held.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  const clients = await Promise.all(Array.from({ length: 12 }, () => server.connect()))
  for (const client of clients) await client.write(request('GET', '/'))
  const statuses: number[] = []
  const answers = clients.map(async (client) => {
    const answer = await client.response()
    statuses.push(answer.status)
    return answer
  })
  await eventually(() => statuses.length === 7, 'seven refusals')
  await server.until(/QUEUE_FULL/)
  gate.open()
  const refused = (await Promise.all(answers)).filter((answer) => answer.status === 503)
  equal(refused.length, 7, statuses.join())
  for (const answer of refused) match(answer.header('retry-after') ?? '', /^\d+$/)
  equal((await held.response()).status, 200)
})

test('waiting too long: 503 with Retry-After, and it is never run', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--queue-timeout', '300ms'])
  const gate = new Gate(t)
  const notes = new Notes(t)
  const held = await server.connect()
  await held.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  const late = await server.get(`/run?log=${notes.path}`)
  equal(late.status, 503)
  match(late.header('retry-after') ?? '', /^\d+$/)
  gate.open()
  equal((await held.response()).status, 200)
  equal((await server.get('/')).status, 200)
  equal(notes.lines().length, 0)
})

test('what is cancelled while queued is never run', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const notes = new Notes(t)
  const held = await server.connect()
  await held.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  const waiting = await server.connect()
  await waiting.write(request('GET', `/run?name=gone&log=${notes.path}`))
  const behind = await server.connect()
  await behind.write(request('GET', `/run?name=behind&log=${notes.path}`))
  // The request has been read: one that comes together with its reset can’t be told from a half-close (libuv).
  await eventually(async () => (await server.exchange('BAD\r\n\r\n')).length > 0, 'a refusal')
  waiting.reset()
  // A whole turn of the front: it has seen the reset when it answers this.
  await eventually(async () => (await server.exchange('BAD\r\n\r\n')).length > 0, 'a refusal')
  gate.open()
  equal((await behind.response()).status, 200)
  deepEqual(ranNames(notes), ['behind'])
})

test('one connection can’t crowd out the others', async (t) => {
  const server = await start(t, 'probe.py', ONE, { inThreads: true })
  const gate = new Gate(t)
  const greedy = await server.connect()
  await greedy.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  await greedy.write(Buffer.concat(Array.from({ length: 30 }, () => request('GET', '/run?hold=0.05'))))
  const modest = await server.connect()
  await modest.write(request('GET', '/modest'))
  gate.open()
  equal((await modest.response()).status, 200)
  ok(greedy.heldBytes < 30 * 100, 'the other request came before the whole batch')
  equal((await greedy.responses(31)).length, 31)
})

test('an application that can’t boot never gets a port', async (t) => {
  const server = run(t, ['dies_at_import.py', ...ONE, '--bind', '127.0.0.1:0'])
  equal((await server.exit()).code, 4)
  await server.gone()
})

function ranNames(notes: Notes): string[] {
  return notes.lines().map((line) => line.split(' ')[0]!)
}

/**
 * Each line of the notes: name, worker, entry and exit on the system's one monotonic clock. While a fast request
 * waited, there must not have been a worker without work for long: not near the second that one behind a sleeper waits,
 * whatever a busy machine adds.
 */
function judgeWaits(notes: Notes, asked: readonly { name: string; at: number }[]): void {
  const rows = notes.lines().map((line) => {
    const [name = '', pid = '', entry = '', exit = ''] = line.split(' ')
    return { name, pid, entry: Number(entry), exit: Number(exit) }
  })
  const byWorker = new Map<string, typeof rows>()
  for (const row of rows) byWorker.set(row.pid, [...(byWorker.get(row.pid) ?? []), row])
  const entered = new Map(rows.map((row) => [row.name, row.entry]))
  let worst = 0
  for (const { name, at } of asked) {
    const entry = entered.get(name)
    if (entry === undefined || entry - at < 0.05) continue
    for (const own of byWorker.values()) worst = Math.max(worst, idleWithin(own, at, entry))
  }
  ok(rows.length > 100, `${rows.length} requests were run`)
  ok(worst < 0.5, `a request waited ${(worst * 1000).toFixed(0)} ms for a worker that was free`)
}

/** The longest time between `from` and `to` in which this worker ran nothing. */
function idleWithin(rows: readonly { entry: number; exit: number }[], from: number, to: number): number {
  let free = from
  let longest = 0
  for (const { entry, exit } of rows) {
    if (exit <= from || entry >= to) continue
    longest = Math.max(longest, entry - free)
    free = Math.max(free, exit)
  }
  return Math.max(longest, to - free)
}
