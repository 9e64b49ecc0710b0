import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client, type Response, request } from '../kit/client.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, judgeKilled, killRunners, Load, notedRuns } from '../kit/load.ts'
import { DRAM, folder, type LiveServer, start } from '../kit/server.ts'
import { Shop } from '../kit/shop.ts'
import { eventually } from '../kit/wait.ts'

const TWO_FRONTS = ['--fronts', '2']
const ONE = [...TWO_FRONTS, '--workers', '1']
const TWO = [...TWO_FRONTS, '--workers', '2']

/** Each front begins the names of its requests in its own way (kit/ids.ts). */
function frontOf(answer: Response): string {
  return answer.header('x-request-id')!.split('-')[0]!
}

async function ask(client: Client, target = '/'): Promise<Response> {
  await client.write(request('GET', target))
  return client.response()
}

/** A connection to each of two fronts, whichever is which. */
async function clientsOfBoth(server: LiveServer): Promise<[Client, Client]> {
  const found = new Map<string, Client>()
  await eventually(async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()))
    for (const client of clients) found.set(frontOf(await ask(client)), client)
    return found.size === 2
  }, 'a connection to each front')
  return [...found.values()] as [Client, Client]
}

/** What a command says of the server whose runtime folder is in `home`. */
function said(home: string, command: string): Promise<string> {
  const env = { PATH: process.env.PATH, DRAM_RUNTIME_DIR: home }
  return new Promise((resolve) => {
    execFile(process.execPath, [DRAM, command], { env, cwd: home }, (_, out, err) => resolve(out + err))
  })
}

async function held(client: Client, gate: Gate): Promise<void> {
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
}

test('two fronts share the workers, and are one server to whoever asks', async (t) => {
  const home = folder(t)
  const access = join(home, 'access.log')
  const admin = join(home, 'admin.sock')
  const args = ['--access-log', access, '--admin-bind', `unix:${admin}`, '--runtime-dir', home]
  const server = await start(t, 'probe.py', [...TWO, ...args])
  await server.workerPids(2)
  const clients = await clientsOfBoth(server)
  const workers = new Set<string>()
  for (const client of clients) for (let at = 0; at < 20; at++) workers.add((await ask(client, '/pid')).text)
  equal(workers.size, 2, 'each worker is reached')

  const gates = [new Gate(t, 'one'), new Gate(t, 'two')]
  for (const [at, client] of clients.entries()) await held(client, gates[at]!)
  for (const command of ['requests', 'stacks'])
    equal((await said(home, command)).match(/GET \/wait/g)?.length, 2, command)
  match(await said(home, 'status'), /fronts +2/)
  for (const gate of gates) gate.open()
  for (const client of clients) equal((await client.response()).status, 200)

  const scraper = await server.connect({ path: admin })
  const { text } = await ask(scraper, '/metrics')
  const counted = Number(/^dram_requests_total\{method="GET",status="2xx"\} (\d+)$/m.exec(text)?.[1])
  const lines = () => readFileSync(access, 'utf8').split('\n').slice(0, -1)
  await eventually(() => lines().length >= counted, 'all lines of the access log')
  equal(lines().length, counted)
  for (const line of lines()) match(line, /^127\.0\.0\.1 - - \[.*\] "GET \S+ HTTP\/1\.1" 200 \d+ "-" "-"$/)
})

test('a worker that one front frees is the other’s, whose request waits', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'probe.py', ONE)
  const [first, second] = await clientsOfBoth(server)
  for (let round = 0; round < 10; round++) {
    const gate = new Gate(t, `gate${round}`)
    await held(first, gate)
    await second.write(request('GET', `/run?name=${round}&log=${notes.path}`))
    const third = await server.connect()
    await third.write(request('GET', '/'))
    gate.open()
    equal((await first.response()).status, 200)
    equal((await second.response()).status, 200)
    equal((await third.response()).status, 200)
  }
  deepEqual(
    notes.lines().map((line) => line.split(' ')[0]),
    Array.from({ length: 10 }, (_, round) => String(round)),
  )
})

