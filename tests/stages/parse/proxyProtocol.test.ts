import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PROXY_MOST_BYTES, type ProxyReading, type ProxyVersions, readProxy } from '../../../src/parse/proxyProtocol.ts'
import { bytesOf, cuts, loadCases } from '../../kit/cases.ts'

/** As a connection does it: all that came until now, until it is known. */
function feed(pieces: readonly Buffer[], versions: ProxyVersions): { reading: ProxyReading; came: Buffer } {
  let came = Buffer.alloc(0)
  let reading: ProxyReading = { kind: 'more' }
  for (const piece of pieces) {
    came = Buffer.concat([came, piece])
    if (reading.kind === 'more') reading = readProxy(came, versions)
  }
  return { reading, came }
}

function shown({ reading, came }: ReturnType<typeof feed>): string {
  if (reading.kind === 'refused') return `refused ${reading.detail}`
  if (reading.kind !== 'facts') return reading.kind
  const { protocol, ends } = reading.facts
  const told = ends ? ` ${ends.client} ${ends.clientPort} ${ends.proxy} ${ends.proxyPort}` : ''
  return `${protocol}${told} | ${came.latin1Slice(reading.byteCount).replaceAll('\r\n', '\\r\\n')}`
}

for (const { name, where, blocks } of loadCases('proxy')) {
  test(`${where} ${name}`, () => {
    const versions = (blocks.versions ?? 'auto') as ProxyVersions
    for (const [cut, pieces] of cuts(bytesOf(blocks.in!))) equal(shown(feed(pieces, versions)), blocks.out, cut)
  })
}

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

function block(head: number[], body: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(body.length)
  return Buffer.concat([SIGNATURE, Buffer.from(head), length, body])
}

describe('version 2', () => {
  const V4 = Buffer.from('cb0071090a0000011f9001bb', 'hex')
  const V6 = Buffer.from(`20010db8${'00'.repeat(11)}07${'00'.repeat(15)}011f9001bb`, 'hex')
  const TLV = Buffer.from('2000050100000000', 'hex')
  const REST = Buffer.from('GET / HTTP/1.1\r\n')

  const ROWS: readonly [name: string, head: number[], body: Buffer, out: string][] = [
    ['TCP over IPv4', [0x21, 0x11], V4, 'TCP4 203.0.113.9 8080 10.0.0.1 443'],
    ['TCP over IPv6', [0x21, 0x21], V6, 'TCP6 2001:db8::7 8080 ::1 443'],
    ['TLVs are passed over', [0x21, 0x11], Buffer.concat([V4, TLV]), 'TCP4 203.0.113.9 8080 10.0.0.1 443'],
    ['LOCAL says nothing', [0x20, 0x00], Buffer.alloc(0), 'LOCAL'],
    ['LOCAL with addresses says nothing', [0x20, 0x11], V4, 'LOCAL'],
    ['UNSPEC says nothing', [0x21, 0x00], Buffer.from('abc'), 'UNSPEC'],
    ['a Unix socket', [0x21, 0x31], Buffer.alloc(216), 'UNIX  0  0'],
  ]
  for (const [name, head, body, out] of ROWS) {
    test(name, () => {
      const bytes = Buffer.concat([block(head, body), REST])
      for (const [cut, pieces] of cuts(bytes))
        equal(shown(feed(pieces, 'v2')), `${out} | ${REST.toString().replaceAll('\r\n', '\\r\\n')}`, cut)
    })
  }

  const WRONG: readonly [name: string, head: number[], body: Buffer, out: string][] = [
    ['another version', [0x11, 0x11], V4, 'its version is 1, not 2'],
    ['another command', [0x22, 0x11], V4, 'its command 2 is not known'],
    ['datagrams', [0x21, 0x12], V4, 'its transport is not a stream'],
    ['another family', [0x21, 0x41], V4, 'its address family 4 is not known'],
    ['short IPv4', [0x21, 0x11], V4.subarray(0, 11), 'its addresses are cut short'],
    ['short IPv6', [0x21, 0x21], V6.subarray(0, 35), 'its addresses are cut short'],
    ['short Unix', [0x21, 0x31], Buffer.alloc(215), 'its addresses are cut short'],
    ['too long', [0x21, 0x11], Buffer.alloc(4096), 'it is longer than 4096 bytes'],
  ]
  for (const [name, head, body, out] of WRONG) {
    test(`${name} is refused`, () => {
      for (const [cut, pieces] of cuts(block(head, body).subarray(0, 300)))
        equal(shown(feed(pieces, 'v2')), `refused ${out}`, cut)
    })
  }

  test('is not looked for in v1', () => {
    deepEqual(readProxy(block([0x21, 0x11], V4), 'v1'), { kind: 'none' })
  })

  test('never needs more than its limit', () => {
    for (const versions of ['v1', 'v2', 'auto'] as const)
      for (const start of ['PROXY ', '\r\n\r\n\0\r\nQUIT\n\x21\x11\x0f\xf0'])
        ok(readProxy(Buffer.from(start.padEnd(PROXY_MOST_BYTES, 'x'), 'latin1'), versions).kind !== 'more')
  })
})

test('whatever comes, in whatever pieces, is read as the same', () => {
  const starts = [
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY UNKNOWN\r\n',
    SIGNATURE.latin1Slice(),
    '\r\n\r\n\0\r\n',
    'P',
  ]
  let seed = 1
  const next = (most: number) => (seed = Math.imul(seed, 48_271) & 0x7fffffff) % most
  const kinds = new Map<string, number>()
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(starts[next(starts.length)]! + 'x'.repeat(next(60)), 'latin1')
    for (let at = next(4); at > 0; at--) bytes[next(bytes.length)] = next(256)
    const whole = shown(feed([bytes], 'auto'))
    const cut = next(bytes.length)
    equal(shown(feed([bytes.subarray(0, cut), bytes.subarray(cut)], 'auto')), whole, bytes.toString('hex'))
    const kind = whole.split(' ')[0]!
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  for (const kind of ['more', 'none', 'refused', 'TCP4', 'UNKNOWN'])
    ok((kinds.get(kind) ?? 0) > 10, `${kind} ${kinds.get(kind)}`)
})
