import { doesNotMatch, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { FAULTS, type FaultCode, type FaultRow } from '../../../src/faults/table.ts'
import { faultAnswer, faultPage } from '../../../src/respond/fault.ts'
import type { Asked } from '../../../src/respond/framing.ts'
import { reason } from '../../../src/respond/reasons.ts'

const CLOSING: Asked = { isHead: false, minor: 1, keepAlive: true, mustClose: true }

function parts(text: string): [head: string, body: string] {
  const end = text.indexOf('\r\n\r\n') + 4
  return [text.slice(0, end), text.slice(end)]
}

test('a refused request is told why, and its length is that of the bytes', () => {
  const [head, body] = parts(
    faultAnswer(CLOSING, new Fault('REQUEST_LINE_TOO_LONG', { limit: 8190 }), 'Server: dram\r\n'),
  )
  match(head, /^HTTP\/1\.1 414 URI Too Long\r\nContent-Type: text\/plain; charset=utf-8\r\nServer: dram\r\n/)
  match(head, /\r\nConnection: close\r\n/)
  equal(
    body,
    '414 URI Too Long\n\nthe request line is longer than 8190 bytes\nshorten the URL, or raise --max-request-line\nREQUEST_LINE_TOO_LONG\n',
  )
  match(head, new RegExp(`Content-Length: ${body.length}\r\n`))
})

test('a section sign travels as UTF-8', () => {
  const [head, body] = parts(faultAnswer(CLOSING, new Fault('HEADER_FOLDED', {}), ''))
  match(Buffer.from(body, 'latin1').toString('utf8'), /RFC 9112 §5\.2/)
  match(head, new RegExp(`Content-Length: ${body.length}\r\n`))
})

test('what the client sent comes back harmless', () => {
  const [, body] = parts(faultAnswer(CLOSING, new Fault('CHUNK_MALFORMED', { detail: 'a\r\nX: y\0\x80' }), ''))
  match(body, /a chunk is malformed: a\?\?X: y\?\?\n/)
})

test('503 says when to come back', () => {
  match(
    faultAnswer({ ...CLOSING, mustClose: false }, new Fault('QUEUE_FULL', { limit: 1 }), ''),
    /\r\nRetry-After: \d+\r\n/,
  )
  doesNotMatch(faultAnswer({ ...CLOSING, mustClose: false }, new Fault('QUEUE_FULL', { limit: 1 }), ''), /Connection/)
})

test('HEAD gets the head alone', () => {
  const [head, body] = parts(faultAnswer({ ...CLOSING, isHead: true }, new Fault('QUEUE_FULL', { limit: 1 }), ''))
  match(head, /Content-Length: [1-9]/)
  equal(body, '')
})

test('what happened inside stays inside', () => {
  equal(
    parts(faultAnswer(CLOSING, new Fault('APP_RAISED', { detail: 'KeyError: secret' }), ''))[1],
    '500 Internal Server Error\n\nAPP_RAISED\n',
  )
  equal(
    parts(faultAnswer(CLOSING, new Fault('SPOOL_FULL', { detail: '/private' }), ''))[1],
    '507 Insufficient Storage\n\nSPOOL_FULL\n',
  )
})

test('a traceback is shown where one is given', () => {
  const { body } = faultPage(new Fault('APP_RAISED', { detail: 'x' }), 'Traceback\n  é\n')
  equal(Buffer.from(body, 'latin1').toString('utf8'), '500 Internal Server Error\n\nAPP_RAISED\n\nTraceback\n  é\n')
})

test('every status of the table has a phrase', () => {
  for (const [code, row] of Object.entries(FAULTS) as [FaultCode, FaultRow][]) {
    if (row.status !== undefined && reason(row.status) === 'Unknown') throw new Error(code)
  }
})
