import type { CallRecord, EnvironEntry, Journey, Mark, RecordedBytes } from '../../src/dev/inspector/journey.ts'

/** Journeys as the recorder makes them, one for each shape that a page has to draw. */

export const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

export function bytesOf(...pieces: readonly (readonly [atMs: number, text: string])[]): RecordedBytes {
  return { pieces: pieces.map(([atMs, text]) => ({ atMs, bytes: base64(text) })), dropped: 0 }
}

const FIELDS = [
  ['host', '127.0.0.1:8000'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
  ['accept-language', 'en'],
  ['cookie', 'theme=dark; session=***'],
] as const

const headText = (line: string, fields: readonly (readonly [string, string])[] = FIELDS): string =>
  `${line}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`

const ENVIRON_RULE = 'PEP 3333, environ Variables'

export function environOf(
  path: string,
  query: string,
  method: string,
  more: readonly EnvironEntry[] = [],
): EnvironEntry[] {
  const entry = (key: string, value: string, from: string, rule: string): EnvironEntry => ({ key, value, from, rule })
  return [
    entry('REQUEST_METHOD', `'${method}'`, 'the request line', 'RFC 3875 §4.1.12'),
    entry('SCRIPT_NAME', "''", 'the mount', 'RFC 3875 §4.1.13'),
    entry('PATH_INFO', `'${path}'`, 'the request line', 'RFC 3875 §4.1.5'),
    entry('QUERY_STRING', `'${query}'`, 'the request line', 'RFC 3875 §4.1.7'),
    entry('SERVER_PROTOCOL', "'HTTP/1.1'", 'the request line', 'RFC 3875 §4.1.16'),
    entry('SERVER_NAME', "'127.0.0.1'", 'field host', 'RFC 3875 §4.1.14'),
    entry('SERVER_PORT', "'8000'", 'field host', 'RFC 3875 §4.1.15'),
    entry('REMOTE_ADDR', "'127.0.0.1'", 'the connection', 'RFC 3875 §4.1.8'),
    ...more,
    ...FIELDS.map(([name, value]) =>
      entry(`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, `'${value}'`, `field ${name}`, 'RFC 3875 §4.1.18'),
    ),
    entry('wsgi.version', '(1, 0)', 'the server', ENVIRON_RULE),
    entry('wsgi.url_scheme', "'http'", 'the connection', ENVIRON_RULE),
    entry('wsgi.input', '<dram.body.Input object>', 'the body', ENVIRON_RULE),
    entry('wsgi.errors', "<_io.TextIOWrapper name='<stderr>'>", 'the server', ENVIRON_RULE),
    entry('wsgi.multithread', 'True', 'the server', ENVIRON_RULE),
    entry('wsgi.multiprocess', 'False', 'the server', ENVIRON_RULE),
    entry('wsgi.run_once', 'False', 'the server', ENVIRON_RULE),
  ]
}

const HTML = '<!doctype html>\n<title>Shop</title>\n<h1>Tea</h1>\n'
const MARKS: readonly Mark[] = [
  { stage: 'listen', what: 'first byte', atMs: 0 },
  { stage: 'parse', what: 'head read', atMs: 0.08 },
  { stage: 'route', what: 'routed', atMs: 0.12 },
  { stage: 'dispatch', what: 'waits', atMs: 0.16 },
  { stage: 'worker', what: 'sent', atMs: 0.21 },
  { stage: 'application', what: 'called', atMs: 0.34 },
  { stage: 'respond', what: 'answer begins', atMs: 1.1 },
]

const CALL: CallRecord = {
  application: 'shop:application',
  beganAtMs: 0.34,
  startResponses: [
    {
      atMs: 0.8,
      status: '200 OK',
      headers: [
        ['Content-Type', 'text/html; charset=utf-8'],
        ['Content-Length', String(HTML.length)],
      ],
      hasExcInfo: false,
    },
  ],
  returnedAtMs: 0.82,
  returned: 'list',
  chunks: [{ atMs: 0.84, size: HTML.length, start: base64(HTML), by: 'iterable' }],
  droppedChunks: 0,
  printed: [],
  closedAtMs: null,
  raised: '',
}

/** A GET that went well; what is given differs. */
export function journey(number: number, more: Partial<Journey> = {}): Journey {
  const target = more.target ?? '/tea?kind=green'
  const method = more.method ?? 'GET'
  const [path = '', query = ''] = target.split('?')
  const sent = headText(`${method} ${target} HTTP/1.1`)
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${HTML.length}\r\nDate: Mon, 30 Nov 2026 14:00:00 GMT\r\nServer: dram\r\n\r\n${HTML}`
  return {
    number,
    requestId: `0f${number}`,
    cameAt: new Date(Date.UTC(2026, 10, 30, 14, 0, number)).toISOString(),
    method,
    target,
    status: 200,
    state: 'done',
    fault: null,
    tookMs: 1.31,
    bytesIn: sent.length,
    bytesOut: answer.length,
    replayOf: null,
    connection: {
      number: 1,
      requestNumber: number,
      client: '127.0.0.1:51234',
      isSecure: false,
      listener: 'http://127.0.0.1:8000',
    },
    bytes: bytesOf([0, sent]),
    parse: {
      head: {
        method,
        target,
        version: '1.1',
        fields: FIELDS.map(([name, value]) => ({ name, value })),
        byteLength: sent.length,
      },
      bodyFraming: 'none',
      refusal: null,
    },
    decisions: [
      { stage: 'listen', what: 'Connection', result: 'new: its first request', because: '' },
      {
        stage: 'parse',
        what: 'Head limits',
        result: `5 of at most 100 header lines, ${sent.length} of at most 65536 bytes`,
        because: '--max-headers, --max-header-size',
      },
      { stage: 'parse', what: 'Request body', result: 'none', because: 'RFC 9112 §6.3' },
      { stage: 'route', what: 'True client', result: '127.0.0.1', because: 'who connected' },
      { stage: 'route', what: 'Scheme', result: 'http', because: '--url-scheme' },
      {
        stage: 'dispatch',
        what: 'Queue',
        result: 'nobody waited before it; it waited less than 1 ms',
        because: '--queue 2048',
      },
      { stage: 'worker', what: 'Worker', result: 'worker 1', because: 'the least busy one with room' },
      { stage: 'respond', what: 'Connection afterwards', result: 'kept open', because: '--keep-alive 75s' },
    ],
    dispatch: { queuedAtMs: 0.16, sentAtMs: 0.21, waitingBefore: 0 },
    worker: { number: 1, pid: 4711, thread: 'dram-3', python: '3.11.7' },
    environ: environOf(path, query, method),
    call: CALL,
    answer: bytesOf([1.2, answer]),
    answerFraming: 'length',
    marks: MARKS,
    ...more,
  }
}

const POST_HEAD = headText('POST /orders HTTP/1.1', [
  ['host', '127.0.0.1:8000'],
  ['content-type', 'application/json'],
  ['transfer-encoding', 'chunked'],
])

/** A body in chunks that came in three reads. */
export function upload(number: number): Journey {
  const reads = [`${POST_HEAD}10\r\n{"tea": "green",\r\n`, 'e\r\n "cups": 12}\r\n\r\n', '0\r\n\r\n'] as const
  return journey(number, {
    method: 'POST',
    target: '/orders',
    status: 201,
    tookMs: 84.2,
    bytes: bytesOf([0, reads[0]], [40.2, reads[1]], [81.9, reads[2]]),
    bytesIn: reads.join('').length,
    parse: {
      head: {
        method: 'POST',
        target: '/orders',
        version: '1.1',
        fields: [
          { name: 'host', value: '127.0.0.1:8000' },
          { name: 'content-type', value: 'application/json' },
          { name: 'transfer-encoding', value: 'chunked' },
        ],
        byteLength: POST_HEAD.length,
      },
      bodyFraming: 'chunked',
      refusal: null,
    },
    environ: environOf('/orders', '', 'POST', [
      { key: 'CONTENT_TYPE', value: "'application/json'", from: 'field content-type', rule: 'RFC 3875 §4.1.3' },
      { key: 'CONTENT_LENGTH', value: "'30'", from: 'the body', rule: 'RFC 3875 §4.1.2' },
    ]),
  })
}

/** A generator, with a write() before it, in chunks. */
export function stream(number: number): Journey {
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'
  const texts = ['begins\n', 'one\n', 'two\n', 'three\n']
  return journey(number, {
    target: '/stream',
    tookMs: 302.5,
    call: {
      ...CALL,
      startResponses: [{ atMs: 0.5, status: '200 OK', headers: [['Content-Type', 'text/plain']], hasExcInfo: false }],
      returned: 'generator',
      chunks: texts.map((text, at) => ({
        atMs: 0.9 + at * 100,
        size: text.length,
        start: base64(text),
        by: at === 0 ? 'write' : 'iterable',
      })),
      closedAtMs: 301.2,
    },
    answer: bytesOf(
      [1.2, head + chunk(texts[0]!)],
      ...texts.slice(1).map((text, at): [number, string] => [101 + at * 100, chunk(text)]),
      [302.1, '0\r\n\r\n'],
    ),
    answerFraming: 'chunked',
  })
}

/** A space before a colon. */
export function refused(number: number): Journey {
  const sent = 'GET /tea HTTP/1.1\r\nHost : 127.0.0.1:8000\r\n\r\n'
  return journey(number, {
    method: '',
    target: '',
    status: 400,
    state: 'refused',
    fault: 'HEADER_NAME_INVALID',
    tookMs: 0.4,
    bytes: bytesOf([0, sent]),
    bytesIn: sent.length,
    parse: {
      head: null,
      bodyFraming: 'none',
      refusal: {
        code: 'HEADER_NAME_INVALID',
        says: 'a header name is empty or not a token',
        hint: 'no space before the colon (RFC 9112 §5.1)',
        rule: 'RFC 9112 §5.1',
        atByte: sent.indexOf(' :'),
      },
    },
    decisions: [{ stage: 'listen', what: 'Peer', result: '127.0.0.1:51234', because: '' }],
    dispatch: null,
    worker: null,
    environ: [],
    call: null,
    answer: bytesOf([
      0.3,
      'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 38\r\nConnection: close\r\n\r\na header name is empty or not a token\n',
    ]),
    marks: MARKS.slice(0, 1),
  })
}

/** The application raised. */
export function raised(number: number): Journey {
  const traceback =
    'Traceback (most recent call last):\n  File "shop.py", line 12, in application\n    raise ValueError("no <b>tea</b> left")\nValueError: no <b>tea</b> left\n'
  return journey(number, {
    target: '/fails',
    status: 500,
    state: 'failed',
    fault: 'APP_RAISED',
    call: { ...CALL, startResponses: [], returnedAtMs: null, returned: '', chunks: [], raised: traceback },
  })
}

/** It waits in the queue, behind others. */
export function queued(number: number): Journey {
  return journey(number, {
    target: '/slow',
    status: 0,
    state: 'running',
    tookMs: null,
    bytesOut: 0,
    dispatch: { queuedAtMs: 0.16, sentAtMs: null, waitingBefore: 7 },
    worker: null,
    environ: [],
    call: null,
    answer: bytesOf(),
    answerFraming: null,
    marks: MARKS.slice(0, 4),
  })
}

/** Its application has not returned. */
export function hanging(number: number): Journey {
  return journey(number, {
    target: '/hangs',
    status: 0,
    state: 'running',
    tookMs: null,
    bytesOut: 0,
    call: { ...CALL, startResponses: [], returnedAtMs: null, returned: '', chunks: [] },
    answer: bytesOf(),
    answerFraming: null,
    marks: MARKS.slice(0, 6),
  })
}

export function notModified(number: number): Journey {
  return journey(number, {
    target: '/logo.svg',
    status: 304,
    bytesOut: 78,
    answer: bytesOf([0.9, 'HTTP/1.1 304 Not Modified\r\nETag: "7"\r\nDate: Mon, 30 Nov 2026 14:00:00 GMT\r\n\r\n']),
    answerFraming: 'none',
  })
}

/** Five on one connection, whose bytes came in one read. */
export function pipelined(number: number): Journey {
  return journey(number, { connection: { ...journey(1).connection, number: 4, requestNumber: 3 }, replayOf: 1 })
}

export const ALL: readonly Journey[] = [
  journey(1),
  upload(2),
  stream(3),
  refused(4),
  raised(5),
  notModified(6),
  pipelined(7),
  queued(8),
  hanging(9),
]
