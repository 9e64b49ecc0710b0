import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { test } from 'node:test'
import type { Fault } from '../../../src/faults/fault.ts'
import { type FinishedBody, RequestBody, type RequestBodyOwner } from '../../../src/spool/requestBody.ts'
import { allGivenBack, KIB, MIB, nextTurn, pattern, type Room, roomFor } from './room.ts'

class Owner implements RequestBodyOwner {
  held = false
  drains = 0
  finished: FinishedBody | null = null
  fault: Fault | null = null
  onHold(): void {
    equal(this.held, false)
    this.held = true
  }
  onDrain(): void {
    this.held = false
    this.drains++
  }
  onFinished(body: FinishedBody): void {
    this.finished = body
  }
  onFailed(fault: Fault): void {
    equal(this.fault, null)
    this.fault = fault
  }
}

function bodyIn(room: Room, announcedBytes: number, bodyBufferBytes = 64 * KIB) {
  const owner = new Owner()
  return { owner, body: new RequestBody({ ...room, bodyBufferBytes }, announcedBytes, owner) }
}

/** Feeds as a connection does: not while it is held, and from a buffer that is used again. */
async function feed({ body, owner }: ReturnType<typeof bodyIn>, bytes: Buffer, piece: number): Promise<void> {
  const shared = Buffer.alloc(piece)
  for (let at = 0; at < bytes.length && owner.fault === null; at += piece) {
    while (owner.held) await nextTurn()
    const count = bytes.copy(shared, 0, at, at + piece)
    if (!body.write(shared.subarray(0, count))) owner.held = true
    shared.fill(0xee)
  }
}

async function finish({ body, owner }: ReturnType<typeof bodyIn>): Promise<FinishedBody | null> {
  const now = body.finish()
  if (now !== null) return now
  while (owner.finished === null && owner.fault === null) await nextTurn()
  return owner.finished
}

for (const [name, size, piece, announced] of [
  ['empty', 0, 1, true],
  ['in one piece', 5 * KIB, 5 * KIB, true],
  ['byte by byte', 300, 1, true],
  ['of unknown length', 60 * KIB, 1000, false],
  ['as large as the buffer', 64 * KIB, 16 * KIB, true],
] as const) {
  test(`a small body stays in memory: ${name}`, async (t) => {
    const room = roomFor(t, MIB)
    const bytes = pattern(size)
    const one = bodyIn(room, announced ? size : -1)
    await feed(one, bytes, piece)
    deepEqual(one.body.finish(), { kind: 'memory', bytes })
    ok(room.memory.used >= size)
    one.body.dispose()
    one.body.dispose()
    equal(room.spool.openFiles, 0)
    await allGivenBack(room)
  })
}

for (const [name, size, piece, memoryBytes, announced] of [
  ['announced as large', 300 * KIB, 64 * KIB, MIB, true],
  ['grown beyond the buffer', 300 * KIB, 10_000, MIB, false],
  ['the budget has no room', 20 * KIB, 5 * KIB, KIB, true],
  ['the budget ends on the way', 60 * KIB, 7 * KIB, 40 * KIB, false],
] as const) {
  test(`a body goes to a file, all of it: ${name}`, async (t) => {
    const room = roomFor(t, memoryBytes)
    const bytes = pattern(size)
    const one = bodyIn(room, announced ? size : -1)
    await feed(one, bytes, piece)
    const finished = await finish(one)
    ok(finished?.kind === 'file')
    equal(finished.length, size)
    equal(statSync(finished.path).mode & 0o777, 0o600)
    ok(readFileSync(finished.path).equals(bytes))
    equal(room.memory.used, 0)
    equal(room.spool.openFiles, 0) // while the request waits and runs it costs no descriptor
    equal(room.spool.usedBytes, size)
    one.body.dispose()
    await allGivenBack(room)
  })
}

test('a writer faster than the disk is held, and told when it may go on', async (t) => {
  const room = roomFor(t, MIB)
  const one = bodyIn(room, 10 * MIB)
  let writes = 0
  while (one.body.write(pattern(64 * KIB))) writes++
  ok(writes <= 16)
  one.owner.held = true
  while (one.owner.held) await nextTurn()
  equal(one.owner.drains, 1)
  one.body.dispose()
  await allGivenBack(room)
})

test('a thousand uploads at once wait in memory for no more than the limit and what was read in one go', async (t) => {
  const limit = MIB
  const room = roomFor(t, MIB, { writeBehindBytes: limit })
  const piece = 8 * KIB
  const all = Array.from({ length: 1000 }, () => bodyIn(room, 64 * KIB, 32 * KIB))
  const sent = new Map(all.map((one) => [one, 0]))
  let most = 0
  while (sent.size > 0) {
    for (const [one, bytes] of sent) {
      if (one.owner.held) continue
      if (!one.body.write(pattern(piece, bytes))) one.owner.held = true
      most = Math.max(most, room.spool.writeBehind.waitingBytes)
      sent.set(one, bytes + piece)
      if (bytes + piece === 64 * KIB) sent.delete(one)
    }
    await nextTurn()
  }
  // Before it is held a body may bring its first piece, whose chunk counts whole.
  ok(most <= limit + 1000 * 16 * KIB, `${most}`)
  const bodies = await Promise.all(all.map(finish))
  for (const body of bodies) ok(body?.kind === 'file' && body.length === 64 * KIB)
  for (const { body } of all) body.dispose()
  await allGivenBack(room)
})

