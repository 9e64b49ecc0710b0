import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RouteSettings } from '../../../src/route/policy.ts'
import { ownText, route } from '../../../src/route/route.ts'
import { environ, headOf, PEER, PROXY, policyOf, routed } from './kit.ts'

describe('the path', () => {
  function path(target: string, settings: Partial<RouteSettings> = {}, origin: string | null = null): string | null {
    const found = route(headOf(target, undefined, origin), policyOf(settings), PEER)
    return found.kind === 'target' ? found.path : found.code
  }
  const SHOP = { scriptName: '/shop' }
  test('is the target’s', () => equal(path('/a%20b?c'), null))
  test('is that of an absolute target', () => {
    equal(path('http://a/b?c', {}, '/b?c'), '/b')
    equal(path('http://a?c', {}, '/?c'), '/')
  })
  test('is empty where the server itself is asked', () => equal(path('*'), ''))
  test('loses the script name, at the border of a segment', () => {
    equal(path('/shop/a?b', SHOP), '/a')
    equal(path('/shop', SHOP), '')
    equal(path('/shop?a', SHOP), '')
    equal(path('/shop/', SHOP), '/')
    equal(path('http://a/shop/b', SHOP, '/shop/b'), '/b')
  })
  test('stays whole where the script name is not its beginning', () => {
    equal(path('/shopping', SHOP), null)
    equal(path('/', SHOP), null)
    equal(path('//shop/a', SHOP), null)
    equal(path('/sho', SHOP), null)
    equal(path('http://a/b', SHOP, '/b'), '/b')
  })
  test('is compared by what it means, and stays raw', () => {
    equal(path('/%73hop/%61', SHOP), '/%61')
    equal(path('/caf%c3%a9/x', { scriptName: '/caf%C3%A9' }), '/x')
    equal(path('/shop%2Fa', SHOP), null)
    equal(path('/%zzhop', SHOP), null)
  })
  test('SCRIPT_NAME says what was cut, and is said to peers of any kind', () => {
    equal(environ(routed([], SHOP, '/shop/a')).SCRIPT_NAME, '/shop')
    equal(environ(routed([], { scriptName: '/caf%C3%A9' })).SCRIPT_NAME, '/caf\xc3\xa9')
  })
})

test('own: six texts, in the order of the wire', () => {
  const head = headOf('/x%00REMOTE_USER%00admin?q')
  const found = routed([], {}, head.target)
  equal(ownText(head, found, 'id'), `GET\0/x%00REMOTE_USER%00admin?q\0\0${PROXY}\0${PEER.port}\0id`)
  equal(ownText(head, { ...found, path: '/y' }, 'id').split('\0')[2], '/y')
})

test('a target that would break the wire is refused, whatever parser let it through', () => {
  for (const target of ['/a\0b', '/Ā']) equal(route(headOf(target), policyOf(), PEER).kind, 'refused')
})

describe('the request id', () => {
  const TRUSTED = { trustedProxies: [PROXY] }
  test('is a trusted peer’s', () => equal(routed(['X-Request-ID: abc'], TRUSTED).requestId, 'abc'))
  test('is not a stranger’s', () => equal(routed(['X-Request-ID: abc']).requestId, null))
  test('is not taken where it would not be safe to print', () => {
    for (const id of ['', 'a b', 'a\x80', 'x'.repeat(129)])
      equal(routed([`X-Request-ID: ${id}`], TRUSTED).requestId, null)
    equal(routed(['X-Request-ID: a', 'X-Request-ID: b'], TRUSTED).requestId, null)
  })
  test('is not taken where no header is set', () =>
    equal(routed(['X-Request-ID: a'], { ...TRUSTED, requestIdHeader: '' }).requestId, null))
})

describe('who is trusted', () => {
  const UNIX = { kind: 'unix' } as const
  const trusted = (trustedProxies: string[], address: string, listener?: typeof UNIX) =>
    policyOf({ trustedProxies }, listener, address).trusted
  test('addresses and networks', () => {
    equal(trusted(['10.0.0.0/8'], '10.1.1.1'), true)
    equal(trusted(['10.0.0.0/8'], '::ffff:10.1.1.1'), true)
    equal(trusted(['10.0.0.0/8'], '11.1.1.1'), false)
    equal(trusted([], '127.0.0.1'), false)
  })
  test('unix: peers of Unix sockets alone', () => {
    equal(trusted(['unix'], '', UNIX), true)
    equal(trusted(['unix'], '127.0.0.1'), false)
    equal(trusted(['127.0.0.1'], '', UNIX), false)
  })
  test('*: everybody', () => {
    equal(trusted(['*'], '203.0.113.1'), true)
    equal(trusted(['*'], '', UNIX), true)
  })
})

test('the client is the peer where nothing else is said', () => {
  const { address, port } = routed([])
  deepEqual({ address, port }, { address: PEER.address, port: PEER.port })
})
