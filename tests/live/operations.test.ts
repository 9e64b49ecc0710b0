import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { askServer } from '../../src/control/client.ts'
import { findServers } from '../../src/control/find.ts'
import { Client, request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { judgeFlawless, Load, notedRuns } from '../kit/load.ts'
import { sendSignal } from '../kit/processes.ts'
import { APPS, DRAM, FULL, folder, type LiveServer, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const ONE = ['--workers', '1']
const STACKS = FULL ? 10_000 : 500

// Admission

test('a connection that pipelines 64 deep has no more than twice the rate of each of 63 that send singly', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2'])
  const rates = await Promise.all(Array.from({ length: 64 }, () => Rate.connect(t, server)))
  for (const [at, rate] of rates.entries()) rate.ask(at === 0 ? 64 : 1)
  await eventually(() => rates.every(({ answers }) => answers >= 20), 'everybody to be at it')
  // On a busy machine the client itself may starve for a while, and then there is no crowd: without the rule no window
  // at all is fair (14 to 60 times).
  const windows: boolean[] = []
  while (!windows.includes(true) && windows.length < 8) windows.push(await isFair(rates))
  for (const rate of rates) rate.end()
  ok(windows.includes(true), 'one window in which all get theirs')
})

/** Over 150 answers each: does the first get at most twice as many as any other, within a batch, and no other twice as many as it? */
async function isFair(rates: readonly Rate[]): Promise<boolean> {
  const before = rates.map(({ answers }) => answers)
  await eventually(() => rates.every(({ answers }, at) => answers - before[at]! >= 150), '150 answers each')
  const [deep = 0, ...single] = rates.map(({ answers }, at) => answers - before[at]!)
  return deep <= 2 * Math.min(...single) + 64 && Math.max(...single) <= 2 * deep
}

test('--max-client-connections: 503 for more of one client, nothing for others, room when one leaves', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--max-client-connections', '2'])
  const [first, second] = [await server.connect(), await server.connect()]
  for (const client of [first, second]) await client.write(request('GET', '/'))
  for (const client of [first, second]) equal((await client.response()).status, 200)
  const answer = await (await server.connect()).response()
  equal(answer.status, 503)
  match(answer.text, /TOO_MANY_OF_CLIENT/)
  ok(Number(answer.header('retry-after')) > 0)
  const other = connect({ host: server.host, port: server.port, localAddress: '127.0.0.2' })
  atEnd(t, () => other.destroy())
  other.write(request('GET', '/'))
  const [bytes] = (await once(other, 'data')) as [Buffer]
  match(bytes.toString('latin1'), /^HTTP\/1\.1 200 /)
  await server.until(/clients_turned_away turnedAway=1 code=TOO_MANY_OF_CLIENT/)
  first.close()
  await eventually(async () => (await server.get('/')).status === 200, 'room for another')
})

test('--workers 0..2: the first request is answered whatever --workers-memory', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '0..2', '--workers-memory', '1MiB', '--health-paths'])
  equal((await server.get('/-/ready')).status, 200)
  equal((await server.get('/')).status, 200)
})

// Limits

test('--timeout: a client that takes its answer slowly is not the application’s delay', async (t) => {
  const limits = ['--timeout', '300ms', '--stream-timeout', '300ms']
  const args = [...ONE, '--threads', '2', ...limits, '--response-spool', '64KiB']
  const server = await start(t, 'limits.py', args)
  const client = await server.connect({ paused: true })
  await client.write(request('GET', '/unsized?size=20000000'))
  equal((await server.get('/drips?count=8&pause=0.1')).status, 200, 'that takes 0.8 s')
  client.resume()
  const answer = await client.response()
  equal(answer.body.length, 20_000_000)
  ok(!server.lines.some((line) => line.includes('request_overdue')))
})

test('--timeout: who is still not done after --graceful-timeout has an answer’s end and a line of its own', async (t) => {
  const own = new Notes(t)
  const args = [...ONE, '--threads', '3', '--timeout', '500ms', '--graceful-timeout', '500ms']
  const server = await start(t, 'limits.py', args, { inThreads: true })
  const [drip, short, late] = await Promise.all([server.connect(), server.connect(), server.connect()])
  await drip!.write(request('GET', '/drips?count=1000&pause=0.1'))
  await short!.write(request('GET', '/drips?count=6&pause=0.1'))
  await late!.write(request('GET', `/stubborn?log=${own.path}`))
  equal((await late!.response()).status, 504)
  equal((await short!.response()).text, '0,1,2,3,4,5,', 'there was time enough for this one')
  await drip!.failure()
  await server.until(/GET \/stubborn: no answer within 500ms.*request_overdue/)
  await server.until(/GET \/drips\?count=1000.*request_failed code=WORKER_DIED/)
  await server.until(/worker_ended.*reason=timeout/)
  equal((await server.get('/')).status, 200)
})

