import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, FrameWriter, isAfter, nextId } from '../../../src/worker/codec.ts'
import { WIRE } from '../../../src/worker/table.ts'

const { DATA } = WIRE.worker

interface Frame {
  type: number
  flags: number
  aux: number
  id: number
  payload: string
}

const frames = fc.array(
  fc.record(
    {
      type: fc.oneof(fc.nat(255), fc.constant(DATA)),
      flags: fc.nat(255),
      aux: fc.nat(65535),
      id: fc.nat(0x7fffffff),
      payload: fc.oneof(
        fc.string({ unit: 'binary-ascii' }),
        fc.nat(400_000).map((length) => 'x'.repeat(length)),
      ),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 8 },
)

function written(all: readonly Frame[]): Buffer {
  const writer = new FrameWriter()
  for (const { type, flags, aux, id, payload } of all)
    writer.frame(type, flags, aux, id, Buffer.from(payload, 'latin1'))
  return writer.take()
}

/** DATA comes in parts: what counts is the bytes of each id, in their order among the other frames. */
function joined(frames: readonly Frame[]): Frame[] {
  const all: Frame[] = []
  for (const frame of frames) {
    if (frame.type !== DATA) all.push(frame)
    else if (frame.payload !== '') {
      const last = all.at(-1)
      if (last?.type === DATA && last.id === frame.id) last.payload += frame.payload
      else all.push({ ...frame, flags: 0, aux: 0 })
    }
  }
  return all
}

/** Reads the bytes in pieces of these sizes, the way a socket brings them. */
function read(bytes: Buffer, sizes: readonly number[]): Frame[] {
  const reader = new FrameReader()
  const seen: Frame[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const target = reader.target()
    ok(target.length > 0)
    const count = Math.min(sizes[turn % sizes.length]!, target.length, bytes.length - at)
    bytes.copy(target, 0, at, at + count)
    at += count
    reader.received(count)
    while (reader.next()) {
      const { type, flags, aux, id, start, end } = reader
      seen.push({ type, flags, aux, id, payload: reader.bytes.latin1Slice(start, end) })
    }
  }
  return seen
}

test('what is written is read, however it is cut', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(frames, sizes, (all, cuts) => {
      deepEqual(joined(read(written(all), cuts)), joined(all))
    }),
    { numRuns: 60 },
  )
})

test('a frame byte by byte', () => {
  const all = [{ type: 35, flags: 1, aux: 200, id: 7, payload: '200 OK\r\n' }]
  deepEqual(read(written(all), [1]), all)
})

test('data is told while it comes, and memory does not grow for it', () => {
  const all = [
    { type: DATA, flags: 0, aux: 0, id: 7, payload: 'x'.repeat(1_000_000) },
    { type: 38, flags: 0, aux: 0, id: 7, payload: 'done' },
  ]
  const parts = read(written(all), [100_000])
  deepEqual(joined(parts), all)
  equal(parts[0]!.payload.length, 100_000 - 12)
  equal(parts.length, 12)
})

test('memory that was recycled is written anew, memory that was not stays as it was', () => {
  const writer = new FrameWriter()
  writer.frame(1, 0, 0, 1, Buffer.from('first'))
  const first = writer.take()
  writer.frame(1, 0, 0, 2, Buffer.from('second'))
  equal(first.toString('latin1', 12), 'first')
  writer.recycle() // something is pending: not yet
  equal(writer.take().toString('latin1', 12), 'second')
  writer.recycle()
  writer.frame(1, 0, 0, 3, Buffer.from('third'))
  equal(first.toString('latin1', 12), 'third')
})

test('memory that grew for a large frame is kept, but not that of a very large one', () => {
  const writer = new FrameWriter()
  const memoryOf = (bytes: number) => {
    writer.frame(1, 0, 0, 1, Buffer.alloc(bytes))
    const { buffer } = writer.take()
    writer.recycle()
    return buffer
  }
  const grown = memoryOf(300 * 1024)
  equal(memoryOf(10), grown)
  const large = memoryOf(2 * 1024 * 1024)
  ok(memoryOf(10).byteLength < large.byteLength)
})

test('ids are serial numbers', () => {
  equal(nextId(0), 1)
  equal(nextId(0x7fffffff), 1)
  ok(isAfter(2, 1) && !isAfter(1, 2) && !isAfter(1, 1))
  ok(isAfter(1, 0x7fffffff) && isAfter(5, 0x7ffffff0) && !isAfter(0x7fffffff, 1))
  ok(isAfter(1, 0), 'nothing was entered yet')
})
