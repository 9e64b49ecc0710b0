import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../../src/faults/fault.ts'
import { Certificates } from '../../../src/house/certificates.ts'
import type { TlsMaterial } from '../../../src/listen/tls/material.ts'
import { defaultSettings } from '../../../src/settings/load.ts'
import { makeCertificate } from '../../kit/certificates.ts'

const first = makeCertificate({ name: [['CN', 'first']] })
const second = makeCertificate({ name: [['CN', 'second']] })
const settings = defaultSettings({ certfile: '/cert', keyfile: '/key' })

class Room {
  readonly files = new Map<string, string>()
  readonly told: string[] = []
  readonly warnings: string[] = []
  readonly closed = new Set<string>()
  readonly certificates: Certificates
  material: TlsMaterial | null = null

  constructor() {
    this.put(first)
    this.certificates = new Certificates(settings, (text) => this.warnings.push(text), {
      readFile: (path) => {
        if (this.closed.has(path)) throw Object.assign(new Error(), { code: 'EACCES' })
        const text = this.files.get(path)
        if (text === undefined) throw Object.assign(new Error(), { code: 'ENOENT' })
        return text
      },
      variable: () => undefined,
      nowMs: () => Date.now(),
      look: (path) => this.files.get(path) ?? '',
      mayRead: (path) => !this.closed.has(path),
    })
  }

  put({ certificate, key }: { certificate: string; key: string }): void {
    this.files.set('/cert', certificate).set('/key', key)
  }

  look(): void {
    this.certificates.look({
      renewed: (material) => {
        this.told.push('renewed')
        this.material = material
      },
      notRenewed: (fault) => this.told.push(fault.code),
    })
  }
}

test('renewed files count once they have been the same for one look', () => {
  const room = new Room()
  room.look()
  room.files.set('/cert', second.certificate)
  room.look()
  room.files.set('/key', second.key) // between the two they don't fit
  room.look()
  deepEqual(room.told, [])
  room.look()
  deepEqual(room.told, ['renewed'])
  equal(room.material!.pair.key, second.key)
  equal(room.certificates.material, room.material)
  room.look()
  deepEqual(room.told, ['renewed'])
})

test('files that do not fit are told of once, and the old stay in force', () => {
  const room = new Room()
  const before = room.certificates.material
  room.files.set('/cert', second.certificate)
  for (let count = 0; count < 4; count++) room.look()
  deepEqual(room.told, ['KEY_MISMATCH'])
  equal(room.certificates.material, before)
  room.files.set('/key', second.key)
  for (let count = 0; count < 4; count++) room.look()
  deepEqual(room.told, ['KEY_MISMATCH', 'renewed'])
})

test('a reload reads at once; what it read counts when it is adopted', () => {
  const room = new Room()
  const before = room.certificates.material
  room.put(second)
  const prepared = room.certificates.prepare(settings)
  equal(room.certificates.material, before)
  room.certificates.adopt(prepared)
  equal(room.certificates.material!.pair.key, second.key)
  for (let count = 0; count < 3; count++) room.look()
  deepEqual(room.told, [])
  room.files.set('/key', first.key)
  throws(
    () => room.certificates.prepare(settings),
    (fault: Fault) => fault.code === 'KEY_MISMATCH',
  )
  equal(room.certificates.material!.pair.key, second.key)
})

test('two reloads at a time: each adopts what it has read itself', () => {
  const room = new Room()
  const one = room.certificates.prepare(settings)
  room.put(second)
  room.certificates.prepare(settings) // and then it fails
  room.certificates.adopt(one)
  equal(room.certificates.material!.pair.key, first.key)
})

test('who may not read them any more says so at once, reloads with the old, and watches nothing', () => {
  const room = new Room()
  room.closed.add('/key')
  room.certificates.gaveUpRights()
  ok(room.warnings[0]!.includes('root alone may read /key'))
  room.certificates.adopt(room.certificates.prepare(settings))
  equal(room.certificates.material!.pair.key, first.key)
  equal(room.warnings.length, 2)
  room.put(second)
  for (let count = 0; count < 3; count++) room.look()
  deepEqual(room.told, [])
  throws(
    () => room.certificates.prepare({ ...settings, certfile: '/other', keyfile: '/key' }),
    (fault: Fault) => fault.code === 'CERTIFICATE_UNREADABLE',
  )
})