// Insight

test(`${STACKS} times the stacks of all workers, under load: not one request fails, no worker ends`, async (t) => {
  const home = folder(t)
  const notes = new Notes(t)
  const args = ['--workers', '2', '--threads', '2', '--runtime-dir', home]
  const server = await start(t, 'probe.py', args, { inThreads: true })
  const before = (await server.workerPids(2)).sort()
  const { socketPath } = findServers([home]).servers[0]!
  const load = await Load.begin(t, server, { ask: notedRuns(notes), lanes: 8 })
  for (let count = 0; count < STACKS; count++) {
    const { workers } = (await askServer(socketPath, { method: 'GET', path: '/v1/stacks' })) as {
      workers: { pid: number; threads: { stack: string }[] | null }[]
    }
    deepEqual(workers.map(({ pid }) => pid).sort(), before)
    ok(workers.every(({ threads }) => threads !== null && threads.length >= 2))
  }
  judgeFlawless(await load.stop(), notes)
  deepEqual((await server.workerPids(2)).sort(), before)
})

test('--metrics-merge-python: summed over the workers, and never less, whoever ends', async (t) => {
  const admin = join(folder(t), 'admin.sock')
  const args = ['--workers', '2', '--metrics-merge-python', '--admin-bind', `unix:${admin}`]
  const server = await start(t, 'counted.py', args)
  const pids = await server.workerPids(2)
  const ask = async (path: string) => {
    const client = await Client.connect({ path: admin })
    await client.write(request('GET', path, [['Connection', 'close']]))
    return client.response()
  }
  equal((await ask('/-/health')).status, 200)
  equal((await ask('/-/ready')).status, 200)
  const read = async () => {
    const { text } = await ask('/metrics')
    const orders = Number(/^shop_orders_total (\d+)$/m.exec(text)?.[1])
    const answered = Number(/^dram_requests_total\{method="GET",status="2xx"\} (\d+)$/m.exec(text)?.[1])
    return {
      orders,
      answered,
      carts: [...text.matchAll(/^shop_cart\{worker="(\d+)"\} /gm)].map(([, number]) => number),
    }
  }
  const first = await read()
  equal(first.orders, first.answered)
  equal(first.carts.length, 2)
  sendSignal(pids[0]!, 'SIGKILL')
  await server.until(/worker_ended/)
  equal((await read()).orders, first.orders)
  for (let at = 0; at < 7; at++) equal((await server.get('/')).status, 200)
  server.signal('SIGHUP') // nobody has read what came last: the workers give account before they go
  await server.until(/reloaded: generation/)
  await eventually(async () => (await read()).carts.length === 2, 'the new workers alone')
  const last = await read()
  equal(last.orders, first.orders + 7)
  equal(last.orders, last.answered)
  ok(last.carts.every((number) => !first.carts.includes(number)))
})

test('--statsd: what happened is pushed', async (t) => {
  const hub = createSocket('udp4')
  atEnd(t, () => hub.close())
  let heard = ''
  hub.on('message', (packet) => {
    heard += `${packet}\n`
  })
  await new Promise<void>((resolve) => hub.bind(0, '127.0.0.1', resolve))
  const args = [...ONE, '--statsd', `127.0.0.1:${hub.address().port}`, '--statsd-prefix', 'shop']
  const server = await start(t, 'probe.py', [...args, '--statsd-interval', '100ms'])
  equal((await server.get('/')).status, 200)
  await eventually(() => heard.includes('shop.requests_total.GET.2xx:1|c\n'), 'the request to be counted')
  match(heard, /^shop\.workers\.serving:1\|g$/m)
  match(heard, /^shop\.request:[\d.e-]+\|ms$/m)
})

