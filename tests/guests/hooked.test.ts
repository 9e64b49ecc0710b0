import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Client, request } from '../kit/client.ts'
import { atEnd, type Scope } from '../kit/ends.ts'
import { sendSignal } from '../kit/processes.ts'
import { folder, type LiveServer } from '../kit/server.ts'
import { typed } from '../kit/typed.ts'
import { eventually } from '../kit/wait.ts'
import { GUESTS } from './visit.ts'

/** What a gunicorn.conf.py does in production: Prometheus with several processes, Sentry, a connection a worker. */
const HOME = join(GUESTS, 'hooked')
const WORKERS = 3

/** Takes what sentry_sdk sends. */
class Receiver {
  readonly envelopes: string[] = []
  dsn = ''

  static async open(scope: Scope): Promise<Receiver> {
    const receiver = new Receiver()
    const server = createServer(async (message, answer) => {
      receiver.envelopes.push(await textOf(message))
      answer.end('{}')
    })
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    atEnd(scope, () => {
      server.closeAllConnections()
      server.close()
    })
    receiver.dsn = `http://key@127.0.0.1:${(server.address() as AddressInfo).port}/1`
    return receiver
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  const bytes = Buffer.concat(parts)
  return String(message.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)
}

for (const isPreloaded of [false, true]) {
  const title = `gunicorn.conf.py with Prometheus, Sentry and a database${isPreloaded ? ', preload_app' : ''}`
  test(title, { timeout: 90_000 }, async (t) => {
    const own = folder(t)
    const files = join(own, 'prometheus')
    const sentry = await Receiver.open(t)
    const env = {
      SHOP_BIND: '127.0.0.1:0',
      SHOP_WORKERS: String(WORKERS),
      SHOP_PRELOAD: isPreloaded ? '1' : '0',
      SHOP_DATABASE: join(own, 'shop.db'),
      PROMETHEUS_MULTIPROC_DIR: files,
      METRICS_PORT: '0',
      SENTRY_DSN: sentry.dsn,
      PYTHONDONTWRITEBYTECODE: '1',
    }
    const server = await typed(t, 'dram gunicorn', { cwd: HOME, env })
    const pids = await server.workerPids(WORKERS)
    for (const pid of pids) await server.until(new RegExp(`worker spawned \\(pid: ${pid}\\)`))

    await t.test('post_fork: each worker has a connection of its own, made after the fork', async () => {
      await orders(server, 30)
      deepEqual(JSON.parse((await server.get('/orders')).text), { orders: 30 })
    })

    const port = Number((await server.until(/metrics of 3 workers on port (\d+)/))[1])
    await t.test('when_ready: the metrics of all workers, served beside them', async () => {
      match(await scraped(port), /^shop_orders_total 30\.0$/m)
    })

    await t.test('child_exit: a killed worker is marked as dead', async () => {
      const [victim] = pids as [number]
      const gauge = join(files, `gauge_livesum_${victim}.db`)
      ok(existsSync(gauge), readdirSync(files).join(' '))
      sendSignal(victim, 'SIGKILL')
      await server.until(new RegExp(`worker gone \\(pid: ${victim}\\)`))
      equal(existsSync(gauge), false)
      await server.workerPids(WORKERS)
      match(await scraped(port), /^shop_orders_total 30\.0$/m)
    })

    await t.test('sentry: what the application raises is sent, with the tag of its worker', async () => {
      equal((await server.get('/broken')).status, 500)
      const sent = await eventually(
        () => sentry.envelopes.find((text) => text.includes('the shop is out of stock')),
        'an event at the receiver',
      )
      match(sent, /"release":"shop@1\.0"/)
      match(sent, /"tags":\{[^}]*"worker":"\d+"/)
    })

    await t.test(
      'a reload: new connections, the old workers marked; what belongs to the server is done once',
      async () => {
        const before = await server.workerPids(WORKERS)
        server.signal('SIGHUP')
        await server.until(/reloaded: generation/)
        for (const pid of before) await server.until(new RegExp(`worker gone \\(pid: ${pid}\\)`))
        const after = await server.workerPids(WORKERS)
        for (const pid of after) ok(!before.includes(pid))
        await orders(server, 30)
        match(await scraped(port), /^shop_orders_total 60\.0$/m)
        for (const pid of before) equal(existsSync(join(files, `gauge_livesum_${pid}.db`)), false)
        for (const once of [/the shop starts/, /metrics of/])
          equal(server.lines.filter((line) => once.test(line)).length, 1, String(once))
      },
    )

    equal((await server.stop()).code, 0)
    await server.gone()
  })
}

/** Takes orders, several at a time. The worker of each has a connection that it made itself. */
async function orders(server: LiveServer, count: number): Promise<void> {
  const lanes = Array.from({ length: 6 }, async () => {
    for (let at = 0; at < count / 6; at++) {
      const answer = await server.send('POST', '/orders')
      equal(answer.status, 201, answer.text)
      const { pid, connection_of } = JSON.parse(answer.text) as { pid: number; connection_of: number }
      equal(connection_of, pid)
    }
  })
  await Promise.all(lanes)
}

async function scraped(port: number): Promise<string> {
  const client = await Client.connect({ port })
  try {
    await client.write(request('GET', '/metrics', [['Connection', 'close']]))
    return (await client.response()).text
  } finally {
    client.close()
  }
}
