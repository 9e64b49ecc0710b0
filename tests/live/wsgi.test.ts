import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readToTheEnd } from '../kit/blocking.ts'
import { request } from '../kit/client.ts'
import { fileScope } from '../kit/ends.ts'
import { Notes } from '../kit/gate.ts'
import { folder, PYTHON, shared, start } from '../kit/server.ts'

// All are started before the first test is registered.
const broken = await shared('broken.py', ['--workers', '1'])
const servers = [
  ['probe.py', await shared('probe.py', ['--workers', '1'])],
  ['checked.py', await shared('checked.py', ['--workers', '1'])],
] as const

for (const [app, server] of servers) {
  const notes = new Notes(fileScope)

  test(`${app}: write() and what is returned go out in order`, async () => {
    equal((await server.get('/written')).text, 'first second third')
  })

  test(`${app}: a list of one chunk has a Content-Length, of several is chunked`, async () => {
    const one = await server.get('/listed?count=1')
    // Under the validator the list is an iterator without a length.
    if (app === 'probe.py') equal(one.header('content-length'), '7')
    equal(one.text, 'part 0.')
    equal((await server.get('/listed?count=3')).text, 'part 0.part 1.part 2.')
    equal((await server.get('/listed?count=0')).text, '')
  })

  test(`${app}: close() is called once after a whole answer`, async () => {
    const before = notes.lines().length
    equal((await server.get(`/closing?parts=a,b,c&log=${notes.path}`)).text, 'abc')
    await server.get('/')
    equal(notes.lines().length, before + 1)
  })

  test(`${app}: empty chunks send nothing, a body of only empty chunks is empty`, async () => {
    equal((await server.get(`/closing?parts=,,a,,&log=${notes.path}`)).text, 'a')
    const empty = await server.get(`/closing?parts=,&log=${notes.path}`)
    equal(empty.text, '')
    equal(empty.status, 200)
  })

  test(`${app}: close() is called once when the body raises, and the client can tell`, async () => {
    const before = notes.lines().length
    const client = await server.connect()
    await client.write(request('GET', `/closing?parts=aaaa,raise&log=${notes.path}`))
    await client.failure()
    await notes.until(before + 1)
    await server.get('/')
    equal(notes.lines().length, before + 1)
  })

  test(`${app}: close() is called once for HEAD`, async () => {
    const before = notes.lines().length
    const answer = await server.send('HEAD', `/closing?parts=a,b&log=${notes.path}`)
    equal(answer.status, 200)
    await notes.until(before + 1)
    await server.get('/')
    equal(notes.lines().length, before + 1)
  })

  test(`${app}: wsgi.input in every way of reading`, async () => {
    const body = 'one\ntwo\n\nthree'
    const read = async (query: string, data = body) => {
      const answer = await server.send('POST', `/read?${query}`, [], data)
      equal(answer.status, 200, answer.text)
      return JSON.parse(answer.text) as { pieces: string[]; after: string }
    }
    deepEqual((await read('way=read&size=5')).pieces, ['one\nt', 'wo\n\nt', 'hree'])
    deepEqual((await read('way=read&size=1000')).pieces, [body])
    deepEqual((await read('way=read&size=-1')).pieces, [body])
    deepEqual((await read('way=readline')).pieces, ['one\n', 'two\n', '\n', 'three'])
    deepEqual((await read('way=readline&size=2')).pieces, ['on', 'e\n', 'tw', 'o\n', '\n', 'th', 're', 'e'])
    deepEqual((await read('way=readlines&size=4')).pieces.slice(0, 1), ['one\n'])
    deepEqual((await read('way=readlines')).pieces, ['one\n', 'two\n', '\n', 'three'])
    deepEqual((await read('way=iterate')).pieces, ['one\n', 'two\n', '\n', 'three'])
    for (const way of ['read', 'readlines', 'iterate'])
      deepEqual(await read(`way=${way}&size=10`, ''), { pieces: [], after: '' })
  })

  test(`${app}: a body that isn’t read doesn’t disturb the next request`, async () => {
    const client = await server.connect()
    for (let at = 0; at < 3; at++) {
      await client.write(request('POST', `/${at}`, [], 'x'.repeat(200_000)))
      equal((await client.response()).text, `Hello! You requested: /${at}`)
    }
  })

  test(`${app}: files of all sizes through wsgi.file_wrapper`, async (t) => {
    const path = join(folder(t), 'file')
    for (const size of [0, 1, 4096, 70_000, 5_000_000]) {
      const bytes = Buffer.alloc(size, 'abcdefghij')
      writeFileSync(path, bytes)
      for (const query of ['', '&length=1']) {
        const answer = await server.get(`/file?path=${path}${query}`)
        equal(answer.status, 200)
        ok(answer.body.equals(bytes), `${size}${query}`)
      }
    }
  })
}

