import { deepEqual, equal, match } from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Gate, Notes } from '../kit/gate.ts'
import { folder } from '../kit/server.ts'
import { waitressServe } from '../kit/waitress.ts'

const APP = `
import json
import sys

def app(environ, start_response):
    if environ["PATH_INFO"] == "/error":
        raise ValueError("a mistake")
    start_response("200 OK", [("Content-Type", "application/json")])
    plain = {key: value for key, value in environ.items() if isinstance(value, (str, bool))}
    plain["disconnected"] = environ["waitress.client_disconnected"]()
    plain["last"] = sys.path[-1]
    return [json.dumps(plain).encode()]

def make():
    return app

class Holder:
    pass

holder = Holder()
holder.app = app
`

test('an application finds what Waitress tells it', async (t) => {
  const cwd = folder(t, { 'mine.py': APP })
  const server = await waitressServe(t, ['--ident=mine', '--url-prefix=/shop', 'mine:app'], { cwd })
  const answer = await server.get('/shop/a%20b?c=d')
  equal(answer.header('server'), 'mine')
  const environ = JSON.parse(answer.text)
  const expected = {
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_HOST: '127.0.0.1',
    SERVER_NAME: 'waitress.invalid',
    SERVER_PORT: String(server.port),
    SERVER_SOFTWARE: 'mine',
    SCRIPT_NAME: '/shop',
    PATH_INFO: '/a b',
    REQUEST_URI: '/shop/a%20b?c=d',
    QUERY_STRING: 'c=d',
    'wsgi.multithread': true,
    'wsgi.multiprocess': false,
    'wsgi.input_terminated': true,
    disconnected: false,
    last: cwd,
  }
  deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, environ[key]])), expected)
  equal(JSON.parse((await server.get('/shop')).text).PATH_INFO, '')
  equal(JSON.parse((await server.get('/shops')).text).PATH_INFO, '/shops')
  equal(JSON.parse((await server.get('///double')).text).PATH_INFO, '/double')
})

for (const args of [
  ['mine.app'],
  ['mine:holder.app'],
  ['mine.holder.app'],
  ['--call', 'mine:make'],
  ['--call', 'mine.make'],
  ['--app=mine:app'],
]) {
  test(`${args.join(' ')} is found`, async (t) => {
    const server = await waitressServe(t, args, { cwd: folder(t, { 'mine.py': APP }) })
    equal((await server.get('/')).status, 200)
  })
}

test('a module that is installed, or standard, is stronger than one in the working folder', async (t) => {
  const server = await waitressServe(t, ['wsgiref.simple_server:demo_app'], {
    cwd: folder(t, { 'wsgiref.py': 'raise Exception("mine")' }),
  })
  match((await server.get('/')).text, /^Hello world!/)
})

test('a Unix socket has the permissions that were asked for', async (t) => {
  const cwd = folder(t, { 'mine.py': APP })
  const path = join(cwd, 'a.sock')
  const server = await waitressServe(t, [`--unix-socket=${path}`, '--unix-socket-perms=666', 'mine:app'], {
    cwd,
    listens: false,
  })
  equal(statSync(path).mode & 0o777, 0o666)
  const client = await server.connect({ path })
  await client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const environ = JSON.parse((await client.response()).text)
  deepEqual([environ.REMOTE_ADDR, environ.REMOTE_HOST], ['localhost', 'localhost'])
})

test('tracebacks are shown where that was asked for', async (t) => {
  const cwd = folder(t, { 'mine.py': APP })
  const shown = await waitressServe(t, ['--expose-tracebacks', 'mine:app'], { cwd })
  match((await shown.get('/error')).text, /ValueError: a mistake/)
  const hidden = await waitressServe(t, ['--no-expose-tracebacks', 'mine:app'], { cwd })
  equal((await hidden.get('/error')).text.includes('a mistake'), false)
})

test('options without a meaning are warned of when it starts', async (t) => {
  const server = await waitressServe(t, ['--recv-bytes=1', 'mine:app'], { cwd: folder(t, { 'mine.py': APP }) })
  await server.until(/warning .*--recv-bytes/)
})

test('a client that leaves is noticed, whatever the look-ahead', async (t) => {
  const gate = new Gate(t)
  const notes = new Notes(t)
  const cwd = folder(t, {
    'mine.py': `
import time

def app(environ, start_response):
    gone = environ["waitress.client_disconnected"]
    start_response("200 OK", [])
    with open(${JSON.stringify(gate.path)}, "rb") as gate:
        gate.read()
    until = time.monotonic() + 10
    while not gone() and time.monotonic() < until:
        time.sleep(0.01)
    with open(${JSON.stringify(notes.path)}, "a") as notes:
        notes.write("gone %s\\n" % gone())
    return []
`,
  })
  const server = await waitressServe(t, ['mine:app'], { cwd })
  const client = await server.connect()
  await client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await gate.entered()
  client.close()
  gate.open()
  deepEqual(await notes.until(1), ['gone True'])
})
