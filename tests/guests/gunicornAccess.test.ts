import { equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AccessFacts, accessFormat } from '../../src/observe/access.ts'
import { Http1Parser } from '../../src/parse/http1.ts'
import { ListenerPolicies } from '../../src/route/policy.ts'
import { route } from '../../src/route/route.ts'
import { ROOMY } from '../stages/parse/record.ts'
import { SETTINGS } from '../stages/route/kit.ts'
import { ask, has } from './oracles/oracle.ts'

interface Case {
  readonly format: string
  /** As latin-1. */
  readonly bytes: string
  /** '' for a peer on a Unix socket. */
  readonly peer: readonly [address: string, port: number] | ''
  readonly status: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly sent: number
  readonly micros: number
  readonly wallMs: number
}

const skip = has('gunicorn') ? false : 'there is no gunicorn for this Python'
const DEFAULT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'

function request(line: string, ...fields: readonly string[]): string {
  return [line, 'Host: example.org', ...fields, '', ''].join('\r\n')
}

const USUAL: Case = {
  format: DEFAULT,
  bytes: request('GET /a%20b/c?x=1&y=%22 HTTP/1.1', 'User-Agent: curl/8 "x"', 'Referer: http://a/?q', 'X-One: 1'),
  peer: ['192.0.2.1', 4711],
  status: '200 OK',
  headers: [
    ['Content-Type', 'text/plain'],
    ['X-Answer', 'say "x"'],
  ],
  sent: 1234,
  micros: 1_234_567,
  wallMs: 971_182_536_000,
}

function ours(one: Case): string {
  const [event] = new Http1Parser(ROOMY, null).feed(Buffer.from(one.bytes, 'latin1'))
  if (event?.kind !== 'head') throw new Error(`no head: ${JSON.stringify(event)}`)
  const [address, port] = one.peer === '' ? ['', ''] : [one.peer[0], String(one.peer[1])]
  const policies = new ListenerPolicies(
    { ...SETTINGS, forwardedHeaders: [] },
    { kind: 'tcp', address: '127.0.0.1', port: 8000 },
  )
  const target = route(event.head, policies.of(address), { address, port, pairs: '' })
  if (target.kind === 'refused') throw new Error(target.code)
  const facts: AccessFacts = {
    head: event.head,
    path: target.path,
    address: target.address,
    port: target.port,
    block: target.block,
    requestId: 'id',
    status: Number(one.status.slice(0, 3)),
    answerLines: one.headers.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    bodyBytes: one.sent,
    tookMicros: one.micros,
    wallMs: one.wallMs,
    workerPid: 1,
  }
  return accessFormat(one.format)(facts).replace(/\n$/, '')
}

/** The pid is that of whoever asks. */
function withoutPid(line: unknown): string {
  return String(line).replace(/<\d+>/g, '<pid>')
}

const ATOMS = ['h', 'l', 'u', 't', 'r', 's', 'm', 'U', 'q', 'H', 'b', 'B', 'f', 'a', 'T', 'D', 'M', 'L', 'p', 'none']
const VARIABLES = [
  ...['REMOTE_ADDR', 'remote_port', 'REQUEST_METHOD', 'RAW_URI', 'PATH_INFO', 'QUERY_STRING', 'SERVER_PROTOCOL'],
  ...['HTTP_USER_AGENT', 'HTTP_X_ONE', 'http_host', 'wsgi.url_scheme', 'HTTP_NONE'],
]

