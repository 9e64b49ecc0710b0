import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RouteSettings } from '../../../src/route/policy.ts'
import { route } from '../../../src/route/route.ts'
import { blockOf, environ, headOf, PEER, PROXY, policyOf, routed } from './kit.ts'

const TRUSTED = { trustedProxies: [PROXY] }
const CHAIN = { trustedProxies: [PROXY, '10.0.0.0/8'] }

/** `address port` of the client, or the fault's code and header. */
function client(lines: readonly string[], settings: Partial<RouteSettings> = TRUSTED): string {
  const found = route(headOf('/', blockOf(lines)), policyOf(settings), PEER)
  return found.kind === 'target' ? `${found.address} ${found.port}`.trim() : `${found.code} ${found.values.name}`
}

describe('strangers change nothing', () => {
  const LINES = [
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /evil',
    'Forwarded: for=203.0.113.9;proto=https;host=evil.example',
  ]
  test('but the application sees the headers as sent', () => {
    const found = environ(routed(LINES))
    equal(client(LINES, {}), `${PROXY} 4711`)
    equal(found.HTTP_HOST, 'example.org')
    equal(found['wsgi.url_scheme'], 'http')
    equal(found.SERVER_PORT, '8000')
    equal(found.SCRIPT_NAME, '')
    equal(found.HTTP_X_FORWARDED_HOST, 'evil.example')
  })
  test('not even by malformed ones', () => equal(client(['Forwarded: ='], {}), `${PROXY} 4711`))
  test('nor by names with underscores from a trusted peer', () => {
    const found = routed(['X_Forwarded_For: 203.0.113.9'], { ...TRUSTED, headerUnderscores: 'keep' })
    equal(found.address, PROXY)
  })
})

describe('how deep the chain is believed', () => {
  const THREE = ['X-Forwarded-For: 203.0.113.9, 10.0.0.2, 10.0.0.1']
  const CASES: readonly [name: string, lines: readonly string[], settings: Partial<RouteSettings>, expected: string][] =
    [
      ['the last entry is the word of the peer', ['X-Forwarded-For: 6.6.6.6, 203.0.113.9'], TRUSTED, '203.0.113.9'],
      [
        'however many lines it stands in',
        ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 203.0.113.9'],
        TRUSTED,
        '203.0.113.9',
      ],
      ['one hop by default', THREE, CHAIN, '10.0.0.1'],
      ['as many hops as are allowed', THREE, { ...CHAIN, proxyHops: 2 }, '10.0.0.2'],
      ['the whole chain', THREE, { ...CHAIN, proxyHops: 3 }, '203.0.113.9'],
      ['no deeper than the chain', THREE, { ...CHAIN, proxyHops: 9 }, '203.0.113.9'],
      [
        'a stranger’s entries are not believed, however many hops are allowed',
        ['X-Forwarded-For: 6.6.6.6, 203.0.113.9'],
        { ...CHAIN, proxyHops: 9 },
        '203.0.113.9',
      ],
      ['everybody is trusted: the hops decide', THREE, { trustedProxies: ['*'], proxyHops: 2 }, '10.0.0.2'],
      [
        'a chain of trusted proxies alone',
        ['X-Forwarded-For: 10.0.0.2, 10.0.0.1'],
        { ...CHAIN, proxyHops: 9 },
        '10.0.0.2',
      ],
      [
        'rubbish at the left of what is believed does no harm',
        ['X-Forwarded-For: <script>, 203.0.113.9'],
        TRUSTED,
        '203.0.113.9',
      ],
      ['empty entries are none', ['X-Forwarded-For: 203.0.113.9, ,'], TRUSTED, '203.0.113.9'],
      ['an empty header is none', ['X-Forwarded-For:'], TRUSTED, `${PROXY} 4711`],
      ['no header: the peer', [], TRUSTED, `${PROXY} 4711`],
    ]
  for (const [name, lines, settings, expected] of CASES) test(name, () => equal(client(lines, settings), expected))
})

describe('a hop', () => {
  const CASES: readonly [text: string, expected: string][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:80', '203.0.113.9 80'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:80', '2001:db8::1 80'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['unknown', ''],
    ['_hidden', ''],
    ['203.0.113.9:_port', '203.0.113.9'],
    ['203.0.113', 'FORWARDED_INVALID X-Forwarded-For'],
    ['203.0.113.9:', 'FORWARDED_INVALID X-Forwarded-For'],
    ['203.0.113.9:99999', 'FORWARDED_INVALID X-Forwarded-For'],
    ['[203.0.113.9]', 'FORWARDED_INVALID X-Forwarded-For'],
    ['[2001:db8::1', 'FORWARDED_INVALID X-Forwarded-For'],
    ['example.org', 'FORWARDED_INVALID X-Forwarded-For'],
    ['203.0.113.9 x', 'FORWARDED_INVALID X-Forwarded-For'],
  ]
  for (const [text, expected] of CASES) test(text, () => equal(client([`X-Forwarded-For: ${text}`]), expected))
})

