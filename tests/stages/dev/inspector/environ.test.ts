import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { environEntry, KEYS } from '../../../../src/dev/inspector/environ.ts'
import type { HeaderField, RequestHead } from '../../../../src/events/request.ts'
import { readBlock } from '../../../../src/parse/block.ts'
import { ListenerPolicies } from '../../../../src/route/policy.ts'
import { route } from '../../../../src/route/route.ts'
import { securePairs } from '../../../../src/route/secure.ts'
import { proxyPairs } from '../../../../src/server/greeting.ts'
import { defaultSettings } from '../../../../src/settings/load.ts'

const LISTENER = { kind: 'tcp', address: '127.0.0.1', port: 8000 } as const

function headOf(fields: readonly HeaderField[], target = '/', origin: string | null = null): RequestHead {
  const all = [{ name: 'host', value: 'localhost' }, ...fields]
  const raw = all.map(({ name, value }) => `${name}: ${value}`).join('\r\n')
  return { method: 'GET', target, origin, minor: 1, block: readBlock(raw, all, 1) }
}

/** Where the value of a key came from, for a request with these fields, of a trusted proxy if it is one. */
function from(key: string, fields: Readonly<Record<string, string>>, trusted = true): string {
  const head = headOf(Object.entries(fields).map(([name, value]) => ({ name, value })))
  const settings = defaultSettings({ trustedProxies: trusted ? ['127.0.0.1'] : [] })
  const policies = new ListenerPolicies(settings, LISTENER)
  const policy = policies.of('127.0.0.1')
  const peer = { address: '127.0.0.1', port: '1', pairs: '' }
  const target = route(head, policy, peer)
  if (target.kind === 'refused') throw new Error(target.code)
  return environEntry(key, "'x'", { head, policy, client: target, peer }).from
}

test('each key that a connection adds has a row', () => {
  const certificate = {
    subject: 's',
    issuer: 'i',
    commonName: 'c',
    issuerCommonName: 'i',
    serial: '1',
    from: 'f',
    to: 't',
    pem: 'p',
  }
  const secure = securePairs({ protocol: 'TLSv1.3', cipher: 'c', serverName: 'x', asked: true, certificate })
  const proxied = proxyPairs({
    protocol: 'TCP4',
    ends: { client: '1.2.3.4', clientPort: 1, proxy: '5.6.7.8', proxyPort: 2 },
  } as Parameters<typeof proxyPairs>[0])
  const texts = (secure + proxied).split('\0').slice(1)
  const keys = texts.filter((_, at) => at % 2 === 0)
  deepEqual(
    keys.filter((key) => !Object.hasOwn(KEYS, key)),
    [],
  )
  equal(keys.length, 15)
})

test('the origin of a value follows from what counted', () => {
  equal(from('REMOTE_ADDR', {}), 'the connection')
  equal(from('REMOTE_ADDR', { 'x-forwarded-for': '1.2.3.4' }), 'field x-forwarded-for, of a trusted proxy')
  equal(from('REMOTE_ADDR', { 'x-forwarded-for': '1.2.3.4' }, false), 'the connection')
  equal(from('wsgi.url_scheme', { 'x-forwarded-proto': 'https' }), 'field x-forwarded-proto, of a trusted proxy')
  equal(from('wsgi.url_scheme', { 'x-forwarded-proto': 'https' }, false), '--url-scheme')
  equal(from('SCRIPT_NAME', { 'x-forwarded-prefix': '/a' }), 'field x-forwarded-prefix, of a trusted proxy')
  equal(from('SERVER_PORT', { 'x-forwarded-port': '443' }), 'field x-forwarded-port, of a trusted proxy')
  equal(from('SERVER_PORT', {}), 'the listener')
  equal(from('HTTP_HOST', { 'x-forwarded-host': 'x' }), 'field x-forwarded-host, of a trusted proxy')
  equal(from('HTTP_X_SHOP_ID', { 'x-shop-id': '1' }), 'field x-shop-id')
  equal(from('CONTENT_LENGTH', { 'transfer-encoding': 'chunked' }), 'the body, once it had come whole')
  equal(from('dram.request_id', { 'x-request-id': 'abc' }), 'field x-request-id, of a trusted proxy')
  match(from('werkzeug.request', {}), /added on the way/)
})

test('secrets are masked by the names of their keys, and within values', () => {
  const shown = (key: string, value: string): string => environEntry(key, value, null).value
  equal(shown('HTTP_AUTHORIZATION', "'Basic eA=='"), "'***'")
  equal(shown('HTTP_COOKIE', "''"), "''")
  equal(shown('QUERY_STRING', "'token=abc&x=1'"), "'token=***&x=1'")
  equal(shown('PATH_INFO', "'/'"), "'/'")
})
