import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { blamedByte, blamedRouteByte } from '../../../../src/dev/inspector/blame.ts'
import { isRefusal, ruleOf } from '../../../../src/dev/inspector/rules.ts'
import { Fault } from '../../../../src/faults/fault.ts'
import { FAULTS, type FaultCode } from '../../../../src/faults/table.ts'
import { Http1Parser } from '../../../../src/parse/http1.ts'
import { defaultSettings } from '../../../../src/settings/load.ts'

const LIMITS = {
  ...defaultSettings(),
  maxRequestLineBytes: 40,
  maxHeaders: 3,
  maxHeaderLineBytes: 60,
  maxHeaderBytes: 100,
  maxBodyBytes: 10,
  maxTrailerBytes: 20,
  maxChunkLineBytes: 20,
}
const LINE = 'GET / HTTP/1.1\r\n'
const HEAD = `${LINE}Host: x\r\n`
const CHUNKED = `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`

/** Of each fault of the parser: a request that has it, with ‸ before the byte to blame; without: nobody's fault. */
const REFUSED: readonly (readonly [code: FaultCode, text: string])[] = [
  ['TLS_UNEXPECTED', '‸\x16\x03\x01'],
  ['LINE_BARE_LF', 'GET / HTTP/1.1‸\nHost: x\r\n\r\n'],
  ['LINE_BARE_LF', `${LINE}Host: x‸\n\r\n`],
  ['METHOD_MALFORMED', '‸(GET / HTTP/1.1\r\n'],
  ['METHOD_MALFORMED', 'GE‸(T / HTTP/1.1\r\n'],
  ['METHOD_CONNECT', '‸CONNECT x:1 HTTP/1.1\r\n'],
  ['REQUEST_LINE_MALFORMED', 'GET /a b‸ HTTP/1.1\r\n'],
  ['REQUEST_LINE_MALFORMED', 'GET /‸\r\n'],
  ['REQUEST_LINE_TOO_LONG', `GET /${'x'.repeat(36)}‸x`],
  ['VERSION_MALFORMED', 'GET / ‸HTTP1.1\r\n'],
  ['VERSION_UNSUPPORTED', 'GET / ‸HTTP/2.0\r\n'],
  ['TARGET_MALFORMED', 'GET /a‸#b HTTP/1.1\r\n'],
  ['TARGET_MALFORMED', 'GET /‸\x01 HTTP/1.1\r\n'],
  ['TARGET_MALFORMED', 'GET ‸* HTTP/1.1\r\n'],
  ['HEADER_MALFORMED', `${LINE}Host‸\r\n\r\n`],
  ['HEADER_NAME_INVALID', `${HEAD}Bad‸ Name: x\r\n\r\n`],
  ['HEADER_NAME_INVALID', `${HEAD}‸: x\r\n\r\n`],
  ['HEADER_VALUE_INVALID', `${HEAD}X: a‸\x01b\r\n\r\n`],
  ['HEADER_FOLDED', `${HEAD}X: a\r\n‸ b\r\n\r\n`],
  ['HEADERS_TOO_MANY', `${HEAD}A: 1\r\nB: 2\r\nC: 3\r‸\n\r\n`],
  ['HEADER_TOO_LONG', `${HEAD}X: ${'x'.repeat(60)}\r‸\n`],
  ['HEADERS_TOO_LARGE', `${HEAD}X: ${'x'.repeat(50)}\r\nY: ${'y'.repeat(32)}‸y`],
  ['HOST_MISSING', `${LINE}\r\n`],
  ['HOST_REPEATED', `${HEAD}Host: ‸y\r\n\r\n`],
  ['HOST_INVALID', `${LINE}Host: x‸/y\r\n\r\n`],
  ['LENGTH_INVALID', `${HEAD}Content-Length: 1‸x\r\n\r\n`],
  ['LENGTH_REPEATED', `${HEAD}Content-Length: 1\r\nContent-Length: ‸1\r\n\r\n`],
  ['LENGTH_AND_CHUNKED', `${HEAD}Content-Length: 1\r\nTransfer-Encoding: ‸chunked\r\n\r\n`],
  ['CODING_INVALID', `${HEAD}Transfer-Encoding: ‸gzip\r\n\r\n`],
  ['CODING_UNKNOWN', `${HEAD}Transfer-Encoding: ‸foo, chunked\r\n\r\n`],
  ['CODING_ON_1_0', 'GET / HTTP/1.0\r\nTransfer-Encoding: ‸chunked\r\n\r\n'],
  ['EXPECTATION_UNKNOWN', `${HEAD}Content-Length: 1\r\nExpect: ‸wonders\r\n\r\n`],
  ['BODY_TOO_LARGE', `${HEAD}Content-Length: ‸11\r\n\r\n`],
  ['BODY_TOO_LARGE', `${CHUNKED}b\r‸\n`],
  ['CHUNK_MALFORMED', `${CHUNKED}1‸x\r\n`],
  ['CHUNK_MALFORMED', `${CHUNKED}1\r\na‸b`],
  ['CHUNK_LINE_TOO_LONG', `${CHUNKED}1;${'x'.repeat(19)}‸x`],
  ['TRAILER_MALFORMED', `${CHUNKED}0\r\n‸no colon\r\n`],
  ['TRAILERS_TOO_LARGE', `${CHUNKED}0\r\nX: ${'x'.repeat(16)}‸x`],
]

