import { equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Client, chunked, request } from '../kit/client.ts'
import { fileScope } from '../kit/ends.ts'
import { Notes } from '../kit/gate.ts'
import { shared, start } from '../kit/server.ts'

const server = await shared('probe.py', ['--workers', '1', '--max-body', '1MiB', '--max-headers', '50'])
const notes = new Notes(fileScope)

/** [what, the bytes, the status]; a sample: tests/cases has them all. */
const REFUSALS: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n', 400],
  ['space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n', 400],
  ['an empty name', 'GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['two Hosts on 1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['an invalid Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a repeated length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx', 400],
  ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx', 400],
  ['chunked twice', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n', 400],
  ['chunked on 1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['an unknown coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501],
  [
    'a chunk size with 0x',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n',
    400,
  ],
  [
    'a space after a chunk size',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n',
    400,
  ],
  ['no CRLF after a chunk', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX0\r\n\r\n', 400],
  ['raw UTF-8 in the target', 'GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['version 2', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 501],
  ['userinfo', 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a long request line', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['many headers', `GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(60)}\r\n`, 431],
  ['large headers', `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${'a'.repeat(30_000)}\r\n`.repeat(4)}\r\n`, 431],
  ['an announced large body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n', 413],
  ['an unknown expectation', 'POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n', 417],
  ['not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
]

for (const [what, bytes, status] of REFUSALS) {
  test(`refused and closed: ${what}`, async () => {
    const client = await server.connect()
    await client.write(bytes)
    const answer = await client.response()
    equal(answer.status, status)
    equal(answer.header('connection'), 'close')
    ok(answer.body.length > 0 && answer.text.length < 1000, answer.text)
    equal((await client.rest()).length, 0)
  })
}

test('what follows a refused request is not run', async () => {
  const client = await server.connect()
  await client.write(
    `GET / HTTP/1.1\r\nHost : a\r\n\r\nGET /run?name=smuggled&log=${notes.path} HTTP/1.1\r\nHost: a\r\n\r\n`,
  )
  equal((await client.response()).status, 400)
  equal((await client.rest()).length, 0)
  await server.get(`/run?name=after&log=${notes.path}`)
  equal(
    notes
      .lines()
      .map((line) => line.split(' ')[0])
      .join(),
    'after',
  )
})

test('any method token reaches the application', async () => {
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'get', 'X!#$%'])
    equal((await server.send(method, '/echo')).header('x-method'), method)
})

test('OPTIONS * and the absolute form', async () => {
  const options = JSON.parse((await server.get('/environ')).text)
  equal(options.PATH_INFO, '/environ')
  const star = await server.send('OPTIONS', '*')
  equal(star.status, 200)
  const client = await server.connect()
  await client.write('GET https://other.example:81/environ?q=1 HTTP/1.1\r\nHost: a\r\n\r\n')
  const environ = JSON.parse((await client.response()).text)
  equal(environ.HTTP_HOST, 'other.example:81')
  equal(environ['wsgi.url_scheme'], 'http')
  equal(environ.PATH_INFO, '/environ')
  equal(environ.QUERY_STRING, 'q=1')
})

test('a request cut into single bytes is one request', async () => {
  const client = await server.connect()
  await client.writePieces(request('POST', '/echo', [], 'hello').toString('latin1'))
  equal((await client.response()).text, 'hello')
})

test('a chunked body arrives whole, with a CONTENT_LENGTH', async () => {
  const client = await server.connect()
  const head = request('POST', '/echo', [['Transfer-Encoding', 'chunked']])
  await client.write(Buffer.concat([head, chunked('hello ', 'chunked ', 'world')]))
  const answer = await client.response()
  equal(answer.text, 'hello chunked world')
  equal(answer.header('x-length'), '19')
})

test('chunk extensions with whitespace around ; and =, and trailers, are taken and dropped', async () => {
  const client = await server.connect()
  await client.write(request('POST', '/echo', [['Transfer-Encoding', 'chunked']]))
  await client.write('5 ; a = "b" ;c\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n')
  equal((await client.response()).text, 'hello')
  await client.write(request('GET', '/environ'))
  equal(JSON.parse((await client.response()).text).HTTP_X_TRAILER, undefined)
})

test('a chunked body over the limit gets 413', async () => {
  const client = await server.connect()
  await client.write(request('POST', '/echo', [['Transfer-Encoding', 'chunked']]))
  const part = Buffer.alloc(65_536, 'x')
  const writing = (async () => {
    for (let at = 0; at < 24; at++)
      await client.write(Buffer.concat([Buffer.from('10000\r\n'), part, Buffer.from('\r\n')]))
  })().catch(() => {})
  equal((await client.response()).status, 413)
  await writing
})

test('413 in the midst of an upload reaches a client that goes on sending', async () => {
  const client = await server.connect()
  await client.write(request('POST', '/echo', [['Content-Length', '8000000']]))
  const part = Buffer.alloc(65_536, 'x')
  // A client that reads only when all is sent: a reset on the way would lose it the answer.
  client.pause()
  for (let at = 0; at < 32; at++) await client.write(part)
  client.resume()
  equal((await client.response()).status, 413)
})

test('100-continue once the request will be taken', async () => {
  const client = await server.connect()
  await client.write(
    request('POST', '/echo', [
      ['Expect', '100-continue'],
      ['Content-Length', '5'],
    ]),
  )
  const interim = await client.head()
  equal(interim.status, 100)
  await client.write('hello')
  const answer = await client.response()
  equal(answer.text, 'hello')
  equal(answer.interim.length, 0)
})

test('no 100 for a body that is too large, on 1.0, without a body, or when it has begun', async () => {
  const large = await server.connect()
  await large.write(
    request('POST', '/echo', [
      ['Expect', '100-continue'],
      ['Content-Length', '2000000'],
    ]),
  )
  const refused = await large.response()
  equal(refused.status, 413)
  equal(refused.interim.length, 0)
  const old = await server.connect()
  await old.write(
    request(
      'POST',
      '/echo',
      [
        ['Expect', '100-continue'],
        ['Content-Length', '5'],
      ],
      'hello',
      '1.0',
    ),
  )
  equal((await old.response()).interim.length, 0)
  const empty = await server.connect()
  await empty.write(
    request('POST', '/echo', [
      ['Expect', '100-continue'],
      ['Content-Length', '0'],
    ]),
  )
  equal((await empty.response()).interim.length, 0)
  const begun = await server.connect()
  await begun.write(request('POST', '/echo', [['Expect', '100-continue']], 'hello'))
  const answer = await begun.response()
  equal(answer.text, 'hello')
  equal(answer.interim.length, 0)
})

test('1.1 is kept open, and closed on request', async () => {
  const client = await server.connect()
  for (let at = 0; at < 3; at++) {
    await client.write(request('GET', `/${at}`))
    const answer = await client.response()
    equal(answer.version, 'HTTP/1.1')
    equal(answer.text, `Hello! You requested: /${at}`)
    equal(answer.header('connection'), null)
  }
  await client.write(request('GET', '/last', [['Connection', 'close']]))
  equal((await client.response()).header('connection'), 'close')
  equal((await client.rest()).length, 0)
})

test('1.0 is closed, and kept open on request', async () => {
  const closing = await server.connect()
  await closing.write('GET / HTTP/1.0\r\n\r\n')
  equal((await closing.response()).status, 200)
  equal((await closing.rest()).length, 0)
  const kept = await server.connect()
  for (let at = 0; at < 2; at++) {
    await kept.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    const answer = await kept.response()
    equal(answer.header('connection')?.toLowerCase(), 'keep-alive')
  }
})

test('an answer of unknown length is chunked for 1.1 and ends with the connection for 1.0', async () => {
  const modern = await server.get('/unsized?size=200000')
  equal(modern.framing, 'chunked')
  equal(modern.body.length, 200_000)
  const old = await server.connect()
  await old.write('GET /unsized?size=200000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  const answer = await old.response()
  equal(answer.framing, 'close')
  equal(answer.header('transfer-encoding'), null)
  equal(answer.body.length, 200_000)
})

test('HEAD has the headers of GET and no body', async () => {
  const client = await server.connect()
  for (const target of ['/', '/sized?size=100000', '/unsized?size=100000', '/listed?count=3']) {
    await client.write(request('HEAD', target))
    const head = await client.response({ method: 'HEAD' })
    await client.write(request('GET', target))
    const get = await client.response()
    equal(head.status, 200)
    equal(head.header('content-type'), get.header('content-type'))
    if (head.header('content-length') !== null) equal(head.header('content-length'), String(get.body.length))
  }
})

test('204 and 304 have no body and no length of their own', async () => {
  const client = await server.connect()
  for (const code of [204, 304]) {
    await client.write(request('GET', `/status?code=${code}`))
    const answer = await client.response()
    equal(answer.status, code)
    equal(answer.header('transfer-encoding'), null)
  }
  await client.write(request('GET', '/after'))
  equal((await client.response()).text, 'Hello! You requested: /after')
})

test('Date and Server are added, once, and those of the application win', async () => {
  const answer = await server.get('/')
  match(answer.header('date') ?? '', /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT$/)
  equal(answer.header('server'), 'dram')
  const own = await server.get('/bye')
  equal(own.header('date'), 'Sun, 06 Nov 1994 08:49:37 GMT')
  equal(own.header('server'), 'mine')
})

test('Date and Server can be turned off', async (t) => {
  const bare = await start(t, 'probe.py', ['--workers', '1', '--no-date-header', '--no-server-header'])
  const answer = await bare.get('/')
  equal(answer.header('date'), null)
  equal(answer.header('server'), null)
})

test('headers of the application keep order, case and repetition', async () => {
  const answer = await server.get('/headers')
  const own = answer.headers.filter(([name]) => /^(X-One|Set-Cookie)$/.test(name))
  equal(own.map((pair) => pair.join('=')).join(';'), 'X-One=1;Set-Cookie=a=1;Set-Cookie=b=2')
})

test('a half-closed client still gets its answer', async () => {
  const client = await server.connect()
  await client.write(request('GET', '/unsized?size=300000'))
  client.halfClose()
  equal((await client.response()).body.length, 300_000)
  equal(await client.end(), 'ended')
})

test('a half-closed client that had pipelined gets all its answers', async () => {
  const client = await server.connect()
  await client.write(Buffer.concat([request('GET', '/1'), request('POST', '/echo', [], 'two'), request('GET', '/3')]))
  client.halfClose()
  const answers = await client.responses(3)
  equal(answers.map((answer) => answer.text).join('|'), 'Hello! You requested: /1|two|Hello! You requested: /3')
  equal(await client.end(), 'ended')
})

test('a client that leaves in the midst of a body has run nothing', async () => {
  const client = await server.connect()
  const before = notes.lines().length
  await client.write(request('POST', `/run?name=half&log=${notes.path}`, [['Content-Length', '10']]))
  await client.write('12345')
  client.halfClose()
  await client.end()
  await server.get('/')
  equal(notes.lines().length, before)
})

test('large keep-alive answers come whole to a reader of one byte at a time', async () => {
  const client = await Client.connect(server.address)
  await client.write(
    Buffer.concat([request('GET', '/sized?size=70000'), request('GET', '/unsized?size=70000&piece=999')]),
  )
  const answers = await client.responses(2)
  for (const answer of answers) equal(answer.body.length, 70_000)
  client.close()
})
