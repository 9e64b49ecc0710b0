import { deepEqual, equal, match } from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import type { RequestEvent, RequestHead } from '../src/events/request.ts'
import { HeaderCache } from '../src/parse/headerCache.ts'
import { Http1Parser, type ParseLimits } from '../src/parse/http1.ts'

/** Small, so that random bytes meet them. */
const LIMITS: ParseLimits = {
  maxRequestLineBytes: 64,
  maxHeaders: 6,
  maxHeaderLineBytes: 0,
  maxHeaderBytes: 200,
  maxBodyBytes: 64,
  maxTrailerBytes: 32,
  maxChunkLineBytes: 16,
}

// Shared by all runs, as by all connections of a server.
const CACHE = new HeaderCache(64 * 1024)

/** Pieces of requests, right and wrong, that random bytes would hardly ever come upon. */
const SCRAPS = [
  'GET / HTTP/1.1\r\n', 'POST /a?b HTTP/1.1\r\n', 'GET http://b/ HTTP/1.1\r\n', 'GET / HTTP/1.0\r\n', 'OPTIONS * HTTP/1.1\r\n',
  'Host: a\r\n', 'Host: a\r\n\r\n', 'Host: b:80\r\n', 'host:\r\n', 'Content-Length: 5\r\n', 'Content-Length: 0\r\n',
  'Content-Length: +5\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Expect: 100-continue\r\n',
  'Connection: close\r\n', 'Connection: keep-alive\r\n', 'A: b\r\n', 'A: \xe9\t\r\n', ' folded\r\n', 'A : b\r\n', 'A: \0\r\n',
  'GET', ' ', '/', 'HTTP/1.1', 'HTTP/2.0', ':', ',', ';', '"', '\\', '=', '#', '@', '\t', '\r', '\n', '\r\n', '\r\n\r\n', '\0', '\x7f',
  '0', '5', 'hello', '0\r\n', '0\r\n\r\n', '5\r\n', '5\r\nhello\r\n', '5;a=b\r\n', '5;a="\\""\r\n', 'fffffff\r\n', '0x5\r\n', '\xff',
] // biome-ignore format: a list of words

const scraps = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...SCRAPS) }, { weight: 1, arbitrary: randomText() }), {
    maxLength: 24,
  })
  .map((parts) => parts.join(''))

function randomText() {
  return fc.uint8Array({ maxLength: 12 }).map((codes) => Buffer.from(codes).toString('latin1'))
}

/** Mostly the first list, so that most parts of a request are right and the wrong one is come upon. */
function mostly(right: readonly string[], wrong: readonly string[]) {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  )
}

