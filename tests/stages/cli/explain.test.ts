import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, readAsked, VALUED } from '../../../src/cli/explain/asked.ts'
import { printsOf } from '../../../src/cli/explain/prints.ts'
import { cutAt, requestBytes } from '../../../src/cli/explain/requestBytes.ts'
import { readArguments } from '../../../src/settings/arguments.ts'

const NOT_ASKED = { headers: [], data: [], splits: [] }

function asked(...argv: string[]): Asked {
  return readAsked(readArguments(argv, {}, { valued: VALUED, takesWords: true }))
}

function written(...argv: string[]): string {
  const read = (path: string): Buffer => Buffer.from(`${path} holds\r\nthis\n`)
  return requestBytes(asked(...argv) as Extract<Asked, { kind: 'request' }>, read, 'dram/1').toString('latin1')
}

test('[APP] [METHOD] /path', () => {
  const request = { kind: 'request', app: null, method: null, target: '/', ...NOT_ASKED }
  deepEqual(asked('/'), request)
  deepEqual(asked('app.py', '/'), { ...request, app: 'app.py' })
  deepEqual(asked('POST', '/'), { ...request, method: 'POST' })
  deepEqual(asked('shop:app', 'purge', '/x'), { ...request, app: 'shop:app', method: 'purge', target: '/x' })
  deepEqual(asked('/srv/app.py', '/'), { ...request, app: '/srv/app.py' })
  deepEqual(asked('app', '-X', 'PURGE', '*'), { ...request, app: 'app', method: 'PURGE', target: '*' })
})

test('options of the server and of the request stand anywhere', () => {
  const { given, values, words } = readArguments(
    ['app', '-t4', '-Hx: y', '--workers', '2', '/', '-d', '-1'],
    {},
    {
      valued: VALUED,
      takesWords: true,
    },
  )
  deepEqual(
    given.map(({ key, words: [word] }) => [key, word]),
    [
      ['threads', '4'],
      ['workers', '2'],
    ],
  )
  deepEqual(values, [
    { flag: '--header', value: 'x: y' },
    { flag: '--data', value: '-1' },
  ])
  deepEqual(words, ['app', '/'])
})

test('raw bytes come alone', () => {
  deepEqual(asked('app', '--raw', 'file', '--split', '3,9'), { kind: 'raw', path: 'file', app: 'app', splits: [3, 9] })
  deepEqual(asked('--raw', '-'), { kind: 'raw', path: '-', app: null, splits: [] })
})

const MISTAKES: readonly (readonly [argv: string[], message: RegExp])[] = [
  [['app'], /path of the request is missing/],
  [[], /path of the request is missing/],
  [['/', 'app'], /path of the request is missing/],
  [['a', 'b', 'GET', '/'], /"a" is too much/],
  [['app', 'GET', '/', '-X', 'PUT'], /two methods: GET and PUT/],
  [['app', '/', '--raw', 'x'], /--raw holds the whole request/],
  [['--raw', 'x', '-d', 'y'], /--raw holds the whole request/],
  [['/', '--split', '0'], /--split must be/],
  [['/', '--split', 'a'], /--split must be/],
  [['/', '-H'], /-H needs a value/],
]

test('mistakes', () => {
  for (const [argv, message] of MISTAKES) throws(() => asked(...argv), { code: 'USAGE', message }, argv.join(' '))
})

test('a request is written as curl writes it', () => {
  equal(written('/a?b'), 'GET /a?b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: dram/1\r\nAccept: */*\r\n\r\n')
  equal(
    written('/', '-d', 'a=1', '-d', 'b=2'),
    'POST / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: dram/1\r\nAccept: */*\r\n' +
      'Content-Length: 7\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=1&b=2',
  )
  equal(
    written('http://shop.example:8080?q', '-H', 'user-agent: me', '-H', 'Accept:', '-H', 'X-Empty;'),
    'GET /?q HTTP/1.1\r\nHost: shop.example:8080\r\nuser-agent: me\r\nX-Empty:\r\n\r\n',
  )
})

test('a body from a file: whole, or without its line ends', () => {
  equal(written('/', '-d', '@f').split('\r\n\r\n')[1], 'f holdsthis')
  equal(written('PUT', '/', '--data-binary', '@f').split('\r\n\r\n')[1], 'f holds\r\nthis\n')
  equal(written('PUT', '/', '--data-binary', '@f').startsWith('PUT / '), true)
})

test('what is broken is sent as it is', () => {
  equal(written('/', '-H', 'Host : x').includes('\r\nHost : x\r\n'), true)
  equal(written('/\u00fc').startsWith('GET /\u00c3\u00bc '), true)
})

test('bytes are cut where it is said, and nothing is lost', () => {
  const pieces = (splits: number[]) => cutAt(Buffer.from('abcdef'), splits).map(String)
  deepEqual(pieces([]), ['abcdef'])
  deepEqual(pieces([4, 1, 4]), ['a', 'bcd', 'ef'])
  deepEqual(pieces([6, 99]), ['abcdef'])
})

test('only what the application has printed is taken from the log', () => {
  const time = '2026-11-30T12:00:00.500Z'
  const lines = [
    { time, level: 'info', message: 'started' },
    { time, level: 'info', message: 'hello', source: 'application', pid: 1, requestId: 'x' },
    { time, level: 'info', message: 'alone', source: 'application', pid: 1 },
  ]
  const atWallMs = Date.parse(time)
  deepEqual(printsOf([...lines.map((line) => JSON.stringify(line)), '']), [
    { atWallMs, text: 'hello', requestId: 'x' },
    { atWallMs, text: 'alone' },
  ])
})
