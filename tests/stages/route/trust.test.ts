import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { environOf } from '../../../src/route/environ.ts'
import { ListenerPolicies, type RouteSettings } from '../../../src/route/policy.ts'
import { route } from '../../../src/route/route.ts'
import { blockOf, environ, headOf, PEER, PROXY, policyOf, routed, SETTINGS } from './kit.ts'

type Some = Partial<RouteSettings>
const TRUSTED: Some = { trustedProxies: [PROXY] }

function refusal(lines: readonly string[], settings: Some, target = '/') {
  const found = route(headOf(target, blockOf(lines)), policyOf(settings), PEER)
  return found.kind === 'refused' ? found.code : null
}

describe('single headers count', () => {
  const ONE: Some = { ...TRUSTED, forwardedHeaders: ['x-forwarded-proto'] }
  const LINES = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil']

  test('the named one and no other', () => {
    const found = routed(LINES, ONE)
    equal(found.address, PROXY)
    equal(environ(found)['wsgi.url_scheme'], 'https')
    equal(environ(found).HTTP_HOST, 'example.org')
  })

  test('none', () => {
    const found = routed(LINES, { ...TRUSTED, forwardedHeaders: [] })
    deepEqual([found.address, environ(found)['wsgi.url_scheme']], [PROXY, 'http'])
  })
})

describe('headers that do not count are dropped', () => {
  const LINES = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https', 'Forwarded: for=6.6.6.6', 'X-Forwarded-By: x']
  const kept = (settings: Some) =>
    Object.keys(environ(routed(LINES, { untrustedForwarded: 'drop', ...settings }))).filter((key) =>
      /FORWARDED/.test(key),
    )

  test('all of a peer that is not trusted', () => deepEqual(kept({}), []))
  test('of a trusted one the others', () => {
    deepEqual(kept({ ...TRUSTED, forwardedHeaders: ['x-forwarded-proto'] }), ['HTTP_X_FORWARDED_PROTO'])
    deepEqual(kept({ ...TRUSTED, forwardedHeaders: ['forwarded', 'x-forwarded-by'] }), [
      'HTTP_FORWARDED',
      'HTTP_X_FORWARDED_BY',
    ])
  })
  test('under a name with underscores too', () => {
    const settings: Some = { untrustedForwarded: 'drop', headerUnderscores: 'keep' }
    equal(environ(routed(['X_Forwarded_For: 6.6.6.6'], settings)).HTTP_X_FORWARDED_FOR, undefined)
  })
  test('under such a name, what counts is no word of the proxy’s where that has said nothing', () => {
    for (const forwardedRules of ['chain', 'counted'] as const) {
      const keeping: Some = { ...TRUSTED, headerUnderscores: 'keep', forwardedRules }
      const told = environ(routed(['X_Forwarded_For: 6.6.6.6', 'X-Forwarded_Host: evil', 'X_User: me'], keeping))
      deepEqual(
        [told.HTTP_X_FORWARDED_FOR, told.HTTP_X_FORWARDED_HOST, told.HTTP_HOST, told.HTTP_X_USER],
        [undefined, undefined, 'example.org', 'me'],
      )
      equal(routed(['X_Forwarded_For: 6.6.6.6'], keeping).address, PROXY)
    }
  })
  test('a prefix only where it could have counted', () => {
    const lines = ['X-Forwarded-Prefix: /a']
    const key = 'HTTP_X_FORWARDED_PREFIX'
    equal(environ(routed(lines, { untrustedForwarded: 'drop' }))[key], undefined)
    equal(environ(routed(lines, { untrustedForwarded: 'drop', forwardedRules: 'counted' }))[key], '/a')
  })
  test('they are told of where that is asked for', () => {
    deepEqual(
      routed(LINES, { logUntrustedForwarded: true, ...TRUSTED, forwardedHeaders: ['x-forwarded-for'] }).untrusted,
      ['x-forwarded-proto', 'forwarded', 'x-forwarded-by'],
    )
    equal(routed([], { logUntrustedForwarded: true }).untrusted, null)
    equal(routed(LINES).untrusted, null)
  })
})

