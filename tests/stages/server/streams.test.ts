import { deepEqual, equal, ok } from 'node:assert/strict'
import { ftruncateSync } from 'node:fs'
import { test } from 'node:test'
import type { ClientSocket } from '../../../src/listen/client.ts'
import { Outlet } from '../../../src/server/outlet.ts'
import { ChunkPool } from '../../../src/spool/chunks.ts'
import { BodyMemory } from '../../../src/spool/memory.ts'
import { WINDOW_BYTES } from '../../../src/worker/link.ts'
import { WIRE } from '../../../src/worker/table.ts'
import type { Client } from '../../kit/client.ts'
import { request } from '../../kit/client.ts'
import { pattern } from '../spool/room.ts'
import { endFrame, type FakeWorker, frame, headFrame } from '../worker/fakeWorker.ts'
import { handOver, sized } from './handedFile.ts'
import { House } from './house.ts'

const { worker: W } = WIRE
const KIB = 1024

/** Sends a body as a worker does: no byte beyond what was granted. */
async function sendWithinCredit(worker: FakeWorker, id: number, body: Buffer): Promise<void> {
  let granted = WINDOW_BYTES
  for (let at = 0; at < body.length; ) {
    if (at === granted) granted += (await worker.heard('CREDIT')).payload.readUInt32LE()
    const piece = body.subarray(at, Math.min(granted, at + 64 * KIB))
    at += piece.length
    await worker.send(frame(W.DATA, id, piece))
  }
  await worker.send(endFrame(id))
}

async function chunkedBody(client: Client): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let part = await client.chunk(); part !== null; part = await client.chunk()) parts.push(part)
  return Buffer.concat(parts)
}

for (const [name, settings] of [
  ['with memory to spare', {}],
  ['with little memory', { bodyMemoryBytes: 64 * KIB }],
  ['with no memory for bodies', { bodyMemoryBytes: 1 }],
  ['with little disk', { responseSpoolBytes: 256 * KIB }],
] as const)
  test(`a large answer reaches a slow reader whole, within credit, ${name}`, async (t) => {
    const house = await House.open(t, { settings })
    const worker = await house.worker()
    const client = await house.client({ paused: true })
    const body = pattern(12_000_000)
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    await worker.send(headFrame(id))
    const sent = sendWithinCredit(worker, id, body)
    await house.turns(200)
    client.resume()
    equal((await client.head()).status, 200)
    ok((await chunkedBody(client)).equals(body))
    await sent
    client.halfClose()
    await house.allGivenBack()
  })

for (const [length, credits] of [
  [1_000_000, 0],
  [2_000_000, 2],
] as const)
  test(`of ${length} bytes that were announced no more is granted than is to come`, async (t) => {
    const house = await House.open(t)
    const worker = await house.worker()
    const client = await house.client()
    const body = pattern(length)
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    await worker.send(headFrame(id, '', sized(length)))
    const sent = sendWithinCredit(worker, id, body)
    ok((await client.response()).body.equals(body))
    await sent
    await house.turns(20)
    const granted = worker.told.filter(({ type }) => type === WIRE.front.CREDIT).length
    ok(credits === 0 ? granted === 0 : granted > 0 && granted <= credits, `${granted}`)
  })

test('a full spool holds the worker back, and a reader lets it go on', async (t) => {
  const house = await House.open(t, { settings: { responseSpoolBytes: 512 * KIB, bodyMemoryBytes: 128 * KIB } })
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id))
  let done = false
  const body = pattern(30_000_000)
  const sent = sendWithinCredit(worker, id, body).then(() => {
    done = true
  })
  await house.turns(500)
  equal(done, false)
  ok(house.spool.usedBytes <= 1_024 * KIB)
  client.resume()
  await client.head()
  ok((await chunkedBody(client)).equals(body))
  await sent
})

test('a client that leaves while its answer is on disk: all is given back, the worker told', async (t) => {
  const house = await House.open(t, { settings: { responseSpoolBytes: 512 * KIB } })
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, Buffer.alloc(8_000_000)))
  await house.turns(100)
  client.reset()
  equal((await worker.heard('CANCEL')).id, id)
  await house.allGivenBack()
})

test('of a worker that has ended its answer nobody asks anything when the client leaves', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, Buffer.alloc(8_000_000)), endFrame(id))
  await house.turns(100)
  client.reset()
  await house.allGivenBack()
  equal(worker.told.filter(({ type }) => type === WIRE.front.CANCEL).length, 0)
})

test('a file is sent by the front, from its offset on', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  const content = pattern(1_000_000)
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, '', sized(999_990)), handOver(t, id, content, 10).frame)
  await worker.heard('OPENED')
  await worker.send(endFrame(id))
  ok((await client.response()).body.equals(content.subarray(10)))
  client.halfClose()
  await house.allGivenBack()
})

