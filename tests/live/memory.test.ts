import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { openDescriptors, pssBytes, rssBytes } from '../kit/processes.ts'
import { FULL, type LiveServer, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const MIB = 1024 * 1024
const REQUESTS = FULL ? 1_000_000 : 60_000
const BATCH = 100
/** Node 26 alone has 40 MiB before any code of ours; a server on it has 82 when it starts, on Node 20 some 61. */
const MOST_FRONT = 100 * MIB
const MOST_CHURNING_FRONT = 120 * MIB

test(`the front’s memory is flat over ${REQUESTS} requests`, { timeout: 600_000 }, async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  await load(server, REQUESTS / 2)
  const [worker] = await server.workerPids(1)
  const before = pssBytes(worker!)
  await load(server, REQUESTS / 2)
  const front = rssBytes(server.pid)
  ok(front <= MOST_FRONT, `the front has ${(front / MIB).toFixed(1)} MiB`)
  const grown = pssBytes(worker!) - before
  ok(grown < 4 * MIB, `the worker grew by ${(grown / MIB).toFixed(1)} MiB`)
})

test('connections that come and go leave nothing behind', { timeout: 300_000 }, async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const rounds = FULL ? 20_000 : 2_000
  await comeAndGo(server, rounds)
  const before = rssBytes(server.pid)
  await comeAndGo(server, rounds)
  const front = rssBytes(server.pid)
  // Connections outlive a collection of young garbage, so the heap breathes between its full ones; a leak of one
  // kilobyte a connection would show in the long run.
  ok(front <= MOST_CHURNING_FRONT, `the front has ${(front / MIB).toFixed(1)} MiB`)
  if (FULL) ok(front - before < 16 * MIB, `the front grew by ${((front - before) / MIB).toFixed(1)} MiB`)
  // Standard streams, listener, the worker's own, epoll and its like: nothing of the clients'.
  const sockets = () => openDescriptors(server.pid).filter((name) => name.startsWith('socket:'))
  await eventually(() => sockets().length < 12, `only the server's own sockets to be open, not ${sockets().length}`)
})

/** Pipelined on four connections, with targets and headers that differ, so that caches have to let go. */
async function load(server: LiveServer, count: number): Promise<void> {
  const each = count / 4
  await Promise.all(
    [0, 1, 2, 3].map(async (lane) => {
      const client = await server.connect()
      for (let at = 0; at < each; at += BATCH) {
        const batch = Array.from({ length: BATCH }, (_, one) =>
          request('GET', `/${lane}/${at + one}`, [['X-Number', `${lane}.${at + one}`]]),
        )
        await client.write(Buffer.concat(batch))
        for (const answer of await client.responses(BATCH)) equal(answer.status, 200)
      }
      client.close()
    }),
  )
}

async function comeAndGo(server: LiveServer, count: number): Promise<void> {
  for (let at = 0; at < count; at += 10) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, one) => {
        const client = await server.connect()
        await client.write(request('POST', '/digest', [], 'x'.repeat(1000)))
        if (one % 3 === 0) client.reset()
        else equal((await client.response()).status, 200)
        client.close()
      }),
    )
  }
}
