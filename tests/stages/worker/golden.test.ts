import { deepEqual, equal } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FrameReader, FrameWriter } from '../../../src/worker/codec.ts'
import { WINDOW_BYTES, WorkerLink } from '../../../src/worker/link.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { atEnd } from '../../kit/ends.ts'
import { FakeWorker } from './fakeWorker.ts'
import { OwnerRecorder, Recorder } from './recorder.ts'

interface Sample {
  readonly name: string
  readonly frame: string
  readonly fields: Fields
  readonly hex: string
}

/** Those that a kind of frame has; `wire/golden/` says which. */
interface Fields {
  readonly id: number
  readonly flags: readonly string[]
  readonly role: number
  readonly method: string
  readonly target: string
  readonly path: string
  readonly clientAddress: string
  readonly clientPort: string
  readonly requestId: string
  readonly block: readonly (readonly string[])[]
  readonly bodyHex: string
  readonly payloadHex?: string
  readonly json?: { readonly code: string; readonly says: string; readonly hint: string }
  readonly status?: number
  readonly head: string
  readonly micros: number
  readonly bytes?: number
  readonly offset: number
  readonly length: number
  readonly device: number
  readonly inode: number
  readonly ids: readonly number[]
  readonly text: string
  readonly level?: string
}

const GOLDEN = new URL('../../../../wire/golden/', import.meta.url)

function samples(name: string): Sample[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, GOLDEN), 'utf8'))
}

function flagsOf(kind: string, names: readonly string[] | undefined): number {
  const bits = (WIRE.flags as Record<string, Record<string, number>>)[kind] ?? {}
  return (names ?? []).reduce((sum, name) => sum | bits[name]!, 0)
}

for (const { name, fields, hex } of samples('request'))
  test(`a request is written to the byte: ${name}`, () => {
    const { id, flags, method, target, path, clientAddress, clientPort, requestId, block, bodyHex } = fields
    const writer = new FrameWriter()
    const own = [method, target, path, clientAddress, clientPort, requestId].join('\0')
    const body = bodyHex === '' ? null : Buffer.from(bodyHex, 'hex')
    writer.request(id, flagsOf('REQUEST', flags), own, block.flat().join('\0'), body)
    equal(writer.take().toString('hex'), hex)
  })

for (const { name, frame, fields, hex } of samples('front'))
  test(`a frame of the front is written to the byte: ${name}`, () => {
    const type = WIRE.front[frame as keyof typeof WIRE.front]
    const { id, flags, role, json, payloadHex, bytes } = fields
    const writer = new FrameWriter()
    if (bytes !== undefined) writer.number(type, id, bytes)
    else if (json === undefined) writer.frame(type, flagsOf(frame, flags), 0, id, Buffer.from(payloadHex ?? '', 'hex'))
    else writer.frame(type, role, 0, id, Buffer.from(JSON.stringify(json)))
    equal(writer.take().toString('hex'), hex)
  })

for (const { name, frame, fields, hex } of samples('worker'))
  test(`the header of a worker's frame is read: ${name}`, () => {
    const bytes = Buffer.from(hex, 'hex')
    const reader = new FrameReader()
    bytes.copy(reader.target())
    reader.received(bytes.length)
    equal(reader.next(), true)
    const { type, flags, aux, id, start, end } = reader
    const wantedAux = fields.status ?? Math.max(0, WIRE.logLevels.indexOf(fields.level ?? ''))
    deepEqual(
      { type, flags, aux, id, start, end },
      {
        type: WIRE.worker[frame as keyof typeof WIRE.worker],
        flags: flagsOf(frame, fields.flags),
        aux: wantedAux,
        id: fields.id,
        start: 12,
        end: bytes.length,
      },
    )
    equal(reader.next(), false)
  })