const nearlyRight = fc
  .record({
    empty: mostly([''], ['\r\n', '\n', '\r']),
    method: mostly(['GET', 'POST', 'OPTIONS', 'x-y'], ['CONNECT', '', 'G:', 'G\0']),
    target: mostly(
      ['/', '/a?b=c', '//', 'http://b/c', 'http://a?d', '*'],
      ['/#', '/\xe9', '', '/a b', 'a:80', 'http://u@b/', 'http://b/#', `/${'a'.repeat(51)}`, `/${'a'.repeat(52)}`],
    ),
    version: mostly(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2'], ['HTTP/2.0', 'HTTP/1', 'http/1.1', 'HTTP/1.1 ']),
    lines: fc.array(
      mostly(
        ['A: b\r\n', 'C:\r\n', 'D:  e f\t\r\n', 'Connection: close\r\n', 'Expect: 100-continue\r\n'],
        [
          'A : b\r\n',
          'A: \0\r\n',
          ' A: b\r\n',
          'A\r\n',
          'A: b\n',
          `A: ${'b'.repeat(180)}\r\n`,
          'Host: c\r\n',
          'A: b\rC: d\r\n',
        ],
      ),
      { maxLength: 6 },
    ),
    host: mostly(['Host: a\r\n', 'Host: a\r\n', 'host:b:80\r\n'], ['', 'Host: a b\r\n', 'Host:\r\n']),
    framing: mostly(
      ['', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n'],
      ['Content-Length: 65\r\n', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n'],
    ),
    body: mostly(
      ['', 'hello', '5\r\nhello\r\n0\r\n\r\n', '1;a=b\r\nx\r\n2\r\nyz\r\n0\r\nA: b\r\n\r\n'],
      ['5\r\nhello0\r\n', '0x5\r\n', '40\r\n', `40\r\n${'x'.repeat(64)}\r\n1\r\n`, '0\r\nA : b\r\n'],
    ),
  })
  .map(({ empty, method, target, version, lines, host, framing, body }) =>
    [empty, `${method} ${target} ${version}\r\n`, ...lines, host, framing, '\r\n', body].join(''),
  )

const bytes = fc
  .oneof(
    scraps,
    fc.array(nearlyRight, { maxLength: 3 }).map((requests) => requests.join('')),
  )
  .map((text) => Buffer.from(text, 'latin1'))

/** Requests that are right, as their bytes and as what should be read of them. */
const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'x'),
    target: fc.constantFrom('/', '/a/b?c=%20', '//', '/~'),
    minor: fc.constantFrom(0 as const, 1 as const),
    host: fc.constantFrom('a', 'example.com:80', '[::1]:8000'),
    fields: fc.array(fc.tuple(fc.constantFrom('A', 'X-b', 'c_d'), fc.constantFrom('', 'e', 'f  g', '\xe9')), {
      maxLength: 3,
    }),
    chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 16 }), { maxLength: 4 }),
    chunked: fc.boolean(),
    trailer: fc.boolean(),
  })
  .map((one) => {
    const data = Buffer.concat(one.chunks)
    const chunked = one.chunked && one.minor === 1
    const framing = chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(data.length)]
    const fields = [['Host', one.host], ...one.fields, framing] as [string, string][]
    const head = `${one.method} ${one.target} HTTP/1.${one.minor}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    const body = chunked ? chunkedBody(one.chunks, one.trailer) : data
    return {
      bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]),
      told: [
        `${one.method} ${one.target} ${one.minor} ${one.host} ${chunked ? -1 : data.length}`,
        ...fields.map(([name, value]) => `${name.toLowerCase()}=${value}`),
        ...(data.length > 0 ? [data.toString('latin1')] : []),
        ...(data.length > 0 || chunked ? ['bodyEnd'] : []),
      ],
    }
  })

function chunkedBody(chunks: readonly Uint8Array[], trailer: boolean): Buffer {
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)} ;a\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...parts, Buffer.from(trailer ? '0\r\nA: b\r\n\r\n' : '0\r\n\r\n')])
}

const cutsAt = fc.array(fc.nat(400), { maxLength: 6 })

export const properties: Readonly<Record<string, fc.IRawProperty<unknown>>> = {
  'any bytes, cut anywhere, mean the same as whole': fc.property(bytes, cutsAt, (all, cuts) => {
    deepEqual(read(pieces(all, cuts), CACHE), read([all], CACHE))
  }),

  'the fast way says what the plain way says': fc.property(bytes, cutsAt, (all, cuts) => {
    const plain = read([all], null)
    for (let sight = 1; sight <= 3; sight++) deepEqual(read([all], CACHE), plain)
    deepEqual(read(pieces(all, cuts), CACHE), plain)
  }),

  'few heads at a time are the same heads': fc.property(
    bytes,
    cutsAt,
    fc.integer({ min: 1, max: 3 }),
    (all, cuts, maxHeads) => {
      deepEqual(read(pieces(all, cuts), CACHE, maxHeads), read([all], CACHE))
    },
  ),

  'whatever is taken keeps the promises of a head': fc.property(bytes, (all) => {
    checkPromises(new Http1Parser(LIMITS, CACHE).feed(all))
  }),

  'right requests are read as they were meant': fc.property(
    fc.array(request, { maxLength: 4 }),
    cutsAt,
    (requests, cuts) => {
      const all = Buffer.concat(requests.map((one) => one.bytes))
      const told = requests.flatMap((one) => one.told)
      for (const cache of [null, CACHE]) deepEqual(read(pieces(all, cuts), cache), [...told, 'eof clean'])
    },
  ),

  'a right request with one byte changed is cut-proof too': fc.property(
    fc.array(request, { minLength: 1, maxLength: 2 }), fc.nat(400), fc.nat(255), cutsAt,
    (requests, at, byte, cuts) => {
      const all = Buffer.concat(requests.map((one) => one.bytes))
      all[at % all.length] = byte
      deepEqual(read(pieces(all, cuts), CACHE), read([all], null))
    },
  ), // biome-ignore format: one height
}

function pieces(all: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((at) => at % (all.length + 1)))].sort((a, b) => a - b)
  return [...places, all.length].map((end, i) => all.subarray(places[i - 1] ?? 0, end))
}

function read(pieces: readonly Buffer[], cache: HeaderCache | null, maxHeads = Number.POSITIVE_INFINITY): string[] {
  const parser = new Http1Parser(LIMITS, cache)
  const told: string[] = []
  let data = ''
  const tell = (events: readonly RequestEvent[]) => {
    for (const event of events) {
      if (event.kind === 'body') data += event.bytes.toString('latin1')
      else {
        if (data) told.push(data)
        data = ''
        told.push(...words(event))
      }
    }
  }
  for (const piece of pieces) {
    const received = Buffer.from(piece)
    tell(parser.feed(received, maxHeads))
    received.fill('!') // as a socket's one buffer is: nothing may be kept by view
    while (parser.held) tell(parser.feed(Buffer.alloc(0), maxHeads))
  }
  return [...told, ...(data ? [data] : []), `eof ${parser.eof()}`]
}

function words(event: Exclude<RequestEvent, { kind: 'body' }>): string[] {
  if (event.kind === 'refused') return [`${event.code} ${event.detail}`]
  if (event.kind === 'bodyEnd') return [event.kind]
  const { method, target, minor, block } = event.head
  const fields = block.fields.map(({ name, value }) => `${name}=${value}`)
  const facts = block.expectsContinue ? [...fields, 'continue'] : fields
  return [`${method} ${target} ${minor} ${block.host} ${block.contentLength}`, ...facts]
}

/** What later stages rely on, checked without the parser's own words for it. */
function checkPromises(events: readonly RequestEvent[]): void {
  let left = Number.NaN
  for (const event of events) {
    if (event.kind === 'head') {
      checkHead(event.head)
      left = event.head.block.contentLength
    }
    if (event.kind === 'body') left -= event.bytes.length
    if (event.kind === 'bodyEnd' && left >= 0) equal(left, 0)
  }
}

function checkHead({ method, target, origin, minor, block }: RequestHead): void {
  match(method, /^[^\x00-\x20"(),/:;<=>?@[\\\]{}\x7f-\xff]+$/)
  match(target, /^[\x21\x22\x24-\x7e]+$/)
  match(origin ?? target, /^(\/|\*$)/)
  match(block.host, /^([^\x00-\x20/?#@,\\\x7f-\xff]+)?$/)
  equal(block.raw, block.raw.replace(/[\0\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/g, ''))
  const named = (wanted: string) => block.fields.filter(({ name }) => name === wanted).length
  equal(block.fields.length, block.raw === '' ? 0 : block.raw.split('\r\n').length)
  equal(named('host') === 1 || (minor === 0 && named('host') === 0), true)
  equal(named('content-length') <= 1 && named('content-length') * named('transfer-encoding') === 0, true)
  equal(block.framing === 'chunked', named('transfer-encoding') > 0)
  equal(block.framing === 'length', block.contentLength > 0)
  equal(block.contentLength >= 0, named('content-length') === 1)
}