test('a file that isn’t what was meant is the worker’s to send', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, '', sized(5)), handOver(t, id, pattern(100), 0, 200).frame)
  await worker.heard('REFUSED')
  await worker.send(frame(W.DATA, id, 'bytes'), endFrame(id))
  equal((await client.response()).text, 'bytes')
})

test('a file behind bytes that still wait is the worker’s to send: nothing is lost', async (t) => {
  const house = await House.open(t, { settings: { bodyMemoryBytes: 64 * KIB } })
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  const first = pattern(9_000_000)
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, first, sized(first.length + 100)), handOver(t, id, pattern(100)).frame)
  await worker.heard('REFUSED')
  await worker.send(frame(W.DATA, id, pattern(100)), endFrame(id))
  client.resume()
  ok((await client.response()).body.equals(Buffer.concat([first, pattern(100)])))
})

test('a file that shrinks while it is sent: the answer breaks off, and the worker doesn’t wait for it', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client({ paused: true })
  const content = pattern(20_000_000)
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  const handed = handOver(t, id, content)
  await worker.send(headFrame(id, '', sized(content.length)), handed.frame)
  await worker.heard('OPENED')
  await house.turns(50)
  ftruncateSync(handed.descriptor, 0)
  client.resume()
  equal((await worker.heard('CANCEL')).id, id)
  equal(await client.failure(), 'short')
  deepEqual(house.faults, ['ANSWER_BROKEN'])
  await worker.send(endFrame(id))
  client.close()
  await house.allGivenBack()
})

test('a client that leaves while its file is opened', async (t) => {
  const house = await House.open(t)
  const worker = await house.worker()
  const client = await house.client()
  await client.write(request('GET', '/'))
  const { id } = await worker.request()
  await worker.send(headFrame(id, '', sized(1_000)))
  await client.head()
  client.reset()
  await worker.heard('CANCEL')
  await worker.send(handOver(t, id, pattern(1_000)).frame)
  await worker.heard('OPENED')
  await house.allGivenBack()
})

/** A client whose kernel takes bytes when the test says so. */
class SlowClient {
  readonly taken: Buffer[] = []
  readonly isClosed = false
  waitingBytes = 0

  text(text: string): void {
    this.bytes(Buffer.from(text, 'latin1'))
  }

  bytes(bytes: Buffer): void {
    this.taken.push(bytes)
    this.waitingBytes += bytes.length
  }
}

test('even a small write that the kernel takes late counts, and is told of', () => {
  const client = new SlowClient()
  const memory = new BodyMemory(1_000_000)
  const told: string[] = []
  const owner = {
    outletText: () => outlet.flush(),
    outletBusy: () => void told.push('busy'),
    outletIdle: () => void told.push('idle'),
  }
  const outlet = new Outlet(client as unknown as ClientSocket, memory, new ChunkPool(64, 0), owner)
  outlet.framed('5\r\n', Buffer.from('small'), '\r\n')
  equal(outlet.idle, false)
  equal(memory.used, 10)
  client.waitingBytes = 0
  outlet.drained()
  deepEqual(told, ['busy', 'idle'])
  equal(outlet.idle, true)
  equal(memory.used, 0)
  equal(Buffer.concat(client.taken).toString(), '5\r\nsmall\r\n')
})

/** A client whose kernel takes all at once, but never part of a piece. */
class FastClient {
  readonly isClosed = false
  readonly waitingBytes = 0
  now(): number {
    return 0
  }
  text(): void {}
  bytes(): void {}
}

/** Counts the chunks that are out. */
class CountedChunks extends ChunkPool {
  out = 0
  override take(): Buffer {
    this.out++
    return super.take()
  }
  override give(chunk: Buffer): void {
    this.out--
    super.give(chunk)
  }
}

const NO_OWNER = { outletText: () => {}, outletBusy: () => {}, outletIdle: () => {} }

test('chunks that were borrowed for a piece come back, also where the kernel takes it at once', () => {
  const chunks = new CountedChunks(64 * KIB, 0)
  const outlet = new Outlet(new FastClient() as unknown as ClientSocket, new BodyMemory(1_000_000), chunks, NO_OWNER)
  for (let round = 0; round < 3; round++) outlet.passed('head', Buffer.alloc(300 * KIB), '')
  equal(chunks.out, 0)
})

test('the budget counts what there is of it, so that the next clients get small pieces', () => {
  const memory = new BodyMemory(100 * KIB)
  const pieces = Array.from({ length: 3 }, () => {
    const client = Object.assign(new SlowClient(), { now: () => 0 })
    const outlet = new Outlet(client as unknown as ClientSocket, memory, new ChunkPool(64 * KIB, 0), NO_OWNER)
    const bytes = outlet.pieceBytes(90 * KIB)
    outlet.passed('', Buffer.alloc(bytes), '')
    return bytes
  })
  deepEqual([pieces[0], pieces[1], memory.free], [90 * KIB, 16 * KIB, 0])
})