/** What asker and owner must have been told after this frame. */
function wanted({ frame, fields }: Sample): [asker: unknown[][], owner: unknown[][]] {
  const flag = (name: string) => fields.flags?.includes(name) ?? false
  switch (frame) {
    case 'HEAD': {
      const head = {
        status: fields.status,
        head: fields.head,
        hasLength: flag('LENGTH'),
        hasDate: flag('DATE'),
        hasServer: flag('SERVER'),
        wantsClose: flag('CLOSE'),
      }
      const body = Buffer.from(fields.bodyHex, 'hex').toString('latin1')
      if (flag('LAST')) return [[['whole', head, body]], [['finished', 'a', fields.micros]]]
      return [[['begun', head]], [['begun', 'a']]]
    }
    case 'DATA':
      return [[['piece', Buffer.from(fields.payloadHex ?? '', 'hex').toString('latin1')]], []]
    case 'FILE': {
      const { path, offset, length, device, inode } = fields
      return [[['file', { path, offset, length, device: BigInt(device), inode: BigInt(inode) }]], []]
    }
    case 'END':
      return [[['ended', flag('SHORT')]], [['finished', 'a', fields.micros]]]
    case 'ERROR': {
      const { code, says } = fields.json!
      return [[['failed', code, says]], [['finished', 'a', -1]]]
    }
    case 'GRANT':
      return [[['granted', fields.bytes]], []]
    case 'DISCARD':
      return [[['discarded']], []]
    case 'RETURNED':
      return [[], [['returned', fields.ids.length > 0 ? 'b,a' : '']]]
    case 'EARLY_HINTS':
      return [[['earlyHints', fields.text]], []]
    case 'TRACE':
      return [[['traced', fields.text]], []]
    case 'LOG':
      return [[], [['log', 'a', fields.level, fields.text]]]
    case 'READY':
      return [[], [['ready', fields.json]]]
    case 'UNREADY': {
      const { code, says, hint } = fields.json!
      return [[], [['unready', isKnown(code) ? code : 'APP_IMPORT_FAILED', says, hint]]]
    }
    default:
      throw new Error(`nothing is known of ${frame}`)
  }
}

function isKnown(code: string): boolean {
  return code === 'APP_NOT_FOUND' || code === 'APP_RAISED'
}

/** Their answers come on the control connection: tests of the link itself ask for them. */
const ON_CONTROL = ['PONG', 'STACKS', 'METRICS', 'LEAVING']

for (const sample of samples('worker').filter(({ frame }) => !ON_CONTROL.includes(frame)))
  test(`a worker's frame is understood: ${sample.name}`, async (t) => {
    const worker = await FakeWorker.start(t)
    const owner = new OwnerRecorder()
    const link = new WorkerLink<Recorder>(worker.place.pid, worker.place.socketPath, worker.place.pagePath, 0, owner)
    atEnd(t, () => link.close())
    await worker.connected()
    const [asker, other] = [new Recorder('a'), new Recorder('b')]
    if (sample.fields.id > 1) link.running.set(sample.fields.id - 1, other)
    link.running.set(sample.fields.id, asker)
    await worker.send(Buffer.from(sample.hex, 'hex'))
    const [toldAsker, toldOwner] = wanted(sample)
    await owner.until(() => asker.told.length + owner.told.length > 0, 'the frame')
    deepEqual(asker.told, toldAsker)
    deepEqual(owner.told, toldOwner)
    deepEqual(other.told, [])
  })

test('a link says hello on both connections', async (t) => {
  const worker = await FakeWorker.start(t)
  const link = new WorkerLink<Recorder>(1, worker.place.socketPath, worker.place.pagePath, 3, new OwnerRecorder())
  atEnd(t, () => link.close())
  const hellos = await worker.connected()
  deepEqual(
    hellos.map(({ flags, payload }) => [flags, JSON.parse(payload.toString())]),
    [
      [0, { version: WIRE.version, window: WINDOW_BYTES, front: 3 }],
      [1, { version: WIRE.version, window: WINDOW_BYTES, front: 3 }],
    ],
  )
})

test('every frame has a sample', () => {
  deepEqual(new Set(samples('worker').map(({ frame }) => frame)), new Set(Object.keys(WIRE.worker)))
  deepEqual(new Set(['REQUEST', ...samples('front').map(({ frame }) => frame)]), new Set(Object.keys(WIRE.front)))
})
