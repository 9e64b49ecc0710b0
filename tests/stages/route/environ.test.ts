import { deepEqual, equal, match, notEqual, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { environOf } from '../../../src/route/environ.ts'
import { ListenerPolicies } from '../../../src/route/policy.ts'
import { route } from '../../../src/route/route.ts'
import { blockOf, environ, headOf, PEER, policyOf, routed, SETTINGS } from './kit.ts'

const STANDING = { SERVER_NAME: '127.0.0.1', SERVER_PORT: '8000', SCRIPT_NAME: '', 'wsgi.url_scheme': 'http' }

test('headers become HTTP_*, but for the two that CGI names itself', () => {
  deepEqual(environ(routed(['User-Agent: x', 'Content-Type: text/plain', 'Content-Length: 3', 'X-A: '])), {
    ...STANDING,
    HTTP_USER_AGENT: 'x',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: '3',
    HTTP_X_A: '',
    HTTP_HOST: 'example.org',
  })
})

test('repeated headers are joined in the order sent, cookies as cookies are', () => {
  const found = environ(routed(['A: 1', 'Cookie: x=1', 'a: 2', 'COOKIE: y=2']))
  equal(found.HTTP_A, '1, 2')
  equal(found.HTTP_COOKIE, 'x=1; y=2')
})

test('the Host is the block’s, which may come from the target', () => {
  equal(environ(routed(['Host: field'], {}, '/', 'authority:81')).HTTP_HOST, 'authority:81')
  equal(environ(routed([], {}, '/', '')).HTTP_HOST, undefined)
})

describe('no header sets a key of ours', () => {
  const NAMES = [
    'REMOTE_USER',
    'Script-Name',
    'wsgi.input',
    'wsgi.url_scheme',
    'Server-Name',
    'HTTP_HOST',
    'PATH_INFO',
    'Content_Length',
  ]
  for (const headerUnderscores of ['drop', 'keep'] as const) {
    test(`underscores: ${headerUnderscores}`, () => {
      const found = environ(
        routed(
          NAMES.map((name) => `${name}: forged`),
          { headerUnderscores },
        ),
      )
      deepEqual({ ...found, ...STANDING, HTTP_HOST: 'example.org' }, found)
      for (const [key, value] of Object.entries(found))
        if (value === 'forged') equal(key.startsWith('HTTP_'), true, key)
    })
  }
})

describe('names with underscores', () => {
  test('are dropped', () => equal(environ(routed(['X_User: forged', 'X-User: true'])).HTTP_X_USER, 'true'))
  test('are refused', () => {
    const found = route(headOf('/', blockOf(['X_User: a'])), policyOf({ headerUnderscores: 'refuse' }), PEER)
    deepEqual(found, { kind: 'refused', code: 'HEADER_UNDERSCORE', values: { name: 'x_user' } })
  })
  test('are kept, but add nothing to a name with hyphens', () => {
    const keep = { headerUnderscores: 'keep' } as const
    equal(environ(routed(['X_User: a'], keep)).HTTP_X_USER, 'a')
    equal(environ(routed(['X_User: forged', 'X-User: true', 'X_User: forged'], keep)).HTTP_X_USER, 'true')
    equal(environ(routed(['Transfer_Encoding: chunked'], keep)).HTTP_TRANSFER_ENCODING, undefined)
  })
})

test('Proxy is dropped unless it is wanted (httpoxy)', () => {
  equal(environ(routed(['Proxy: evil'])).HTTP_PROXY, undefined)
  equal(environ(routed(['Proxy: mine'], { proxyHeader: 'keep' })).HTTP_PROXY, 'mine')
})

test('Transfer-Encoding goes with a body that is streamed, not with one that was taken in', () => {
  equal(environ(routed(['Transfer-Encoding: chunked'])).HTTP_TRANSFER_ENCODING, undefined)
  equal(environ(routed(['Transfer-Encoding: chunked'], { streamRequests: true })).HTTP_TRANSFER_ENCODING, 'chunked')
})

test('values that would break the block are refused', () => {
  for (const value of ['a\0REMOTE_USER\0admin', 'Ā']) {
    const found = route(headOf('/', blockOf([`X-A:${value}`])), policyOf(), PEER)
    deepEqual(found, { kind: 'refused', code: 'HEADER_VALUE_INVALID', values: { name: 'x-a' } })
  }
  equal(environ(routed(['X-A: \xff'])).HTTP_X_A, '\xff')
})

describe('SERVER_NAME and SERVER_PORT', () => {
  function server(listener: Parameters<typeof policyOf>[1], host: string, urlScheme: 'http' | 'https' = 'http') {
    const found = environOf(blockOf([], host), policyOf({ urlScheme }, listener))
    const pairs = found.text.split('\0')
    return [pairs[pairs.indexOf('SERVER_NAME') + 1], pairs[pairs.indexOf('SERVER_PORT') + 1]]
  }
  const V6 = { kind: 'tcp', address: '::1', port: 80 } as const
  const ANY = { kind: 'tcp', address: '0.0.0.0', port: 8000 } as const
  const UNIX = { kind: 'unix' } as const
  test('are those of the listener', () => deepEqual(server(V6, 'a:1'), ['[::1]', '80']))
  test('on a wildcard address, the name is the Host’s', () => {
    deepEqual(server(ANY, 'a:1'), ['a', '8000'])
    deepEqual(server(ANY, '[::1]:1'), ['[::1]', '8000'])
    deepEqual(server(ANY, ''), ['localhost', '8000'])
  })
  test('a name that is set is stronger', () => {
    for (const listener of [V6, ANY, UNIX]) {
      const { text } = environOf(blockOf([], 'a:1'), policyOf({ serverName: 'shop' }, listener))
      match(text, /SERVER_NAME\0shop\0/)
    }
  })
  test('on a Unix socket both are the Host’s, and never empty', () => {
    deepEqual(server(UNIX, 'a:1'), ['a', '1'])
    deepEqual(server(UNIX, '[2001:db8::1]'), ['[2001:db8::1]', '80'])
    deepEqual(server(UNIX, 'a', 'https'), ['a', '443'])
    deepEqual(server(UNIX, ''), ['localhost', '80'])
  })
})

test('a block is read once per policy', () => {
  const policies = new ListenerPolicies(
    { ...SETTINGS, trustedProxies: ['192.0.2.1'] },
    { kind: 'tcp', address: '127.0.0.1', port: 8000 },
  )
  const block = blockOf(['X-Forwarded-Proto: https'])
  const first = environOf(block, policies.trusted)
  equal(environOf(block, policies.trusted), first)
  notEqual(environOf(block, policies.untrusted).text, first.text)
  equal(environOf(block, policies.trusted).text, first.text)
})

test('a script name that can’t be in environ is refused at the start', () => {
  throws(() => policyOf({ scriptName: '/a%00b' }), { code: 'SETTING_INVALID' })
})