test('bodies under way are held while others fill the write-behind', async (t) => {
  const room = roomFor(t, MIB, { writeBehindBytes: 64 * KIB })
  const waiting = bodyIn(room, -1)
  equal(waiting.body.write(pattern(10)), true)
  const busy = bodyIn(room, MIB)
  equal(busy.body.write(pattern(64 * KIB)), false)
  equal(waiting.owner.held, true)
  while (waiting.owner.held) await nextTurn()
  equal(waiting.body.write(pattern(10)), true)
  for (const { body } of [busy, waiting]) body.dispose()
  await allGivenBack(room)
})

test('who is held when the body ends is drained', async (t) => {
  const room = roomFor(t, MIB, { writeBehindBytes: 64 * KIB })
  const one = bodyIn(room, -1)
  equal(one.body.write(pattern(128 * KIB)), false)
  equal(one.body.finish(), null)
  equal(one.owner.drains, 1)
  while (one.owner.finished === null) await nextTurn()
  one.body.dispose()
  await allGivenBack(room)
})

test('a body that goes beyond the limit of the spool is a fault', async (t) => {
  const room = roomFor(t, MIB, { limitBytes: 200 * KIB })
  equal(room.spool.hasRoom(300 * KIB), false)
  const one = bodyIn(room, -1)
  await feed(one, pattern(300 * KIB), 64 * KIB)
  equal(one.owner.fault?.code, 'SPOOL_FULL')
  equal(one.owner.fault?.row.status, 507)
  equal(one.body.write(pattern(1)), true)
  equal(one.body.finish(), null)
  await allGivenBack(room)
})

test('no descriptor for a file is a fault', async (t) => {
  const room = roomFor(t, MIB, { maxOpenFiles: 0 })
  const one = bodyIn(room, MIB)
  one.body.write(pattern(64 * KIB))
  while (one.owner.fault === null) await nextTurn()
  equal(one.owner.fault.message.includes('no descriptor is left'), true)
  await allGivenBack(room)
})

test('a folder that vanished is a fault', async (t) => {
  const room = roomFor(t, MIB)
  rmSync(room.spool.folder, { recursive: true })
  const one = bodyIn(room, MIB)
  one.body.write(pattern(64 * KIB))
  while (one.owner.fault === null) await nextTurn()
  equal(one.owner.fault.code, 'SPOOL_FULL')
  equal(room.spool.openFiles, 0)
})

test('given up at any moment, a body leaves nothing behind', async (t) => {
  const room = roomFor(t, 32 * KIB)
  for (let turns = 0; turns < 12; turns++) {
    for (const ends of [false, true]) {
      const one = bodyIn(room, -1)
      one.body.write(pattern(10 * KIB))
      one.body.write(pattern(100 * KIB))
      if (ends) one.body.finish()
      for (let turn = 0; turn < turns; turn++) await nextTurn()
      one.body.dispose()
    }
  }
  await allGivenBack(room)
})

/** As a client's bytes come that are read to wherever the body wants them, behind `before` bytes of framing. */
async function feedInPlace({ body, owner }: ReturnType<typeof bodyIn>, bytes: Buffer, piece: number, before = 0) {
  const shared = Buffer.alloc(32 * KIB)
  let into: Buffer = shared
  let inPlace = 0
  for (let at = 0; at < bytes.length && owner.fault === null; ) {
    while (owner.held) await nextTurn()
    const skipped = before < into.length ? before : 0
    const count = bytes.copy(into, skipped, at, Math.min(at + piece, at + into.length - skipped))
    if (!body.write(into.subarray(skipped, skipped + count))) owner.held = true
    if (into !== shared) inPlace += count
    shared.fill(0xee)
    into = body.room() ?? shared
    at += count
  }
  return inPlace
}

for (const [name, size, piece, before] of [
  ['as much at a time as there is room', 5 * MIB + 12_345, MIB, 0],
  ['in odd pieces', 3 * MIB + 1, 77_777, 0],
  ['with framing between', 3 * MIB + 1, 20_001, 7],
] as const) {
  test(`a fast body is read to where it is written from: ${name}`, async (t) => {
    const room = roomFor(t, 32 * MIB)
    const bytes = pattern(size)
    const one = bodyIn(room, before === 0 ? size : -1)
    const inPlace = await feedInPlace(one, bytes, piece, before)
    ok(inPlace >= size - 128 * KIB, `${inPlace}`)
    const finished = await finish(one)
    ok(finished?.kind === 'file' && readFileSync(finished.path).equals(bytes))
    equal(room.memory.used, 0)
    one.body.dispose()
    await allGivenBack(room)
  })
}

