import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, AnswerReader } from '../../../bench/load/answers.ts'

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n'
const CLOSING = 'HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno'
const HELLO: Answer = { status: 200, text: 'hello', isLast: false }
const NO: Answer = { status: 503, text: 'no', isLast: true }

function read(pieces: readonly string[]): Answer[] {
  const reader = new AnswerReader()
  return pieces.flatMap((piece) => reader.feed(Buffer.from(piece, 'latin1')))
}

test('answers are the same, wherever their bytes are cut', () => {
  const whole = LENGTH + CHUNKED + CLOSING
  deepEqual(read([whole]), [HELLO, HELLO, NO])
  deepEqual(read([...whole]), [HELLO, HELLO, NO])
  for (let at = 1; at < whole.length; at++) deepEqual(read([whole.slice(0, at), whole.slice(at)]), [HELLO, HELLO, NO])
})

test('an answer without a length ends with its connection', () => {
  const reader = new AnswerReader()
  deepEqual(reader.feed(Buffer.from('HTTP/1.0 200 OK\r\n\r\nhel')), [])
  deepEqual(reader.feed(Buffer.from('lo')), [])
  deepEqual(reader.end(), { status: 200, text: 'hello', isLast: true })
})

test('a connection that ends inside an answer has none', () => {
  const reader = new AnswerReader()
  reader.feed(Buffer.from(LENGTH.slice(0, -1)))
  equal(reader.end(), null)
  equal(reader.isBetween, false)
})

test('between answers nothing is lost by an end', () => {
  const reader = new AnswerReader()
  equal(reader.isBetween, true)
  reader.feed(Buffer.from(LENGTH))
  equal(reader.isBetween, true)
  reader.feed(Buffer.from('HTTP'))
  equal(reader.isBetween, false)
})

test('HTTP/1.0 keeps its connection only when it says so', () => {
  const old = (more: string) => read([`HTTP/1.0 200 OK\r\n${more}Content-Length: 0\r\n\r\n`])[0]?.isLast
  equal(old(''), true)
  equal(old('Connection: keep-alive\r\n'), false)
})

test('204 and 304 have no body, whatever they say nothing about', () => {
  deepEqual(read(['HTTP/1.1 204 No Content\r\n\r\n', LENGTH]), [{ status: 204, text: '', isLast: false }, HELLO])
})
