import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import { type LiveServer, shared, start } from '../kit/server.ts'

type Headers = readonly (readonly [string, string])[]

/** Both as it is and under wsgiref.validate. All are started before the first test is registered. */
const servers = [
  ['probe.py', await shared('probe.py', ['--workers', '1'], { inThreads: true })],
  ['checked.py', await shared('checked.py', ['--workers', '1'], { inThreads: true })],
] as const

for (const [app, server] of servers) {
  const environ = (target: string, headers: Headers = []) => environOf(server, target, headers)

  test(`${app}: everything PEP 3333 asks for`, async () => {
    const found = await environ('/environ?a=1&b=%20')
    equal(found.REQUEST_METHOD, 'GET')
    equal(found.SCRIPT_NAME, '')
    equal(found.PATH_INFO, '/environ')
    equal(found.QUERY_STRING, 'a=1&b=%20')
    equal(found.SERVER_PROTOCOL, 'HTTP/1.1')
    equal(found.SERVER_NAME, '127.0.0.1')
    equal(found.SERVER_PORT, String(server.port))
    equal(found.REMOTE_ADDR, '127.0.0.1')
    match(String(found.REMOTE_PORT), /^\d+$/)
    deepEqual(found['wsgi.version'], [1, 0])
    equal(found['wsgi.url_scheme'], 'http')
    equal(found['wsgi.run_once'], false)
    equal(found['wsgi.multithread'], false)
    equal(found['wsgi.multiprocess'], false)
    equal(found['wsgi.input_terminated'], true)
    for (const name of ['wsgi.input', 'wsgi.errors', 'wsgi.file_wrapper', 'wsgi.early_hints']) ok(found[name], name)
    ok(found['dram.client_disconnected'])
    equal(found.CONTENT_TYPE ?? '', '')
    equal(found.CONTENT_LENGTH ?? '', '')
  })

  test(`${app}: the path is decoded to latin-1 of its bytes, the raw forms stay raw`, async () => {
    const found = await environ('/environ/%C3%A4%2Fb%00REMOTE_USER%00admin/%zz?x=%C3%A4')
    equal(found.PATH_INFO, '/environ/\xc3\xa4/b\0REMOTE_USER\0admin/%zz')
    equal(found.REQUEST_URI, '/environ/%C3%A4%2Fb%00REMOTE_USER%00admin/%zz?x=%C3%A4')
    equal(found.RAW_URI, found.REQUEST_URI)
    equal(found.QUERY_STRING, 'x=%C3%A4')
    equal(found.REMOTE_USER, undefined)
  })

  test(`${app}: headers become HTTP_ variables; Content-* have their own names`, async () => {
    const answer = await server.send(
      'POST',
      '/environ',
      [
        ['Content-Type', 'text/x'],
        ['X-A', ' 1\t'],
        ['x-b', '\xe4'],
      ],
      'abc',
    )
    const found = JSON.parse(answer.text)
    equal(found.CONTENT_TYPE, 'text/x')
    equal(found.CONTENT_LENGTH, '3')
    equal(found.HTTP_CONTENT_TYPE, undefined)
    equal(found.HTTP_CONTENT_LENGTH, undefined)
    equal(found.HTTP_X_A, '1')
    equal(found.HTTP_X_B, '\xe4')
  })

  test(`${app}: repeated headers are joined, cookies with a semicolon`, async () => {
    const found = await environ('/environ', [
      ['X-A', '1'],
      ['Cookie', 'a=1'],
      ['X-A', '2'],
      ['Cookie', 'b=2'],
    ])
    equal(found.HTTP_X_A, '1, 2')
    equal(found.HTTP_COOKIE, 'a=1; b=2')
  })

  test(`${app}: names with underscores and Proxy are dropped`, async () => {
    const found = await environ('/environ', [
      ['X_User', 'root'],
      ['Proxy', 'http://evil'],
      ['X-User', 'me'],
    ])
    equal(found.HTTP_X_USER, 'me')
    equal(found.HTTP_PROXY, undefined)
  })
}

async function environOf(server: LiveServer, target: string, headers: Headers = []): Promise<Record<string, unknown>> {
  const answer = await server.get(target, headers)
  equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text)
}

test('leading slashes stay as they were sent', async (t) => {
  const server = await start(t, 'raw_path.py', ['--workers', '1'])
  equal((await server.get('//a//b')).text, '//a//b')
})

test('HTTP/1.0 says so, and needs no Host', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const client = await server.connect()
  await client.write('GET /environ HTTP/1.0\r\n\r\n')
  const found = JSON.parse((await client.response()).text)
  equal(found.SERVER_PROTOCOL, 'HTTP/1.0')
  equal(found.HTTP_HOST, undefined)
  equal(found.SERVER_NAME, '127.0.0.1')
  equal(found.SERVER_PORT, String(server.port))
})

test('multithread and multiprocess tell the truth', async (t) => {
  const many = await start(t, 'probe.py', ['--workers', '2', '--threads', '4'])
  const found = await environOf(many, '/environ')
  equal(found['wsgi.multithread'], true)
  equal(found['wsgi.multiprocess'], true)
})

test('four threads run four requests of a worker at once', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', '--threads', '4'])
  const answers = await Promise.all([1, 2, 3, 4].map(() => server.get('/threads?count=4')))
  equal(answers.map((answer) => answer.text).join(), 'met,met,met,met')
})

test('--header-underscores keep and refuse, --proxy-header keep', async (t) => {
  const keeping = await start(t, 'probe.py', [
    '--workers',
    '1',
    '--header-underscores',
    'keep',
    '--proxy-header',
    'keep',
  ])
  const found = await environOf(keeping, '/environ', [
    ['X_User', 'root'],
    ['Proxy', 'p'],
  ])
  equal(found.HTTP_X_USER, 'root')
  equal(found.HTTP_PROXY, 'p')
  const refusing = await start(t, 'probe.py', ['--workers', '1', '--header-underscores', 'refuse'])
  equal((await refusing.get('/', [['X_User', 'root']])).status, 400)
})

test('--script-name and --url-scheme', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', '--script-name', '/mount', '--url-scheme', 'https'])
  const found = await environOf(server, '/mount/environ')
  equal(found.SCRIPT_NAME, '/mount')
  equal(found.PATH_INFO, '/environ')
  equal(found['wsgi.url_scheme'], 'https')
})

test('each request has an environ of its own, whatever the application does to it', async (t) => {
  const server = await start(t, 'greedy.py', ['--workers', '1'])
  const client = await server.connect()
  for (let at = 0; at < 6; at++) {
    await client.write(request('GET', '/', [['X-Same', 'same']]))
    equal((await client.response()).text, 'clean')
  }
})

test('each request has an id, in environ and on the answer', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1'])
  const answers = [await server.get('/environ'), await server.get('/environ')]
  const ids = answers.map((answer) => answer.header('x-request-id'))
  notEqual(ids[0], ids[1])
  for (const [at, answer] of answers.entries()) {
    const values = Object.values(JSON.parse(answer.text))
    ok(values.includes(ids[at]), `${ids[at]} is in environ`)
  }
  const quiet = await start(t, 'probe.py', ['--workers', '1', '--request-id-header', 'X-Trace'])
  ok((await quiet.get('/')).header('x-trace'))
})