const SAME: Readonly<Record<string, Partial<Case>>> = {
  'the default format': {},
  ...Object.fromEntries(ATOMS.map((atom) => [`%(${atom})s`, { format: `<%(${atom})s>` }])),
  ...Object.fromEntries(VARIABLES.map((name) => [`%({${name}}e)s`, { format: `<%({${name}}e)s>` }])),
  'request headers, in any case': { format: '%({X-One}i)s %({user-AGENT}i)s %({none}i)s' },
  'answer headers, in any case': { format: '%({content-TYPE}o)s %({X-Answer}o)s %({none}o)s' },
  'widths and numbers': { format: '[%(m)-6s] [%(m)6s] [%(D)09d] [%(T)3d] [%(h).3s] 100%% [%(B)i] [%(M)f]' },
  'a basic user': { format: '%(u)s', bytes: request('GET / HTTP/1.1', `Authorization: Basic ${btoa('ann:se:cret')}`) },
  'a basic user, in lower case': {
    format: '%(u)s',
    bytes: request('GET / HTTP/1.1', `authorization: basic ${btoa('bob:x')}`),
  },
  'no basic user': { format: '%(u)s', bytes: request('GET / HTTP/1.1', 'Authorization: Bearer abc') },
  'an empty referer': { format: '[%(f)s] [%({referer}i)s]', bytes: request('GET / HTTP/1.1', 'Referer:') },
  'no headers': { bytes: request('HEAD / HTTP/1.0') },
  'an empty query': { format: '[%(q)s] %(r)s %(U)s', bytes: request('GET /? HTTP/1.1') },
  'an absolute target': { format: '%(r)s %(U)s %(q)s', bytes: request('GET http://example.org/p?q HTTP/1.1') },
  IPv6: { peer: ['2001:db8::1', 9], format: '%(h)s %({REMOTE_PORT}e)s' },
  'no body': { sent: 0, status: '304 Not Modified' },
  'less than a millisecond': { micros: 7, format: '%(T)s %(M)s %(D)s %(L)s' },
  long: { micros: 61_000_001, format: '%(T)s %(M)s %(D)s %(L)s' },
}

/** Where we differ, what they write and what we write, and why. */
const DIFFERENT: readonly (readonly [why: string, Partial<Case>, theirs: string, ours: string])[] = [
  [
    'a log that is text: what could end a line, drive a terminal or be taken for an escape is written as one',
    { format: '%(a)s', bytes: request('GET / HTTP/1.1', 'User-Agent: a\\b\xe9') },
    'a\\b\xe9',
    'a\\\\b\\xe9',
  ],
  [
    'the same for what a path holds once it is unescaped: a line could be forged',
    { format: '%(U)s', bytes: request('GET /a%0a127.0.0.1%1b HTTP/1.1') },
    '/a\n127.0.0.1\x1b',
    '/a\\x0a127.0.0.1\\x1b',
  ],
  [
    'a header that came twice: all of it, not the last alone',
    { format: '%({x-a}i)s', bytes: request('GET / HTTP/1.1', 'X-A: 1', 'X-A: 2') },
    '2',
    '1, 2',
  ],
  [
    'the same for an answer’s',
    {
      format: '%({x-a}o)s',
      headers: [
        ['X-A', '1'],
        ['x-a', '2'],
      ],
    },
    '2',
    '1, 2',
  ],
  [
    'a peer on a Unix socket has no address, and a field of a line is never empty',
    { format: '%(h)s', peer: '' },
    '',
    '-',
  ],
  [
    'objects of environ live in the worker alone: the front knows what it sent',
    { format: '%({wsgi.version}e)s %({SERVER_SOFTWARE}e)s' },
    '(1, 0) gunicorn/27.0.1',
    '- -',
  ],
  ['the request id has an atom here', { format: '%(id)s' }, '-', 'id'],
]

describe('a line of the access log is that of gunicorn', { skip }, () => {
  const names = Object.keys(SAME)
  const cases = names.map((name) => ({ ...USUAL, ...SAME[name] }))
  const theirs = skip ? [] : ask('gunicorn_access.py', cases)
  for (const [at, one] of cases.entries()) test(names[at]!, () => equal(withoutPid(ours(one)), withoutPid(theirs[at])))
})

describe('where it isn’t', { skip }, () => {
  const cases = DIFFERENT.map(([, facts]) => ({ ...USUAL, ...facts }))
  const theirs = skip ? [] : ask('gunicorn_access.py', cases)
  for (const [at, [why, , wanted, here]] of DIFFERENT.entries())
    test(why, () => {
      equal(theirs[at], wanted)
      equal(ours(cases[at]!), here)
      ok(wanted !== here)
    })
})
