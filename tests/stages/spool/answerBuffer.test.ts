import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnswerBuffer, type AnswerBufferOwner } from '../../../src/spool/answerBuffer.ts'
import { allGivenBack, KIB, MIB, nextTurn, pattern, type Room, roomFor } from './room.ts'

class Owner implements AnswerBufferOwner {
  readable = 0
  rooms = 0
  error: Error | null = null
  onReadable(): void {
    this.readable++
  }
  onRoom(): void {
    this.rooms++
  }
  onFailed(error: Error): void {
    this.error = error
  }
}

interface Limits {
  readonly answerBufferBytes: number
  readonly responseSpoolBytes: number
}

function bufferIn(room: Room, limits: Partial<Limits> = {}) {
  const owner = new Owner()
  const store = { ...room, answerBufferBytes: 256 * KIB, responseSpoolBytes: 16 * MIB, ...limits }
  return { owner, buffer: new AnswerBuffer(store, owner) }
}

type Under = ReturnType<typeof bufferIn>

/** The next piece, waiting for `onReadable` as a server does. */
async function nextPiece({ buffer, owner }: Under): Promise<Buffer> {
  for (;;) {
    const before = owner.readable
    const piece = buffer.next()
    if (piece !== null) return piece
    while (owner.readable === before && owner.error === null) await nextTurn()
    if (owner.error !== null) throw owner.error
  }
}

async function readAll(under: Under): Promise<Buffer> {
  const pieces: Buffer[] = []
  while (under.buffer.held > 0) {
    pieces.push(Buffer.from(await nextPiece(under)))
    under.buffer.sent()
  }
  return Buffer.concat(pieces)
}

test('in memory, in order, at once', async (t) => {
  const room = roomFor(t, MIB)
  const { buffer, owner } = bufferIn(room)
  const bytes = Buffer.from('one')
  buffer.push(bytes)
  bytes.fill(0)
  buffer.push(Buffer.from('two'))
  equal(buffer.held, 6)
  equal(String(buffer.next()), 'one')
  equal(String(buffer.next()), 'two')
  equal(buffer.next(), null)
  buffer.push(Buffer.from('three'))
  equal(owner.readable, 1)
  equal(String(buffer.next()), 'three')
  buffer.sent()
  equal(buffer.held, 0)
  equal(room.memory.used, 0)
  equal(room.spool.openFiles, 0)
  buffer.dispose()
})

test('many small pieces share buffers', (t) => {
  const room = roomFor(t, MIB)
  const { buffer } = bufferIn(room)
  for (let i = 0; i < 1000; i++) buffer.push(Buffer.from('0123456789'))
  ok(room.memory.used <= 16 * KIB, `${room.memory.used}`)
  buffer.dispose()
  equal(room.memory.used, 0)
})

for (const [name, memoryBytes, answerBufferBytes] of [
  ['more than one answer may keep', 16 * MIB, 64 * KIB],
  ['more than the budget', 100 * KIB, MIB],
  ['no budget at all', 0, MIB],
] as const) {
  test(`through the disk and back to memory: ${name}`, async (t) => {
    const room = roomFor(t, memoryBytes)
    const under = bufferIn(room, { answerBufferBytes })
    for (let round = 0; round < 2; round++) {
      const bytes = pattern(MIB, round)
      for (let at = 0; at < bytes.length; at += 50_000) {
        under.buffer.push(bytes.subarray(at, at + 50_000))
        if (at % 200_000 === 0) await nextTurn()
      }
      equal(under.buffer.held, bytes.length)
      while (room.spool.writeBehind.waitingBytes > 0) await nextTurn()
      ok((await readAll(under)).equals(bytes))
      await allGivenBack(room)
    }
    under.buffer.dispose()
  })
}

test('a reader that keeps up gets bytes without the disk, even without a budget', async (t) => {
  const room = roomFor(t, 0)
  const under = bufferIn(room)
  equal(under.buffer.next(), null)
  for (let i = 0; i < 20; i++) {
    const bytes = pattern(10 * KIB, i)
    under.buffer.push(bytes)
    ok(under.buffer.next()?.equals(bytes))
    equal(under.buffer.next(), null)
  }
  equal(room.spool.openFiles, 0)
  under.buffer.dispose()
  await allGivenBack(room)
})

test('full beyond the limit, room again at half of it; the file is a ring and does not grow', async (t) => {
  const room = roomFor(t, 0)
  const limit = 256 * KIB
  const under = bufferIn(room, { responseSpoolBytes: limit })
  const { buffer, owner } = under
  let pushed = 0
  let pulled = 0
  while (pushed < 4 * MIB) {
    while (!buffer.full) {
      buffer.push(pattern(20_000, pushed))
      pushed += 20_000
      while (room.spool.writeBehind.waitingBytes > 64 * KIB && !buffer.full) await nextTurn()
    }
    ok(room.spool.usedBytes <= limit)
    const before = owner.rooms
    while (owner.rooms === before) {
      const piece = await nextPiece(under)
      ok(piece.equals(pattern(piece.length, pulled)))
      pulled += piece.length
      buffer.sent()
      await nextTurn()
    }
    ok(buffer.held <= limit / 2)
  }
  buffer.dispose()
  await allGivenBack(room)
})