test('the validator had nothing to say', async (t) => {
  const server = await start(t, 'checked.py', ['--workers', '1'])
  for (const target of ['/', '/listed?count=3', '/written', '/unsized?size=100000', '/status?code=204'])
    await server.get(target)
  await server.send('HEAD', '/unsized?size=100000')
  equal((await server.stop()).code, 0)
  ok(!/garbage collected|AssertionError|Warning/.test(server.stderr), server.stderr)
})

test('a file goes out from where it stands', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const path = join(folder(t), 'file')
  writeFileSync(path, Buffer.alloc(100_000, '0123456789'))
  const answer = await server.get(`/file?path=${path}&from=99995`)
  equal(answer.text, '56789')
})

test('a file on its way to a slow client holds no worker', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const path = join(folder(t), 'file')
  writeFileSync(path, Buffer.alloc(30_000_000, 'x'))
  const slow = await server.connect({ paused: true })
  await slow.write(request('GET', `/file?path=${path}&length=1`))
  equal((await server.get('/meanwhile')).status, 200)
  slow.resume()
  equal((await slow.response()).body.length, 30_000_000)
})

for (const page of ['raises', 'raises-after-start', 'raises-on-first', 'leaves'])
  test(`an exception before the headers is a 500 with its traceback in the log: ${page}`, async () => {
    const from = broken.lines.length
    const answer = await broken.get(`/${page}`)
    equal(answer.status, 500)
    ok(!answer.text.includes('Traceback') && !answer.text.includes('ValueError'), answer.text)
    if (page !== 'leaves') await broken.until(/ValueError/, { from })
    const id = answer.header('x-request-id')!
    await broken.until(new RegExp(`${id}`), { from })
    const told = broken.lines.slice(from).join('\n')
    match(told, /GET/)
    match(told, new RegExp(`/${page}`))
  })

for (const page of ['raises-in-body', 'raises-in-sized-body', 'handled-late'])
  test(`an exception after the headers can be seen on 1.1: ${page}`, async () => {
    const client = await broken.connect()
    await client.write(request('GET', `/${page}`))
    await client.failure()
  })

test('an exception after the headers can be seen on 1.0: raises-in-sized-body', async () => {
  const client = await broken.connect()
  await client.write('GET /raises-in-sized-body HTTP/1.0\r\n\r\n')
  await client.failure()
})

// Where the end of the connection is the end of the body, only a reset tells.
for (const page of ['raises-in-body', 'handled-late'])
  test(`an exception after the headers can be seen on 1.0: ${page}`, async () => {
    equal(await readToTheEnd(PYTHON, broken.port, `GET /${page} HTTP/1.0\r\n\r\n`), 'reset')
  })

test('an application that handles its error with exc_info answers', async () => {
  const answer = await broken.get('/handled')
  equal(answer.status, 500)
  equal(answer.reason, 'Handled')
  equal(answer.text, 'handled')
})

const MISUSES: readonly (readonly [page: string, told: RegExp])[] = [
  ['starts-twice', /start_response/],
  ['starts-never', /start_response/],
  ['gives-text', /bytes|str/],
  ['gives-string', /bytes|str/],
  ['gives-none', /None|iterable|bytes/],
  ['name-space', /X Bad/],
  ['name-empty', /header/],
  ['name-crlf', /X-A/],
  ['name-colon', /X-A/],
  ['value-crlf', /X-Culprit/],
  ['value-lf', /X-Culprit/],
  ['value-cr', /X-Culprit/],
  ['value-nul', /X-Culprit/],
  ['value-wide', /X-Culprit|latin/],
  ['value-number', /X-Culprit|str/],
  ['length-word', /Content-Length/],
  ['length-negative', /Content-Length/],
  ['status-crlf', /status/],
  ['status-word', /status/],
  ['status-100', /status/],
  ['status-101', /status/],
  ['status-number', /status/],
  ['status-999', /status/],
]