test('the queue is one: its limit counts what waits at every front', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--queue', '2', '--look-ahead', '0'])
  const [first, second] = await clientsOfBoth(server)
  const gate = new Gate(t)
  await held(first, gate)
  const crowd = await Promise.all(Array.from({ length: 6 }, () => server.connect()))
  const answers = [second, ...crowd].map((client) => ask(client, '/pid'))
  const turnedAway = await eventually(async () => {
    const refused = await Promise.all(answers.map((answer) => Promise.race([answer, null])))
    return refused.filter((answer) => answer?.status === 503).length === 5
  }, 'all but two to be refused')
  ok(turnedAway)
  gate.open()
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  equal(statuses.filter((status) => status === 200).length, 2)
})

test('the limits of connections are those of all fronts together', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--max-connections', '12', '--max-client-connections', '10'])
  const kept: Client[] = []
  while (kept.length < 10) kept.push(await server.connect())
  const answers = await Promise.all(kept.map((client) => ask(client)))
  deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const other = await server.connect()
  const refused = await ask(other)
  equal(refused.status, 503)
  match(refused.text, /TOO_MANY_OF_CLIENT/)
  kept[0]!.close()
  await eventually(async () => (await server.get('/')).status === 200, 'room for another')
})

test('a request over --timeout fails alone, at whichever front it is', async (t) => {
  const server = await start(t, 'limits.py', [...TWO, '--threads', '2', '--timeout', '700ms', '--log-format', 'json'])
  for (const client of await clientsOfBoth(server)) {
    const notes = new Notes(t, `notes${frontOf(await ask(client))}`)
    const from = server.lines.length
    const late = await ask(client, `/loops?log=${notes.path}&name=began`)
    equal(late.status, 504)
    const [line] = await server.until(/.*request_overdue.*/, { from })
    const record = JSON.parse(line) as Record<string, string>
    equal(record.requestId, late.header('x-request-id'))
    match(record.trace!, /in loops\b/)
    deepEqual(
      (await notes.until(2)).map((noted) => noted.split(' ')[0]),
      ['began', 'RequestTimeout'],
    )
    await server.until(/worker_ended/, { from })
    await server.workerPids(2)
  }
})

test('kill -9 of workers under load: each front knows what of its own had begun', async (t) => {
  const notes = new Notes(t)
  const server = await start(t, 'crashing.py', TWO)
  const load = await Load.begin(t, server, { ask: notedRuns(notes, 0.001) })
  const killed = await killRunners(server, load, notes)
  judgeKilled(await load.stop(), notes, killed)
})

test('reloads and a graceful stop under load: not one request fails', async (t) => {
  const notes = new Notes(t)
  const shop = await Shop.open(t, TWO)
  const load = await Load.begin(t, shop.server, { ask: notedRuns(notes) })
  for (const version of ['2', '3']) {
    await load.more(200)
    shop.write(version)
    match(await shop.reload(), /reloaded/)
    for (const client of await clientsOfBoth(shop.server)) equal((await ask(client, '/version')).text, version)
  }
  judgeFlawless(await load.stop(), notes)
  const [first, second] = await clientsOfBoth(shop.server)
  const gates = [new Gate(t, 'one'), new Gate(t, 'two')]
  await held(first, gates[0]!)
  await held(second, gates[1]!)
  shop.server.signal('SIGTERM')
  const isClosed = () =>
    shop.server.connect().then(
      (client) => client.close(),
      () => true,
    )
  await eventually(isClosed, 'no front to listen any more')
  for (const gate of gates) gate.open()
  for (const client of [first, second]) {
    const answer = await client.response()
    deepEqual([answer.status, answer.header('connection')], [200, 'close'])
  }
  equal((await shop.server.exit()).code, 0)
  await shop.server.gone()
  ok(!shop.server.stderr.includes('error'), shop.server.stderr)
})

test('what nobody caught in a front ends the server, and the log says what it was', async (t) => {
  const program = `import { isMainThread } from 'node:worker_threads'
if (!isMainThread) setTimeout(() => { throw new Error('a mistake of ours') }, 1500)`
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(program)}` }
  const server = await start(t, 'probe.py', ONE, { env })
  const { code } = await server.exit()
  equal(code, 70)
  match(server.stderr, /INTERNAL|a mistake of ours/)
  await server.gone()
})

test('a Unix socket is served by all fronts, and its file is gone after the stop', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const server = await start(t, 'probe.py', [...ONE, '--bind', `unix:${path}`], { bind: false })
  const found = new Set<string>()
  await eventually(async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect({ path })))
    for (const client of clients) found.add(frontOf(await ask(client)))
    return found.size === 2
  }, 'both fronts to answer')
  equal((await server.stop()).code, 0)
  await server.gone()
})
