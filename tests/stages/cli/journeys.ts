import type { Journey, RecordedBytes } from '../../../src/dev/inspector/journey.ts'

/** Journeys as a recorder would tell them. */

export function recorded(...pieces: readonly (readonly [atMs: number, text: string])[]): RecordedBytes {
  return { pieces: pieces.map(([atMs, text]) => ({ atMs, bytes: base64(text) })), dropped: 0 }
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

const HEAD = 'GET /hello?name=you HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/8.0\r\n\r\n'

export const HELLO: Journey = {
  number: 1,
  requestId: '5b1e',
  cameAt: '2026-11-30T12:00:00.000Z',
  method: 'GET',
  target: '/hello?name=you',
  status: 200,
  state: 'done',
  fault: null,
  tookMs: 3.21,
  bytesIn: HEAD.length,
  bytesOut: 120,
  replayOf: null,
  connection: {
    number: 1,
    requestNumber: 1,
    client: '127.0.0.1:50234',
    isSecure: false,
    listener: 'http://127.0.0.1:41235',
  },
  bytes: recorded([0, HEAD.slice(0, 40)], [1.5, HEAD.slice(40)]),
  parse: {
    head: {
      method: 'GET',
      target: '/hello?name=you',
      version: '1.1',
      fields: [
        { name: 'host', value: 'localhost' },
        { name: 'user-agent', value: 'curl/8.0' },
      ],
      byteLength: HEAD.length,
    },
    bodyFraming: 'none',
    refusal: null,
  },
  decisions: [
    { stage: 'route', what: 'True client', result: '127.0.0.1', because: 'no proxy is trusted over TCP' },
    { stage: 'respond', what: 'Connection', result: 'stays open', because: 'RFC 9112 §9.3' },
  ],
  dispatch: { queuedAtMs: 1.6, sentAtMs: 1.7, waitingBefore: 0 },
  worker: { number: 1, pid: 4711, thread: 'MainThread', python: '3.11.2' },
  environ: [
    { key: 'REQUEST_METHOD', value: "'GET'", from: 'the request line', rule: 'PEP 3333, environ Variables' },
    { key: 'HTTP_USER_AGENT', value: "'curl/8.0'", from: 'field user-agent', rule: 'PEP 3333, environ Variables' },
    {
      key: 'wsgi.input',
      value: '<dram.body.Body object at 0x7f0000000000>',
      from: 'the server',
      rule: 'PEP 3333, environ Variables',
    },
  ],
  call: {
    application: 'hello:application',
    beganAtMs: 2,
    startResponses: [{ atMs: 2.1, status: '200 OK', headers: [['Content-Type', 'text/plain']], hasExcInfo: false }],
    returnedAtMs: 2.2,
    returned: 'list',
    chunks: [{ atMs: 2.3, size: 12, start: base64('Hello, you!\n'), by: 'iterable' }],
    droppedChunks: 0,
    closedAtMs: null,
    raised: '',
  },
  answer: recorded([3.1, 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello, you!\n']),
  answerFraming: 'length',
  marks: [
    { stage: 'listen', what: 'first byte', atMs: 0 },
    { stage: 'parse', what: 'head read', atMs: 1.5 },
    { stage: 'dispatch', what: 'waits', atMs: 1.6 },
    { stage: 'application', what: 'called', atMs: 2 },
    { stage: 'respond', what: 'answered', atMs: 3.1 },
  ],
}

const STREAMED_TEXT = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

export const STREAMED: Journey = {
  ...HELLO,
  call: {
    ...HELLO.call!,
    returned: 'generator',
    chunks: [
      { atMs: 2.3, size: 4, start: base64('one\n'), by: 'iterable' },
      { atMs: 52, size: 3, start: base64('two'), by: 'write' },
    ],
    closedAtMs: 53,
  },
  answer: recorded([2.4, `${STREAMED_TEXT}4\r\none\n\r\n`], [52.1, '3\r\ntwo\r\n0\r\n\r\n']),
  answerFraming: 'chunked',
}

const BROKEN = 'GET / HTTP/1.1\r\nHost : localhost\r\n\r\n'

export const REFUSED: Journey = {
  ...HELLO,
  method: '',
  target: '',
  status: 400,
  state: 'refused',
  fault: 'HEADER_NAME_INVALID',
  bytes: recorded([0, BROKEN]),
  parse: {
    head: null,
    bodyFraming: 'none',
    refusal: {
      code: 'HEADER_NAME_INVALID',
      says: 'a header name is empty or not a token',
      hint: 'no space before the colon (RFC 9112 §5.1)',
      rule: 'RFC 9112 §5.1',
      atByte: BROKEN.indexOf(' :'),
    },
  },
  decisions: [],
  dispatch: null,
  worker: null,
  environ: [],
  call: null,
  answer: recorded([0.4, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n']),
  answerFraming: 'close',
  marks: [{ stage: 'parse', what: 'refused', atMs: 0.3 }],
}

export const RAISED: Journey = {
  ...HELLO,
  status: 500,
  state: 'failed',
  fault: 'APP_RAISED',
  call: {
    ...HELLO.call!,
    startResponses: [],
    returnedAtMs: null,
    returned: '',
    chunks: [],
    raised:
      'Traceback (most recent call last):\n  File "shop.py", line 3, in application\nValueError: told to\x1b[2J\n',
  },
}
