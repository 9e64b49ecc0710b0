import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnswerHead } from '../../../src/events/answer.ts'
import { headText, smallAnswer } from '../../../src/respond/answer.ts'
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../../../src/respond/chunks.ts'
import { type Asked, type Plan, plan } from '../../../src/respond/framing.ts'
import { CONTINUE, earlyHints } from '../../../src/respond/interim.ts'

const GET: Asked = { isHead: false, minor: 1, keepAlive: true, mustClose: false }
const HEAD: Asked = { ...GET, isHead: true }
const OLD: Asked = { ...GET, minor: 0, keepAlive: false }

function answer(status: number, lines = '', facts: Partial<AnswerHead> = {}): AnswerHead {
  const hasLength = /^content-length:/im.test(lines)
  return {
    status,
    head: `${status} X\r\n${lines}`,
    hasLength,
    hasDate: false,
    hasServer: false,
    wantsClose: false,
    ...facts,
  }
}

const LENGTH = 'Content-Length: 5\r\n'

describe('framing', () => {
  const CASES: readonly [name: string, asked: Asked, answer: AnswerHead, bodyBytes: number, expected: Plan][] = [
    ['the application gave the length', GET, answer(200, LENGTH), -1, { framing: 'length', staysOpen: true }],
    ['the whole body is there', GET, answer(200), 5, { framing: 'length', staysOpen: true }],
    ['unknown length on 1.1', GET, answer(200), -1, { framing: 'chunked', staysOpen: true }],
    ['unknown length on 1.0', OLD, answer(200), -1, { framing: 'close', staysOpen: false }],
    [
      'unknown length on 1.0 that would stay',
      { ...OLD, keepAlive: true },
      answer(200),
      -1,
      { framing: 'close', staysOpen: false },
    ],
    [
      'known length on 1.0 that would stay',
      { ...OLD, keepAlive: true },
      answer(200),
      5,
      { framing: 'length', staysOpen: true },
    ],
    ['HEAD', HEAD, answer(200), -1, { framing: 'none', staysOpen: true }],
    ['HEAD on 1.0', { ...OLD, isHead: true, keepAlive: true }, answer(200), -1, { framing: 'none', staysOpen: true }],
    ['204', GET, answer(204), -1, { framing: 'none', staysOpen: true }],
    ['304 with a length', GET, answer(304, LENGTH), -1, { framing: 'none', staysOpen: true }],
    ['the client closes', { ...GET, keepAlive: false }, answer(200), 5, { framing: 'length', staysOpen: false }],
    ['the server closes', { ...GET, mustClose: true }, answer(200), -1, { framing: 'chunked', staysOpen: false }],
    ['the application closes', GET, answer(200, '', { wantsClose: true }), 5, { framing: 'length', staysOpen: false }],
  ]
  for (const [name, asked, head, bodyBytes, expected] of CASES) {
    test(name, () => deepEqual(plan(asked, head, bodyBytes), expected))
  }
})

describe('a whole answer', () => {
  test('gets a Content-Length', () => {
    equal(
      smallAnswer(GET, answer(200, 'A: b\r\n'), 'hello', 'S: s\r\n'),
      'HTTP/1.1 200 X\r\nA: b\r\nS: s\r\nContent-Length: 5\r\n\r\nhello',
    )
  })
  test('keeps the application’s Content-Length', () => {
    equal(smallAnswer(GET, answer(200, LENGTH), 'hello', ''), 'HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello')
  })
  test('an empty one has a length too, or the client would wait', () => {
    equal(smallAnswer(GET, answer(404), '', ''), 'HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n')
  })
  test('says that the connection ends', () => {
    match(smallAnswer({ ...GET, mustClose: true }, answer(200), 'x', ''), /\r\nConnection: close\r\n/)
    match(smallAnswer(OLD, answer(200), 'x', ''), /\r\nConnection: close\r\n/)
  })
  test('tells a 1.0 client that it stays, and not a 1.1 client, which knows', () => {
    match(smallAnswer({ ...OLD, keepAlive: true }, answer(200), 'x', ''), /\r\nConnection: keep-alive\r\n/)
    doesNotMatch(smallAnswer(GET, answer(200), 'x', ''), /Connection/)
  })
  test('HEAD: no body; its length only if there was one', () => {
    equal(smallAnswer(HEAD, answer(200), 'hello', ''), 'HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n')
    equal(smallAnswer(HEAD, answer(200), '', ''), 'HTTP/1.1 200 X\r\n\r\n')
    equal(smallAnswer(HEAD, answer(200, LENGTH), '', ''), 'HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n')
  })
  test('204: neither body nor length, whatever the application says', () => {
    equal(
      smallAnswer(GET, answer(204, `A: b\r\ncontent-length: 5\r\nC: d\r\n`), 'hello', ''),
      'HTTP/1.1 204 X\r\nA: b\r\nC: d\r\n\r\n',
    )
    equal(smallAnswer(HEAD, answer(204, LENGTH), '', ''), 'HTTP/1.1 204 X\r\n\r\n')
  })
  test('304: no body, no length of ours, but the application’s', () => {
    equal(smallAnswer(GET, answer(304), 'hello', ''), 'HTTP/1.1 304 X\r\n\r\n')
    equal(smallAnswer(GET, answer(304, LENGTH), 'hello', ''), 'HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n')
  })
})

test('a stream: head, chunks, end', () => {
  const head = answer(200, 'A: b\r\n')
  equal(
    headText(GET, head, plan(GET, head, -1), -1, 'S: s\r\n'),
    'HTTP/1.1 200 X\r\nA: b\r\nS: s\r\nTransfer-Encoding: chunked\r\n\r\n',
  )
  equal(chunkStart(26) + 'x'.repeat(26) + CHUNK_END + LAST_CHUNK, `1a\r\n${'x'.repeat(26)}\r\n0\r\n\r\n`)
})

test('a stream to 1.0 ends with the connection', () => {
  const head = answer(200)
  equal(headText(OLD, head, plan(OLD, head, -1), -1, ''), 'HTTP/1.1 200 X\r\nConnection: close\r\n\r\n')
})

test('interim answers', () => {
  equal(CONTINUE, 'HTTP/1.1 100 Continue\r\n\r\n')
  equal(earlyHints('Link: </a>\r\n'), 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
})
