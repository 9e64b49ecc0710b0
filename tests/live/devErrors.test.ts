import { equal, match, notEqual } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ReportedFrame } from '../../src/faults/report.ts'
import { folder, PYTHON, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const SHOP = `
import json

def application(environ, start_response):
    password = "hunter2"
    if environ["PATH_INFO"] == "/-/dev/open":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the application's own"]
    return [json.loads("{")]
`
const HOST = ['Host', 'localhost'] as const
const HTML = ['Accept', 'text/html'] as const
const JSON_ACCEPTED = ['Accept', 'application/json'] as const

const headerOf = (headers: readonly (readonly [name: string, value: string])[], wanted: string): string =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''

test('an exception is a page by Accept, with its frames, for who asks from here alone; a mended file takes it away', async (t) => {
  const path = folder(t, { 'shop.py': SHOP })
  const server = await start(t, 'dev', ['shop', '--log-level', 'info'], { cwd: path })
  const page = await server.get('/', [HOST, HTML])
  equal(page.status, 500)
  match(page.text, /<h1>.*JSONDecodeError.*<\/h1>[\s\S]*frames? in json[\s\S]*shop\.py:9/)
  equal(/hunter2<\/td>/.test(page.text), false)

  const entrance = await eventually(() => /\/-\/dev\/open\?token=\S+/.exec(server.stdout)?.[0], 'the link')
  const entered = await server.get(entrance, [HOST])
  const cookie = ['Cookie', headerOf(entered.headers, 'set-cookie').split(';')[0]!] as const
  const told = (await server.get('/', [HOST, HTML, cookie])).text
  match(told, /<th scope="row">password<\/th><td>\*\*\*<\/td>[\s\S]*The request[\s\S]*\/-\/inspector\/#\d+/)
  equal(/hunter2<\/td>|hunter2&#39;<\/td>/.test(told), false)

  const json = JSON.parse((await server.get('/', [HOST, JSON_ACCEPTED])).text)
  const frames: ReportedFrame[] = json.exceptions[0].frames
  equal(json.code, 'APP_RAISED')
  equal(frames.find(({ own }) => own)?.function, 'application')
  equal(
    frames.some(({ locals }) => locals !== null),
    false,
  )

  match((await server.get('/', [HOST])).text, /File ".*shop\.py", line 9, in application[\s\S]*… \d frames? in json/)
  match(server.stderr, /File ".*shop\.py", line 9, in application[\s\S]*… \d frames? in json/)

  const client = await server.connect()
  await client.write(Buffer.from('HEAD / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n'))
  const head = await client.response({ method: 'HEAD' })
  equal(head.status, 500)
  notEqual(headerOf(head.headers, 'content-length'), '0')

  for (const headers of [
    [['Host', 'rebound.example'] as const],
    [HOST, ['X-Forwarded-For', '203.0.113.9'] as const],
    [HOST, ['Origin', 'https://other.example'] as const],
    [HOST, ['Sec-Fetch-Site', 'cross-site'] as const, ['Sec-Fetch-Mode', 'no-cors'] as const],
  ]) {
    const { status, text } = await server.get('/', [...headers, HTML])
    equal(status, 500)
    equal(text, '500 Internal Server Error\n\nAPP_RAISED\n', String(headers))
  }

  writeFileSync(join(path, 'shop.py'), 'def application(environ, start_response):\n    return [(]\n')
  const broken = await eventually(async () => {
    const { status, text } = await server.get('/', [HOST, HTML])
    return status === 500 && text.includes('SyntaxError') ? text : null
  }, 'the page of the broken file')
  match(broken, /shop\.py:2[\s\S]*<mark>/)
  writeFileSync(
    join(path, 'shop.py'),
    'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"mended"]\n',
  )
  await eventually(async () => (await server.get('/', [HOST, HTML])).text === 'mended', 'the mended file')
})

test('nothing of it is where production is served, whatever --expose-errors says', async (t) => {
  const path = folder(t, { 'shop.py': SHOP })
  const local = ['--expose-errors', '--expose-errors-to', 'local']
  for (const [command, args] of [
    ['serve', []],
    ['serve', ['--expose-errors']],
    ['serve', local],
    ['gunicorn', ['--reload', '--bind', '127.0.0.1:0']],
  ] as const) {
    const options = command === 'serve' ? {} : { python: false as const, env: { DRAM_PYTHON: PYTHON } }
    const words = command === 'serve' ? ['shop', '--workers', '1', ...args] : [...args, 'shop']
    const server = await start(t, command, words, { cwd: path, ...options })
    for (const accepted of [HTML, JSON_ACCEPTED]) {
      const { headers, text } = await server.get('/', [HOST, accepted])
      equal(headerOf(headers, 'content-type'), 'text/plain; charset=utf-8')
      equal(/hunter2|"exceptions"|<html/.test(text), false)
    }
    equal((await server.get('/-/dev/open', [HOST])).text, "the application's own")
    equal((await server.get('/-/dev/errors.css', [HOST, HTML])).status, 500)
    await server.stop()
  }
})