describe('scheme headers', () => {
  const BOTH: Some = {
    ...TRUSTED,
    forwardedHeaders: [],
    schemeHeaders: ['X-Forwarded-Proto=https', 'X-Forwarded-Ssl=on'],
  }
  const scheme = (lines: readonly string[], settings = BOTH) => environ(routed(lines, settings))['wsgi.url_scheme']

  test('the exact value means https, any other http', () => {
    equal(scheme(['X-Forwarded-Proto: https']), 'https')
    equal(scheme(['X-FORWARDED-SSL: on']), 'https')
    equal(scheme(['X-Forwarded-Proto: HTTPS']), 'http')
    equal(scheme(['X-Forwarded-Proto: https, http']), 'http')
    equal(scheme(['X-Forwarded-Ssl: off'], { ...BOTH, urlScheme: 'https' }), 'http')
    equal(scheme([], { ...BOTH, urlScheme: 'https' }), 'https')
  })
  test('those that agree pass, those that contradict each other do not', () => {
    equal(scheme(['X-Forwarded-Proto: https', 'X-Forwarded-Ssl: on']), 'https')
    equal(refusal(['X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off'], BOTH), 'SCHEME_HEADERS_DISAGREE')
    equal(refusal(['X-Forwarded-Proto: https', 'X-Forwarded-Proto: http'], BOTH), 'SCHEME_HEADERS_DISAGREE')
  })
  test('of others they are nothing', () => {
    const others: Some = { ...BOTH, trustedProxies: ['10.0.0.1'] }
    equal(scheme(['X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off'], others), 'http')
  })
  test('nothing else of the client follows from them', () => {
    const found = routed(['X-Forwarded-Proto: https', 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Host: evil'], BOTH)
    deepEqual([found.address, environ(found).HTTP_HOST, environ(found).SERVER_PORT], [PROXY, 'example.org', '8000'])
  })
})

describe('forwarder headers', () => {
  const NAMED: Some = { ...TRUSTED, forwarderHeaders: ['SCRIPT_NAME', 'REMOTE_USER'], scriptNameMismatch: 'refuse' }

  test('pass where a trusted proxy sends them, and no others', () => {
    const found = environ(routed(['REMOTE_USER: a', 'X_Other: b'], NAMED))
    equal(found.HTTP_REMOTE_USER, 'a')
    equal(found.REMOTE_USER, undefined)
    equal(found.HTTP_X_OTHER, undefined)
    equal(environ(routed(['X_Other: b'], { ...TRUSTED, forwarderHeaders: ['*'] })).HTTP_X_OTHER, 'b')
    equal(environ(routed(['REMOTE_USER: a'], { ...NAMED, trustedProxies: [] })).HTTP_REMOTE_USER, undefined)
    equal(refusal(['X_Other: b'], { ...NAMED, headerUnderscores: 'refuse' }), 'HEADER_UNDERSCORE')
    equal(refusal(['Remote_User: b'], { ...NAMED, headerUnderscores: 'refuse' }), null)
  })
  test('replace what shares their key', () => {
    equal(environ(routed(['Remote-User: evil', 'REMOTE_USER: a', 'Remote-User: evil'], NAMED)).HTTP_REMOTE_USER, 'a')
  })

  const mount = (prefix: string, target: string, settings = NAMED) => {
    const found = routed([`SCRIPT_NAME: ${prefix}`], settings, target)
    return [environ(found).SCRIPT_NAME, found.path]
  }
  test('SCRIPT_NAME is cut off the path at the border of a segment', () => {
    deepEqual(mount('/shop', '/shop/a?b'), ['/shop', '/a'])
    deepEqual(mount('/shop', '/shop'), ['/shop', ''])
    deepEqual(mount('/shop/', '/shop/a'), ['/shop', '/a'])
    deepEqual(mount('', '/shop/a'), ['', null])
    deepEqual(mount('/a%20b', '/a%20b/c'), ['/a b', '/c'])
    deepEqual(mount('/b', '/b/c', { ...NAMED, scriptName: '/other' }), ['/b', '/c'])
  })
  test('a path that does not begin with it is refused, or passed', () => {
    const lines = ['SCRIPT_NAME: /shop']
    equal(refusal(lines, NAMED, '/shopping'), 'SCRIPT_NAME_MISMATCH')
    equal(refusal(lines, NAMED, '/'), 'SCRIPT_NAME_MISMATCH')
    equal(refusal([], { scriptName: '/shop', scriptNameMismatch: 'refuse' }, '/other'), 'SCRIPT_NAME_MISMATCH')
    deepEqual(mount('/shop', '/shopping', { ...NAMED, scriptNameMismatch: 'pass' }), ['/shop', null])
  })
  test('of a peer that is not trusted it is nothing', () => {
    const found = routed(['SCRIPT_NAME: /shop'], { ...NAMED, trustedProxies: [], headerUnderscores: 'keep' }, '/shop/a')
    deepEqual([environ(found).SCRIPT_NAME, found.path], ['', null])
  })
  test('one that leads to another host, or two of them, are refused', () => {
    equal(refusal(['SCRIPT_NAME: //evil'], NAMED, '//evil/'), 'FORWARDED_INVALID')
    equal(refusal(['SCRIPT_NAME: shop'], NAMED), 'FORWARDED_INVALID')
    equal(refusal(['SCRIPT_NAME: /a', 'SCRIPT_NAME: /b'], NAMED, '/a'), 'FORWARDED_INVALID')
  })
})

describe('counted', () => {
  const COUNTED: Some = { ...TRUSTED, forwardedRules: 'counted', forwardedHeaders: ['x-forwarded'], proxyHops: 2 }

  test('as many entries as there are proxies, whoever they are', () => {
    const found = routed(['X-Forwarded-For: 1.1.1.1, 203.0.113.9:80, 10.9.9.9'], COUNTED)
    deepEqual([found.address, found.port], ['203.0.113.9', '80'])
    equal(environ(found).HTTP_X_FORWARDED_FOR, '203.0.113.9:80, 10.9.9.9')
  })
  test('where no port is said the peer’s stays', () => {
    const found = routed(['X-Forwarded-For: 2001:db8::1'], COUNTED)
    deepEqual([found.address, found.port], ['2001:db8::1', PEER.port])
  })
  test('of a peer that is not trusted nothing counts', () => {
    const found = routed(['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Proto: ftp'], { ...COUNTED, trustedProxies: [] })
    deepEqual([found.address, environ(found).HTTP_X_FORWARDED_FOR], [PROXY, '1.1.1.1'])
  })
  test('what could be taken for something else is refused', () => {
    for (const line of ['For: a b', 'For: "a\\"b"', 'For: :80', 'Host: a/b', 'Port: x', 'Port: 99999', 'Proto: ws'])
      equal(refusal([`X-Forwarded-${line}`], COUNTED), 'FORWARDED_INVALID', line)
    equal(refusal(['Forwarded: for=a,b'], { ...COUNTED, forwardedHeaders: ['forwarded'] }), 'FORWARDED_INVALID')
  })
})

test('a block is read anew under each policy, whatever they differ in', () => {
  const lines = ['X-Forwarded-Proto: https', 'SCRIPT_NAME: /a', 'REMOTE_USER: x']
  const all: Some = {
    ...TRUSTED,
    forwarderHeaders: ['*'],
    schemeHeaders: ['X-Forwarded-Proto=https'],
    untrustedForwarded: 'drop',
    logUntrustedForwarded: true,
  }
  const { trusted, untrusted } = new ListenerPolicies({ ...SETTINGS, ...all }, { kind: 'unix' })
  const block = blockOf(lines)
  const first = environOf(block, trusted)
  equal(environOf(block, trusted), first)
  notEqual(environOf(block, untrusted).text, first.text)
  deepEqual([first.cut, environOf(block, untrusted).cut], ['/a', ''])
  deepEqual(environOf(block, untrusted).untrusted, ['x-forwarded-proto'])
  deepEqual(environOf(block, trusted), first)
})

test('what the connection adds stands behind what the block says', () => {
  const found = route(headOf('/'), policyOf(), { ...PEER, pairs: '\0PROXY_PROTOCOL\0TCP4' })
  equal(found.kind === 'target' && environ(found).PROXY_PROTOCOL, 'TCP4')
})
