import { deepEqual, equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client, chunked, type Response, request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { sendSignal } from '../kit/processes.ts'
import { FULL, folder, type LiveServer, start } from '../kit/server.ts'

const ROUNDS = FULL ? 400 : 60
const FILE_BYTES = 700_000

interface Exchange {
  readonly bytes: Buffer
  readonly method: string
  judge(answer: Response): void
}

/** The same numbers each time (mulberry32), so that a failure comes again. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function randomBytes(next: (below: number) => number, most: number): Buffer {
  const size = next(10) === 0 ? next(most) : next(3000)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(next(0xffffffff), at)
  return bytes
}

/** A request of any kind, and what its answer has to be. */
function anything(next: (below: number) => number, name: string, file: string): Exchange {
  const get = (target: string, judge: (answer: Response) => void, method = 'GET'): Exchange => ({
    bytes: request(method, target, [['X-Name', name]]),
    method,
    judge,
  })
  const size = next(10) === 0 ? next(400_000) : next(2000)
  switch (next(8)) {
    case 0:
      return get(`/${name}`, (answer) => equal(answer.text, `Hello! You requested: /${name}`))
    case 1:
      return get(`/environ/${name}`, (answer) => equal(JSON.parse(answer.text).HTTP_X_NAME, name))
    case 2:
      return get(`/sized?size=${size}`, (answer) => equal(answer.body.length, size))
    case 3:
      return get(`/unsized?size=${size}&piece=${1 + next(5000)}`, (answer) => equal(answer.body.length, size))
    case 4:
      return get(`/sized?size=${size}`, (answer) => equal(answer.header('content-length'), String(size)), 'HEAD')
    case 5:
      return get(`/file?path=${file}`, (answer) => equal(answer.body.length, FILE_BYTES))
    case 6: {
      const body = randomBytes(next, 300_000)
      const sha256 = createHash('sha256').update(body).digest('hex')
      const bytes = request('POST', '/digest', [], body)
      return { bytes, method: 'POST', judge: (answer) => equal(answer.text, `${body.length} ${sha256}`) }
    }
    default: {
      const body = randomBytes(next, 300_000)
      const head = request('POST', '/echo', [['Transfer-Encoding', 'chunked']])
      const cut = next(body.length + 1)
      // A chunk of no bytes would be the last one.
      const parts = [body.subarray(0, cut), body.subarray(cut)].filter((part) => part.length > 0)
      return {
        bytes: Buffer.concat([head, chunked(...parts)]),
        method: 'POST',
        judge: (answer) => ok(answer.body.equals(body)),
      }
    }
  }
}

async function prepared(t: Scope, args: readonly string[]): Promise<[LiveServer, string]> {
  const file = join(folder(t), 'file')
  writeFileSync(file, Buffer.alloc(FILE_BYTES, 'file'))
  return [await start(t, 'probe.py', args), file]
}

/** Batches of one to eight, each client at its own pace. */
async function talk(client: Client, next: (below: number) => number, name: string, file: string): Promise<void> {
  for (let round = 0; round < ROUNDS / 4; round++) {
    const batch = Array.from({ length: 1 + next(8) }, (_, at) => anything(next, `${name}.${round}.${at}`, file))
    const writing = client.write(Buffer.concat(batch.map(({ bytes }) => bytes)))
    for (const exchange of batch) {
      const answer = await client.response({ method: exchange.method })
      equal(answer.status, 200, answer.text)
      exchange.judge(answer)
    }
    await writing
  }
}

for (const args of [
  ['--workers', '2'],
  ['--workers', '1', '--threads', '4'],
  ['--workers', '2', '--threads', '2', '--body-memory', '128KiB', '--body-buffer', '1KiB'],
  ['--workers', '2', '--stream-requests'],
])
  test(`every client gets its own answers: ${args.join(' ')}`, { timeout: 300_000 }, async (t) => {
    const [server, file] = await prepared(t, args)
    await Promise.all(
      Array.from({ length: 12 }, async (_, at) => talk(await server.connect(), numbers(at + 1), `c${at}`, file)),
    )
    equal((await server.stop()).code, 0)
    ok(!/Traceback|INTERNAL|warning/.test(server.stderr), server.stderr)
  })

test('every client gets its own answers while workers are killed', { timeout: 300_000 }, async (t) => {
  const [server, file] = await prepared(t, ['--workers', '2'])
  const pids = await server.workerPids(2)
  const statuses: Record<number, number> = {}
  let asked = 0
  const killing = setInterval(() => sendSignal(pids.pop() ?? 0x7fffffff, 'SIGKILL'), 150)
  await Promise.all(
    Array.from({ length: 8 }, async (_, lane) => {
      const next = numbers(lane + 100)
      for (let at = 0; at < ROUNDS; at++) {
        const exchange = anything(next, `k${lane}.${at}`, file)
        const client = await server.connect()
        try {
          await client.write(exchange.bytes)
          const answer = await client.response({ method: exchange.method })
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
          if (answer.status === 200) exchange.judge(answer)
        } catch (error) {
          // The worker died in the midst of the answer.
          ok(error instanceof Error && ['ConnectionReset', 'ShortAnswer'].includes(error.name), String(error))
          statuses[502] = (statuses[502] ?? 0) + 1
        } finally {
          client.close()
        }
        asked += 1
      }
    }),
  )
  clearInterval(killing)
  equal(asked, 8 * ROUNDS)
  deepEqual(
    Object.keys(statuses).filter((status) => status !== '200' && status !== '502'),
    [],
  )
  ok((statuses[502] ?? 0) <= 2 * 40, JSON.stringify(statuses))
})