for (const [code, marked] of REFUSED)
  test(`${code}: ${JSON.stringify(marked)}`, () => {
    const at = marked.indexOf('‸')
    const text = marked.replace('‸', '')
    // However much follows: it was decided there.
    const bytes = Buffer.from(`${text}${code === 'HOST_MISSING' ? '' : 'x\r\n\r\nGET / HTTP/1.1\r\n'}`, 'latin1')
    const refused = new Http1Parser(LIMITS, null).feed(bytes).find((event) => event.kind === 'refused')
    equal(refused?.code, code)
    equal(blamedByte(bytes, LIMITS, code), at < 0 ? null : at)
  })

test('bytes that are taken, or are refused for something else, blame nobody', () => {
  equal(blamedByte(Buffer.from(`${HEAD}\r\n`), LIMITS, 'HEADER_FOLDED'), null)
  equal(blamedByte(Buffer.from(`${HEAD}Bad Name: x\r\n\r\n`), LIMITS, 'HEADER_FOLDED'), null)
})

test('each fault whose status says that the request is at fault names what asks for it', () => {
  const ours = /^(?:PROXY_PROTOCOL_.*|CONTROL_.*|WORKER_UNKNOWN|REQUEST_BODY_BROKEN)$/
  const codes = Object.keys(FAULTS) as FaultCode[]
  const without = codes.filter((code) => {
    const { status = 0 } = FAULTS[code] as { status?: number }
    return status >= 400 && status < 500 && !isRefusal(code) && !ours.test(code)
  })
  // Those of other protocols come to no request; the last is the application's answer to a client that left.
  deepEqual(without, [])
  for (const code of codes.filter(isRefusal)) equal(/^RFC \d{4} §[\d.]+$|^--/.test(ruleOf(code)), true, code)
})

test('what the route refuses is the fault of the field that it names', () => {
  const bytes = Buffer.from(`${HEAD}X-Forwarded-For: a b\r\n\r\n`)
  const [event] = new Http1Parser({ ...LIMITS, maxHeaders: 9 }, null).feed(bytes)
  const head = event?.kind === 'head' ? event.head : null
  const fault = new Fault('FORWARDED_INVALID', { name: 'X-Forwarded-For' })
  equal(blamedRouteByte(bytes, head!, fault.code, fault.message), bytes.indexOf('a b'))
  equal(blamedRouteByte(bytes, head!, 'BODY_TIMEOUT', 'host'), null)
})
