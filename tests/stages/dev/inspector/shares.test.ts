import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Shares } from '../../../../src/dev/inspector/shares.ts'
import { defaultSettings } from '../../../../src/settings/load.ts'

const LIMITS = { ...defaultSettings(), maxBodyBytes: Number.POSITIVE_INFINITY }

/** The bytes of each request, and the targets of the heads, for bytes that come in these pieces. */
function shared(pieces: readonly Buffer[], most = Number.POSITIVE_INFINITY): { requests: string[]; heads: string[] } {
  const requests: string[] = []
  const heads: string[] = []
  let isNew = true
  const shares = new Shares(LIMITS, {
    share(bytes) {
      if (isNew) requests.push('')
      isNew = false
      requests.push(requests.pop() + bytes.toString('latin1'))
    },
    head: ({ target }) => heads.push(target),
    last() {
      isNew = true
      return requests.length < most
    },
  })
  for (const piece of pieces) shares.came(piece)
  return { requests, heads }
}

const GET = 'GET /1 HTTP/1.1\r\nHost: x\r\n\r\n'
const LENGTH = 'POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody'
const CHUNKED = 'POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n'
const PADDED = '\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n'
const EMPTY = 'POST /5 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
const HALF = 'GET /6 HTTP/1.1\r\nHos'
const ALL = [GET, LENGTH, CHUNKED, GET, PADDED, EMPTY, LENGTH, HALF]

test('each byte of pipelined requests belongs to its own, wherever they are cut', () => {
  const bytes = Buffer.from(ALL.join(''), 'latin1')
  const wanted = { requests: ALL, heads: ['/1', '/2', '/3', '/1', '/4', '/5', '/2'] }
  deepEqual(shared([bytes]), wanted)
  deepEqual(shared(Array.from(bytes, (byte) => Buffer.of(byte))), wanted)
  for (let at = 1; at < bytes.length; at++) deepEqual(shared([bytes.subarray(0, at), bytes.subarray(at)]), wanted)
})

test('what follows a refused byte belongs to the request that it is in', () => {
  const bad = 'GET /7 HTTP/1.1\r\nBad Name: x\r\n\r\nGET /8 HTTP/1.1\r\nHost: x\r\n\r\n'
  deepEqual(shared([Buffer.from(GET + bad)]), { requests: [GET, bad], heads: ['/1'] })
  const chunk = 'POST /9 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nmore'
  deepEqual(shared([Buffer.from(GET + chunk)]), { requests: [GET, chunk], heads: ['/1', '/9'] })
})

test('behind the last one nothing is read, in whatever pieces it comes', () => {
  const wanted = { requests: [GET, LENGTH], heads: ['/1', '/2'] }
  const bytes = Buffer.from(ALL.join('') + GET.repeat(1000), 'latin1')
  deepEqual(shared([bytes, bytes], 2), wanted)
  deepEqual(
    shared(
      Array.from(bytes.subarray(0, 400), (byte) => Buffer.of(byte)),
      2,
    ),
    wanted,
  )
})
