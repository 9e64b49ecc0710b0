import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestHead } from '../../../src/events/request.ts'
import { type AccessFacts, accessFormat } from '../../../src/observe/access.ts'

const FIELDS = [
  { name: 'user-agent', value: 'curl/8 "x"' },
  { name: 'referer', value: 'http://a/' },
  { name: 'x-twice', value: '1' },
  { name: 'x-twice', value: '2' },
  { name: 'authorization', value: `Basic ${Buffer.from('ann:secret').toString('base64')}` },
]

const HEAD: RequestHead = {
  method: 'GET',
  target: '/a%20b?c=d',
  origin: null,
  minor: 1,
  block: {
    raw: '',
    fields: FIELDS,
    host: 'example.org',
    framing: 'none',
    contentLength: -1,
    connection: 'default',
    expectsContinue: false,
    environ: null,
  },
}

const FACTS: AccessFacts = {
  head: HEAD,
  path: null,
  address: '203.0.113.9',
  port: '4711',
  block: 'HTTP_X_TWICE\x001, 2\0SERVER_NAME\x00127.0.0.1\0wsgi.url_scheme\0https',
  requestId: 'a1',
  status: 200,
  answerLines: 'Content-Type: text/plain\r\nSet-Cookie: a\r\nset-cookie: b\r\n',
  bodyBytes: 1234,
  tookMicros: 1_234_567.8,
  wallMs: Date.UTC(2000, 9, 10, 12, 55, 36),
  workerPid: 42,
}

describe('atoms', () => {
  const CASES: readonly [format: string, expected: string][] = [
    ['%(h)s %(l)s %(u)s', '203.0.113.9 - ann'],
    ['%(r)s', 'GET /a%20b?c=d HTTP/1.1'],
    ['%(m)s|%(U)s|%(q)s|%(H)s', 'GET|/a b|c=d|HTTP/1.1'],
    ['%(s)s %(B)s %(b)s', '200 1234 1234'],
    ['%(f)s', 'http://a/'],
    ['%(a)s', 'curl/8 \\"x\\"'],
    ['%(T)s %(M)s %(D)s %(L)s', '1 1234 1234567 1.234568'],
    ['%(p)s', '<42>'],
    ['%(id)s', 'a1'],
    ['%({User-Agent}i)s %({x-twice}i)s %({x-none}i)s', 'curl/8 \\"x\\" 1, 2 -'],
    ['%({content-type}o)s %({Set-Cookie}o)s %({x}o)s', 'text/plain a, b -'],
    ['%({server_name}e)s %({HTTP_X_TWICE}e)s %({wsgi.url_scheme}e)s', '127.0.0.1 1, 2 https'],
    ['%({REMOTE_ADDR}e)s %({remote_port}e)s %({PATH_INFO}e)s %({NONE}e)s', '203.0.113.9 4711 /a b -'],
    ['%(nonsense)s %(constructor)s %({constructor}e)s', '- - -'],
    ['100%% %(s)5s|%(s)-5s|%(s)05d|%(m).2s', '100%   200|200  |00200|GE'],
    ['plain', 'plain'],
  ]
  for (const [format, expected] of CASES) test(format, () => equal(accessFormat(format)(FACTS), `${expected}\n`))

  test('%(t)s is local time with its offset', () => {
    const line = accessFormat('%(t)s')(FACTS)
    match(line, /^\[\d\d\/Oct\/2000:\d\d:\d\d:36 [+-]\d{4}\]\n$/)
    const [, day, hour, minute, sign, zoneHours, zoneMinutes] =
      /(\d\d)\/Oct\/2000:(\d\d):(\d\d):36 ([+-])(\d\d)(\d\d)/.exec(line)!
    const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1)
    equal(Date.UTC(2000, 9, Number(day), Number(hour), Number(minute) - offset, 36), FACTS.wallMs)
  })
})

test('combined', () => {
  match(
    accessFormat('combined')(FACTS),
    /^203\.0\.113\.9 - ann \[[^\]]+\] "GET \/a%20b\?c=d HTTP\/1\.1" 200 1234 "http:\/\/a\/" "curl\/8 \\"x\\""\n$/,
  )
})

test('common ends with the size', () => match(accessFormat('common')(FACTS), / 200 1234\n$/))

test('nobody can forge a line', () => {
  const head = {
    ...HEAD,
    target: '/%0a%22\\',
    block: { ...HEAD.block, fields: [{ name: 'user-agent', value: 'a\n"\xe9\\' }] },
  }
  equal(accessFormat('"%(U)s" "%(a)s"')({ ...FACTS, head }), '"/\\x0a\\"\\\\" "a\\x0a\\"\\xe9\\\\"\n')
})

test('bytes that were no request', () => {
  const facts = {
    ...FACTS,
    head: null,
    address: '',
    port: '',
    block: '',
    requestId: '',
    answerLines: '',
    workerPid: 0,
    status: 400,
  }
  equal(
    accessFormat('%(h)s %(u)s "%(r)s" %(s)s %(m)s %(U)s %(q)s %(H)s %(a)s %(id)s %({X}e)s %({x}o)s')(facts),
    '- - "-" 400 - - - - - - - -\n',
  )
})

test('a path that was cut is the application’s', () =>
  equal(accessFormat('%(U)s')({ ...FACTS, path: '/b%21' }), '/b!\n'))

test('json', () => {
  deepEqual(JSON.parse(accessFormat('json')(FACTS)), {
    time: '2000-10-10T12:55:36.000Z',
    address: '203.0.113.9',
    method: 'GET',
    target: '/a%20b?c=d',
    protocol: 'HTTP/1.1',
    host: 'example.org',
    status: 200,
    bodyBytes: 1234,
    tookMicros: 1234567,
    referer: 'http://a/',
    agent: 'curl/8 "x"',
    workerPid: 42,
    requestId: 'a1',
  })
})

test('a format that can’t be read is refused at the start', () => {
  for (const format of ['%', '%h', '%(h', '%(h)', '%(h)x', '50% %(h)s']) {
    throws(() => accessFormat(format), { code: 'SETTING_INVALID' }, format)
  }
})

describe('brief, for people who look on', () => {
  const HEADLESS = { ...FACTS, head: null, status: 400, tookMicros: 12, bodyBytes: 0 }
  const CASES: readonly [facts: AccessFacts, expected: RegExp][] = [
    [FACTS, /^\d\d:\d\d:\d\d GET {4}200 \/a%20b\?c=d 1\.2 s 1\.2 kB\n$/],
    [HEADLESS, /^\d\d:\d\d:\d\d - {6}400 - 12 µs 0 B\n$/],
    [{ ...FACTS, tookMicros: 3_210, bodyBytes: 2_500_000 }, / 3\.2 ms 2\.5 MB\n$/],
    [{ ...FACTS, tookMicros: 321_000 }, / 321 ms /],
  ]
  for (const [facts, expected] of CASES) {
    test(String(expected), () => match(accessFormat('brief')(facts), expected))
  }

  test('what failed and what was slow stands out', () => {
    const line = accessFormat('brief', true)
    match(line({ ...FACTS, status: 500 }), /\x1b\[31m500\x1b\[0m .*\x1b\[33m1\.2 s\x1b\[0m/)
    match(line({ ...FACTS, tookMicros: 10 }), /\x1b\[32m200\x1b\[0m .*\x1b\[2m10 µs\x1b\[0m/)
  })

  test('a target drives no terminal', () => {
    const line = accessFormat('brief')({ ...FACTS, head: { ...HEAD, target: '/\x1b[2J' } })
    equal(line.includes('\x1b'), false)
  })
})
