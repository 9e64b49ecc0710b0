import { equal, ok } from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { afterEach, test } from 'node:test'
import { HeaderCache } from '../../../src/parse/headerCache.ts'
import { Http1Parser } from '../../../src/parse/http1.ts'
import { ROOMY } from './record.ts'

const KIB = 1024
const LIMITS = { ...ROOMY, maxRequestLineBytes: 64 * KIB, maxHeaderBytes: 64 * KIB }

const { allocUnsafe } = Buffer
const { indexOf, copy } = Buffer.prototype

afterEach(() => {
  Object.assign(Buffer, { allocUnsafe })
  Object.assign(Buffer.prototype, { indexOf, copy })
})

/** What the parser does per byte goes through these: bytes searched, bytes copied, bytes of room taken. */
function countSteps(): { searched: number; copied: number; mostRoom: number } {
  const steps = { searched: 0, copied: 0, mostRoom: 0 }
  Buffer.prototype.indexOf = function (this: Buffer, value: string | number | Uint8Array, from = 0) {
    const found = indexOf.call(this, value, from as number)
    steps.searched += (found < 0 ? this.length : found) - Number(from) + 1
    return found
  }
  Buffer.prototype.copy = function (this: Buffer, to: Uint8Array, at = 0, start = 0, end = this.length) {
    steps.copied += end - start
    return copy.call(this, to, at, start, end)
  }
  Buffer.allocUnsafe = (bytes: number) => {
    steps.mostRoom = Math.max(steps.mostRoom, bytes)
    return allocUnsafe(bytes)
  }
  return steps
}

function feed(bytes: Buffer, pieceBytes: number): Http1Parser {
  const parser = new Http1Parser(LIMITS, new HeaderCache())
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.feed(bytes.subarray(at, at + pieceBytes))
  return parser
}

const HEADS: Record<string, string> = {
  'one long line': `GET /${'a'.repeat(60 * KIB)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  'one long value': `GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(60 * KIB)}\r\n\r\n`,
  'many short lines': `GET / HTTP/1.1\r\nHost: a\r\n${`A: ${'b'.repeat(600)}\r\n`.repeat(99)}\r\n`,
  'a head and a long body': `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 61440\r\n\r\n${'a'.repeat(60 * KIB)}`,
  'small chunks': `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(10 * KIB)}0\r\n\r\n`,
  'many requests': 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2 * KIB),
}

for (const [name, text] of Object.entries(HEADS)) {
  for (const pieceBytes of [1, 7, 1000, 64 * KIB]) {
    test(`${name} in pieces of ${pieceBytes} bytes takes a few steps a byte`, () => {
      const bytes = Buffer.from(text, 'latin1')
      const steps = countSteps()
      equal(feed(bytes, pieceBytes).eof(), 'clean')
      ok(steps.searched < 3 * bytes.length, `${steps.searched} bytes searched`)
      ok(steps.copied < 4 * bytes.length, `${steps.copied} bytes copied`)
    })
  }
}

test('held requests are read one at a time without being copied again', () => {
  const bytes = Buffer.from(HEADS['many requests']!, 'latin1')
  const steps = countSteps()
  const parser = new Http1Parser(LIMITS, new HeaderCache())
  parser.feed(bytes, 1)
  while (parser.held) parser.feed(Buffer.alloc(0), 1)
  ok(steps.copied < 2 * bytes.length, `${steps.copied} bytes copied`)
  ok(steps.searched < 3 * bytes.length, `${steps.searched} bytes searched`)
})

const ENDLESS: Record<string, [start: string, more: string]> = {
  'a request line': ['GET /', 'a'],
  'a field line': ['GET / HTTP/1.1\r\nA: ', 'a'],
  'field lines': ['GET / HTTP/1.1\r\n', 'A: b\r\n'],
  'empty lines': ['', '\r\n'],
  'a chunk extension': ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;', 'a'],
  'a trailer line': ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ', 'a'],
  'trailer lines': ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'A: b\r\n'],
}

for (const [name, [start, more]] of Object.entries(ENDLESS)) {
  test(`${name} without end is refused in bounded room`, () => {
    const steps = countSteps()
    equal(feed(Buffer.from(start + more.repeat(128 * KIB), 'latin1'), 1000).state, 'refused')
    ok(steps.mostRoom <= 4 * 66 * KIB, `${steps.mostRoom} bytes of room`)
  })
}

test('a body without end takes no room', () => {
  const parser = new Http1Parser(LIMITS, new HeaderCache())
  const steps = countSteps()
  parser.feed(Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000000\r\n\r\n'))
  const piece = Buffer.alloc(64 * KIB)
  for (let count = 0; count < 1000; count++) equal(parser.feed(piece).length, 1)
  equal(steps.copied, 0)
  equal(steps.mostRoom, 0)
})