test('what was in memory before comes first, and the rest ends where large chunks end', async (t) => {
  const room = roomFor(t, 32 * MIB)
  const bytes = pattern(3 * MIB)
  const one = bodyIn(room, -1, 200 * KIB)
  await feedInPlace(one, bytes, 30_000)
  const finished = await finish(one)
  ok(finished?.kind === 'file' && readFileSync(finished.path).equals(bytes))
  one.body.dispose()
  await allGivenBack(room)
})

test('a slow body is given no large chunk, and one that slows down no other', async (t) => {
  const room = roomFor(t, 32 * MIB)
  const slow = bodyIn(room, 10 * MIB)
  await feed(slow, pattern(100 * KIB), 1000)
  equal(slow.body.room(), null)
  equal(room.memory.used, 0)
  const slowing = bodyIn(room, 10 * MIB)
  equal(await feedInPlace(slowing, pattern(2 * MIB), 4000), 0)
  await feedInPlace(slowing, pattern(32 * KIB), 32 * KIB)
  equal(room.memory.used, MIB)
  for (let pieces = 0; slowing.body.room() !== null; pieces++) {
    equal(slowing.body.write(slowing.body.room()!.subarray(0, 1000)), true)
    ok(pieces < 10) // then it is read to where all others are
  }
  await feed(slowing, pattern(MIB), 1000)
  while (room.memory.used > 0) await nextTurn()
  equal(slowing.body.room(), null)
  equal((await finish(slowing))?.kind, 'file')
  for (const { body } of [slow, slowing]) body.dispose()
  await allGivenBack(room)
})

for (const [memory, most] of [
  [12 * MIB, 6 * MIB],
  [64 * MIB, 8 * MIB],
] as const)
  test(`of ${memory} bytes for bodies large chunks take at most ${most}, and few wait for the disk`, async (t) => {
    const room = roomFor(t, memory)
    const all = Array.from({ length: 8 }, () => bodyIn(room, 100 * MIB))
    for (const { body } of all) {
      let bytes = pattern(32 * KIB)
      let waiting = 0
      while (body.write(bytes)) {
        waiting += bytes.length
        bytes = body.room() ?? pattern(32 * KIB)
      }
      ok(waiting <= 4 * MIB, `${waiting}`)
    }
    equal(room.memory.used, most)
    for (const { body } of all) body.dispose()
    await allGivenBack(room)
  })

test('given up while it is read to, a body leaves nothing behind', async (t) => {
  const room = roomFor(t, 32 * MIB)
  for (let turns = 0; turns < 12; turns++) {
    const one = bodyIn(room, 10 * MIB)
    await feedInPlace(one, pattern(MIB + 300 * KIB), 100 * KIB)
    const into = one.body.room()!
    for (let turn = 0; turn < turns; turn++) await nextTurn()
    one.body.dispose()
    equal(one.body.room(), null)
    equal(room.memory.used, 0)
    // What is still read there is nobody else's.
    const other = bodyIn(room, 10 * MIB)
    other.body.write(pattern(32 * KIB))
    ok(other.body.room()!.buffer !== into.buffer)
    other.body.dispose()
  }
  await allGivenBack(room)
})

test('the buffer of a body in memory is used again once it is given back, and counts whole', async (t) => {
  const room = roomFor(t, MIB)
  const memoryOf = async (bytes: Buffer) => {
    const one = bodyIn(room, bytes.length, 256 * KIB)
    await feed(one, bytes, 32 * KIB)
    const finished = one.body.finish()
    ok(finished?.kind === 'memory' && finished.bytes.equals(bytes))
    return { body: one.body, memory: finished.bytes.buffer }
  }
  const first = await memoryOf(pattern(100 * KIB))
  equal(room.memory.used, 128 * KIB)
  const second = await memoryOf(pattern(100 * KIB, 1))
  ok(first.memory !== second.memory)
  first.body.dispose()
  first.body.dispose()
  const third = await memoryOf(pattern(90 * KIB, 2))
  equal(third.memory, first.memory)
  const fourth = await memoryOf(pattern(90 * KIB, 3))
  ok(fourth.memory !== first.memory && fourth.memory !== second.memory)
  for (const { body } of [second, third, fourth]) body.dispose()
  await allGivenBack(room)
})

test('a buffer that is on its way to disk when its body is given up is not used again', async (t) => {
  const room = roomFor(t, MIB)
  const spilled = bodyIn(room, -1)
  await feed(spilled, pattern(60 * KIB), 10 * KIB)
  equal(room.memory.used, 64 * KIB)
  spilled.body.write(pattern(10 * KIB))
  spilled.body.dispose()
  equal(room.memory.used, 0)
  equal(room.spool.largeChunks.idle, 0)
  const next = bodyIn(room, 60 * KIB)
  await feed(next, pattern(60 * KIB, 1), 10 * KIB)
  const finished = next.body.finish()
  ok(finished?.kind === 'memory' && finished.bytes.equals(pattern(60 * KIB, 1)))
  next.body.dispose()
  equal(room.spool.largeChunks.idle, 1)
  await allGivenBack(room)
})