test('two servers side by side: by name, by pid, by the working folder; when in doubt, which there are', async (t) => {
  const home = folder(t)
  const [here, there] = [folder(t), folder(t)]
  const both = { env: { PYTHONPATH: APPS } }
  const shop = await start(t, 'probe', [...ONE, '--runtime-dir', home, '--name', 'shop'], { ...both, cwd: here })
  const other = await start(t, 'probe', [...ONE, '--runtime-dir', home], { ...both, cwd: there })
  const pidOf = async (cwd: string, ...argv: string[]) =>
    Number(/pid (\d+)/.exec((await dram(home, cwd, 'status', ...argv)).out)?.[1])
  equal(await pidOf(home, '--name', 'shop'), shop.pid)
  equal(await pidOf(home, '--pid', String(other.pid)), other.pid)
  equal(await pidOf(here), shop.pid)
  equal(await pidOf(there), other.pid)
  const doubt = await dram(home, home, 'stop')
  equal(doubt.code, 7)
  match(doubt.err, /SERVER_AMBIGUOUS/)
  for (const { pid } of [shop, other]) ok(doubt.err.includes(`pid ${pid} `))
  equal((await dram(home, there, 'stop')).code, 0)
  equal((await other.exit()).code, 0)
  equal(await pidOf(home), shop.pid, 'the only one left')
})

// Reload and stop

test('a reload with other settings: threads, --timeout and the format of the log', async (t) => {
  const here = folder(t)
  const settings = (lines: string) => writeFileSync(join(here, 'dram.toml'), `workers = 1\n${lines}\n`)
  settings('')
  const server = await start(t, 'limits', [], { cwd: here, env: { PYTHONPATH: APPS } })
  settings('threads = 2\ntimeout = "400ms"\nlog-format = "json"')
  server.signal('SIGHUP')
  const line = await server.until(/reloaded: generation/)
  equal(JSON.parse(line.input!).event, 'reloaded')
  const met = await Promise.all([server.get('/threads?count=2'), server.get('/threads?count=2')])
  deepEqual(
    met.map(({ text }) => text),
    ['met', 'met'],
  )
  const own = new Notes(t)
  equal((await server.get(`/naps?log=${own.path}`)).status, 504)
})

test('a stop in a pause: what waits is answered first', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  server.signal('SIGWINCH')
  await server.until(/worker_ended/)
  const waiting = await server.connect()
  await waiting.write(request('GET', '/'))
  server.signal('SIGTERM')
  equal((await waiting.response()).status, 200)
  equal((await server.exit()).code, 0)
})

test('who is cut off by a stop is not said to have left', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/wait?gate=${gate.path}`))
  await gate.entered()
  server.signal('SIGQUIT')
  await client.failure()
  equal((await server.exit()).code, 0)
  ok(
    server.lines.some((line) => /GET \/wait.*request_failed code=STOPPING/.test(line)),
    server.stderr,
  )
  ok(!server.lines.some((line) => line.includes('client_left')))
})

test('--daemon and --umask: nobody else may read its log', async (t) => {
  const here = folder(t)
  const log = join(here, 'dram.log')
  const pidfile = join(here, 'dram.pid')
  const files = ['--log-file', log, '--pidfile', pidfile, '--runtime-dir', here]
  const starter = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0', '--daemon', '--umask', '077', ...files])
  equal((await starter.exit()).code, 0)
  for (const path of [log, pidfile]) equal((statSync(path).mode & 0o777).toString(8), '600', path)
  equal((await dram(here, here, 'stop', '--fast')).code, 0)
  await starter.gone()
})

/** Counts answers, and sends as many requests as it has got answers. */
class Rate {
  answers = 0
  readonly #socket: ReturnType<typeof connect>
  #held = ''

  static async connect(t: TestContext, server: LiveServer): Promise<Rate> {
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    atEnd(t, () => socket.destroy())
    socket.on('error', () => {}) // where nobody is answered any more, the test fails
    await once(socket, 'connect')
    return new Rate(socket)
  }

  private constructor(socket: ReturnType<typeof connect>) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => this.#came(text))
  }

  end(): void {
    this.#socket.destroy()
  }

  ask(count: number): void {
    this.#socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count))
  }

  #came(text: string): void {
    const parts = (this.#held + text).split('HTTP/1.1 200 ')
    this.#held = parts.at(-1)!.slice(-16)
    const count = parts.length - 1
    this.answers += count
    if (count > 0) this.ask(count)
  }
}

/** A command, given in this folder. */
function dram(runtimeDir: string, cwd: string, ...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH, DRAM_RUNTIME_DIR: runtimeDir }
  return new Promise((resolve) => {
    execFile(process.execPath, [DRAM, ...argv], { env, cwd }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}