test('a full spool makes it full, and keeps what came; it goes on when the reader has caught up', async (t) => {
  const room = roomFor(t, 0, { limitBytes: 100 * KIB, writeBehindBytes: MIB })
  const under = bufferIn(room)
  const bytes = pattern(300 * KIB)
  under.buffer.push(bytes.subarray(0, 100 * KIB))
  while (room.spool.writeBehind.waitingBytes > 0) await nextTurn()
  under.buffer.push(bytes.subarray(100 * KIB))
  equal(under.buffer.full, true)
  equal(room.spool.writeBehind.waitingBytes, 0) // it holds back its own worker, nobody else
  ok((await readAll(under)).equals(bytes))
  equal(under.buffer.full, false)
  equal(under.owner.rooms, 1)
  under.buffer.dispose()
  await allGivenBack(room)
})

test('no descriptor is left: what came is kept in memory until it is read', async (t) => {
  const room = roomFor(t, 0, { maxOpenFiles: 0 })
  const under = bufferIn(room)
  const bytes = pattern(100 * KIB)
  under.buffer.push(bytes)
  await nextTurn()
  equal(under.buffer.full, true)
  ok((await readAll(under)).equals(bytes))
  equal(under.buffer.full, false)
  under.buffer.dispose()
  await allGivenBack(room)
})

test('a thousand slow readers: the budget and a small chunk each', async (t) => {
  const room = roomFor(t, 4 * MIB, { limitBytes: 256 * MIB })
  const all = Array.from({ length: 1000 }, () => bufferIn(room))
  for (const [index, under] of all.entries()) {
    for (let part = 0; part < 4; part++) {
      while (room.spool.writeBehind.full) await nextTurn()
      under.buffer.push(pattern(16 * KIB, index + part))
    }
  }
  while (room.spool.writeBehind.waitingBytes > 0) await nextTurn()
  ok(room.memory.used <= 4 * MIB)
  const firsts = await Promise.all(all.map(nextPiece)) // each has a piece under way now
  ok(room.memory.used <= 4 * MIB)
  const outside = new Set(firsts.map((piece) => piece.buffer)).size
  ok(outside <= 1000)
  for (const [index, under] of all.entries()) {
    const first = Buffer.from(firsts[index]!)
    under.buffer.sent()
    const expected = Buffer.concat([0, 1, 2, 3].map((part) => pattern(16 * KIB, index + part)))
    ok(Buffer.concat([first, await readAll(under)]).equals(expected))
    under.buffer.dispose()
  }
  await allGivenBack(room)
})

test('a piece that is still being sent keeps its bytes after the end', async (t) => {
  const room = roomFor(t, 0)
  const under = bufferIn(room)
  const bytes = pattern(64 * KIB)
  under.buffer.push(bytes)
  while (room.spool.writeBehind.waitingBytes > 0) await nextTurn()
  const piece = await nextPiece(under)
  const copy = Buffer.from(piece)
  under.buffer.dispose()
  const other = bufferIn(room)
  other.buffer.push(Buffer.alloc(256 * KIB, 0xff))
  while (room.spool.writeBehind.waitingBytes > 0) await nextTurn()
  await readAll(other)
  ok(piece.equals(copy))
  other.buffer.dispose()
  await allGivenBack(room)
})

type Step = { do: 'push'; bytes: number } | { do: 'pull' | 'pullUnsent' | 'wait' | 'settle' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 90_000 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 50 }) }) },
    {
      weight: 5,
      arbitrary: fc.constantFrom<Step>({ do: 'pull' }, { do: 'pullUnsent' }, { do: 'wait' }, { do: 'settle' }),
    },
  ),
  { maxLength: 60 },
)

const shapes = fc.record({
  memoryBytes: fc.constantFrom(0, 5_000, 70_000, 200_000),
  answerBufferBytes: fc.constantFrom(0, 30_000, 1_000_000),
  responseSpoolBytes: fc.constantFrom(10_000, 65_536, 1_000_003),
  limitBytes: fc.constantFrom(0, 50_000, 10_000_000),
  maxOpenFiles: fc.constantFrom(0, 1_000),
  writeBehindBytes: fc.constantFrom(16_384, 1_000_000),
  readToEnd: fc.boolean(),
})

test('whatever is pushed and pulled, it is a queue that gives everything back', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      steps,
      async ({ memoryBytes, limitBytes, maxOpenFiles, writeBehindBytes, ...shape }, plan) => {
        const room = roomFor(t, memoryBytes, { limitBytes, maxOpenFiles, writeBehindBytes })
        const under = bufferIn(room, shape)
        const model: Buffer[] = []
        const got: Buffer[] = []
        let wanted = 0
        for (const step of plan) {
          if (step.do === 'push') {
            const bytes = pattern(step.bytes, model.length * 7919)
            model.push(bytes)
            under.buffer.push(bytes)
          } else if (step.do === 'wait') {
            await nextTurn()
          } else if (step.do === 'settle') {
            for (let turn = 0; turn < 20; turn++) await nextTurn()
          } else {
            const piece = under.buffer.next()
            if (piece !== null) got.push(Buffer.from(piece))
            else wanted++
            if (step.do === 'pull') under.buffer.sent()
          }
          const [expected, actual] = [Buffer.concat(model), Buffer.concat(got)]
          equal(under.buffer.held, expected.length - actual.length)
          ok(under.owner.readable <= wanted)
          ok(room.memory.used <= memoryBytes)
          ok(room.spool.usedBytes <= limitBytes)
        }
        if (shape.readToEnd) got.push(await readAll(under))
        const [expected, actual] = [Buffer.concat(model), Buffer.concat(got)]
        ok(expected.subarray(0, actual.length).equals(actual))
        if (shape.readToEnd) equal(actual.length, expected.length)
        if (shape.readToEnd) equal(under.buffer.full, false)
        under.buffer.dispose()
        await allGivenBack(room)
      },
    ),
    { numRuns: 150 },
  )
})