for (const [page, told] of MISUSES)
  test(`refused with a 500 and a line that names it: ${page}`, async () => {
    const from = broken.lines.length
    const answer = await broken.get(`/${page}`)
    equal(answer.status, 500)
    equal(answer.header('x-evil'), null)
    ok(!answer.text.includes('X-Evil'))
    await broken.until(told, { from })
  })

test('hop-by-hop headers are dropped with one warning a name', async () => {
  const from = broken.lines.length
  for (let at = 0; at < 3; at++) {
    const answer = await broken.get('/hop-by-hop')
    equal(answer.status, 200)
    equal(answer.header('keep-alive'), null)
    equal(answer.header('transfer-encoding'), null)
    equal(answer.header('x-good'), '1')
    equal(answer.text, 'ok')
  }
  await broken.until(/Keep-Alive/i, { from })
  await broken.until(/Transfer-Encoding/i, { from })
  equal(broken.lines.slice(from).filter((line) => /Keep-Alive/i.test(line)).length, 1)
  equal(broken.lines.slice(from).filter((line) => /Transfer-Encoding/i.test(line)).length, 1)
})

test('Connection: close of the application is honored', async () => {
  const client = await broken.connect()
  await client.write(request('GET', '/connection-close'))
  const answer = await client.response()
  equal(answer.header('connection'), 'close')
  equal((await client.rest()).length, 0)
})

test('--strict-headers refuses hop-by-hop headers', async (t) => {
  const strict = await start(t, 'broken.py', ['--workers', '1', '--strict-headers'])
  equal((await strict.get('/hop-by-hop')).status, 500)
})

test('what exceeds the Content-Length is cut and logged', async () => {
  const from = broken.lines.length
  const client = await broken.connect()
  await client.write(request('GET', '/too-long'))
  equal((await client.response()).text, '1234')
  await broken.until(/Content-Length|longer|more/i, { from })
  await client.write(request('GET', '/handled'))
  equal((await client.response()).text, 'handled')
})

test('less than the Content-Length closes the connection', async () => {
  const from = broken.lines.length
  const client = await broken.connect()
  await client.write(request('GET', '/too-short'))
  await client.failure()
  await broken.until(/Content-Length|short|fewer|less/i, { from })
})

test('after all that the one worker is the first one still', async () => {
  equal((await broken.get('/handled')).status, 500)
  ok(!/killed|crashed|died/i.test(broken.stderr))
})

test('--expose-errors shows the traceback in the page', async (t) => {
  const open = await start(t, 'broken.py', ['--workers', '1', '--expose-errors'])
  match((await open.get('/raises')).text, /before the headers/)
})

test('early hints go out before the answer, to 1.1 only', async (t) => {
  const server = await start(t, 'hints.py', ['--workers', '1'])
  const client = await server.connect()
  await client.write(request('GET', '/'))
  const answer = await client.response()
  deepEqual(
    answer.interim.map((hint) => [hint.status, hint.headers]),
    [[103, [['Link', '</a.css>; rel=preload']]]],
  )
  equal(answer.text, 'done')
  const old = await server.connect()
  await old.write('GET / HTTP/1.0\r\n\r\n')
  equal((await old.response()).interim.length, 0)
})

test('a client that leaves: the stream stops, close() is called, no traceback', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('GET', `/endless?log=${notes.path}`))
  await client.bytes(100_000)
  client.reset()
  const [line] = await notes.until(/closed/)
  match(line!, /closed \d+ True/)
  equal((await server.get('/')).status, 200)
  ok(!/Traceback/.test(server.stderr), server.stderr)
})

test('a client that leaves: the application can ask', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('GET', `/watch?name=in&log=${notes.path}`))
  await notes.until(/^in/)
  client.reset()
  await notes.until(/^gone True/)
})

test('a half-closed client counts as gone for who asks, and is answered', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('GET', `/watch?name=in&log=${notes.path}`))
  await notes.until(/^in/)
  client.halfClose()
  equal((await client.response()).text, 'you have gone: True')
})