describe('Forwarded', () => {
  const ONLY = { ...TRUSTED, forwardedHeaders: ['forwarded'] } as const
  test('names the client', () => {
    equal(client(['Forwarded: for="[2001:db8::1]:4000"']), '2001:db8::1 4000')
    equal(client(['Forwarded: for=6.6.6.6, for=203.0.113.9']), '203.0.113.9')
    equal(client(['Forwarded: for=203.0.113.9, for=10.0.0.2'], { ...CHAIN, proxyHops: 2 }), '203.0.113.9')
  })
  test('sets scheme and host, by the hop that names the client', () => {
    const lines = ['Forwarded: for=203.0.113.9;proto=https;host="a.example:444", for=10.0.0.2;proto=http;host=inner']
    const outer = environ(routed(lines, { ...CHAIN, proxyHops: 2 }))
    deepEqual([outer['wsgi.url_scheme'], outer.HTTP_HOST], ['https', 'a.example:444'])
    const inner = environ(routed(lines, CHAIN))
    deepEqual([inner['wsgi.url_scheme'], inner.HTTP_HOST], ['http', 'inner'])
  })
  test('a hop that doesn’t say for whom hides the client', () =>
    equal(client(['Forwarded: for=6.6.6.6, proto=https']), ''))
  test('malformed: refused, since nobody can tell whose word is whose', () => {
    for (const text of ['for="6.6.6.6, for=203.0.113.9', 'for=a b', 'for=203.0.113.9;proto=gopher', 'for=x']) {
      equal(client([`Forwarded: ${text}`], ONLY), 'FORWARDED_INVALID Forwarded')
    }
  })
})

describe('which family counts', () => {
  const BOTH = ['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=6.6.6.6;host=evil.example;proto=https']
  test('the first of the list, alone', () => {
    equal(client(BOTH), '203.0.113.9')
    const found = environ(routed(BOTH, TRUSTED))
    deepEqual([found.HTTP_HOST, found['wsgi.url_scheme']], ['example.org', 'http'])
    equal(client(BOTH, { ...TRUSTED, forwardedHeaders: ['forwarded', 'x-forwarded'] }), '6.6.6.6')
  })
  test('one that isn’t in the list never', () => {
    equal(client(['Forwarded: for=6.6.6.6'], { ...TRUSTED, forwardedHeaders: ['x-forwarded'] }), `${PROXY} 4711`)
  })
})

describe('the other headers', () => {
  function key(name: string, line: string, settings: Partial<RouteSettings> = {}): string | undefined {
    const found = route(headOf('/', blockOf([line])), policyOf({ ...TRUSTED, ...settings }), PEER)
    return found.kind === 'target' ? environ(found)[name] : `${found.code} ${found.values.name}`
  }
  test('X-Forwarded-Proto', () => {
    equal(key('wsgi.url_scheme', 'X-Forwarded-Proto: HTTPS'), 'https')
    equal(key('wsgi.url_scheme', 'X-Forwarded-Proto: http', { urlScheme: 'https' }), 'http')
    equal(key('wsgi.url_scheme', 'X-Forwarded-Proto: wss'), 'https')
    equal(key('wsgi.url_scheme', 'X-Forwarded-Proto: https, http'), 'http')
    equal(key('wsgi.url_scheme', 'X-Forwarded-Proto: gopher'), 'FORWARDED_INVALID X-Forwarded-Proto')
  })
  test('X-Forwarded-Host', () => {
    equal(key('HTTP_HOST', 'X-Forwarded-Host: a.example:444'), 'a.example:444')
    equal(key('HTTP_HOST', 'X-Forwarded-Host: [::1]:444'), '[::1]:444')
    for (const host of ['a/b', 'a@b', 'a b', '[::1', 'a:99999', 'a"b']) {
      equal(key('HTTP_HOST', `X-Forwarded-Host: ${host}`), 'FORWARDED_INVALID X-Forwarded-Host')
    }
  })
  test('X-Forwarded-Port', () => {
    equal(key('SERVER_PORT', 'X-Forwarded-Port: 443'), '443')
    for (const port of ['0', '65536', '+1', '80x']) {
      equal(key('SERVER_PORT', `X-Forwarded-Port: ${port}`), 'FORWARDED_INVALID X-Forwarded-Port')
    }
  })
  test('X-Forwarded-Prefix', () => {
    equal(key('SCRIPT_NAME', 'X-Forwarded-Prefix: /a/b/'), '/a/b')
    equal(key('SCRIPT_NAME', 'X-Forwarded-Prefix: /'), '')
    equal(key('SCRIPT_NAME', 'X-Forwarded-Prefix: /caf%C3%A9'), '/caf\xc3\xa9')
    equal(key('SCRIPT_NAME', 'X-Forwarded-Prefix: /a', { scriptName: '/b' }), '/a')
    for (const prefix of ['a', '//evil.example', '/a?b', '/a%00b', '/%2Fb"<', '/a b']) {
      equal(key('SCRIPT_NAME', `X-Forwarded-Prefix: ${prefix}`), 'FORWARDED_INVALID X-Forwarded-Prefix')
    }
  })
  test('a prefix is what the proxy has cut off already: the path stays', () => {
    equal(routed(['X-Forwarded-Prefix: /a'], { ...TRUSTED, scriptName: '/b' }, '/b/c').path, null)
    equal(routed(['X-Forwarded-Prefix: /a'], TRUSTED, '/a/c').path, null)
  })
  test('lists are read as deep as the chain', () => {
    const lines = [
      'X-Forwarded-For: 203.0.113.9, 10.0.0.2',
      'X-Forwarded-Proto: https, http',
      'X-Forwarded-Host: a.example',
    ]
    const found = environ(routed(lines, { ...CHAIN, proxyHops: 2 }))
    deepEqual([found['wsgi.url_scheme'], found.HTTP_HOST], ['https', 'a.example'])
  })
})
