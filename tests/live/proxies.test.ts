import { deepEqual, equal, match } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { folder, type LiveServer, shared, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

type Headers = readonly (readonly [string, string])[]

const trusting = await shared('probe.py', ['--workers', '1', '--trusted-proxies', '127.0.0.0/8'])
const untrusting = await shared('probe.py', ['--workers', '1'])

const FORWARDED: Headers = [
  ['X-Forwarded-For', '203.0.113.7'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Host', 'shop.example'],
  ['X-Forwarded-Port', '8443'],
  ['X-Forwarded-Prefix', '/shop'],
]

async function environ(server: LiveServer, headers: Headers, target = '/environ'): Promise<Record<string, unknown>> {
  const answer = await server.get(target, headers)
  equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text)
}

test('a trusted proxy sets address, scheme, host, port and prefix', async () => {
  const found = await environ(trusting, FORWARDED)
  equal(found.REMOTE_ADDR, '203.0.113.7')
  equal(found['wsgi.url_scheme'], 'https')
  equal(found.SERVER_PORT, '8443')
  equal(String(found.HTTP_HOST).split(':')[0], 'shop.example')
  equal(found.SCRIPT_NAME, '/shop')
  equal(found.PATH_INFO, '/environ')
})

test('an untrusted client sets none of them', async () => {
  const found = await environ(untrusting, FORWARDED)
  equal(found.REMOTE_ADDR, '127.0.0.1')
  equal(found['wsgi.url_scheme'], 'http')
  equal(found.SERVER_PORT, String(untrusting.port))
  equal(found.HTTP_HOST, 'localhost')
  equal(found.SCRIPT_NAME, '')
})

test('the same bytes from a trusted and an untrusted peer are two things', async (t) => {
  const path = join(folder(t), 'dram.sock')
  // TCP peers are not trusted here, peers of the Unix socket are, by default.
  const server = await start(t, 'probe.py', ['--workers', '1', '--bind', `unix:${path}`])
  const bytes = request('GET', '/environ', FORWARDED)
  for (let at = 0; at < 4; at++) {
    const inside = await Client.connect({ path })
    await inside.write(bytes)
    equal(JSON.parse((await inside.response()).text).REMOTE_ADDR, '203.0.113.7')
    inside.close()
    const outside = await server.connect()
    await outside.write(bytes)
    equal(JSON.parse((await outside.response()).text).REMOTE_ADDR, '127.0.0.1')
  }
})

test('what a client put before the proxy’s own entry does not count', async () => {
  const found = await environ(trusting, [['X-Forwarded-For', '1.1.1.1, 203.0.113.7']])
  equal(found.REMOTE_ADDR, '203.0.113.7')
})

test('two hops', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', '--trusted-proxies', '*', '--proxy-hops', '2'])
  const found = await environ(server, [['X-Forwarded-For', '1.1.1.1, 203.0.113.7, 10.0.0.1']])
  equal(found.REMOTE_ADDR, '203.0.113.7')
})

test('RFC 7239 Forwarded, quoted IPv6 with a port', async () => {
  const found = await environ(trusting, [['Forwarded', 'for="[2001:db8::1]:4711";proto=https;host="shop.example"']])
  equal(found.REMOTE_ADDR, '2001:db8::1')
  equal(found['wsgi.url_scheme'], 'https')
  equal(found.HTTP_HOST, 'shop.example')
})

test('a malformed Forwarded of a trusted proxy is refused, of others ignored', async () => {
  const headers: Headers = [['Forwarded', 'for="unclosed']]
  equal((await trusting.get('/environ', headers)).status, 400)
  equal((await untrusting.get('/environ', headers)).status, 200)
})

test('a request id is taken from a trusted proxy only', async () => {
  const headers: Headers = [['X-Request-ID', 'id-from-outside-1']]
  equal((await trusting.get('/', headers)).header('x-request-id'), 'id-from-outside-1')
  const own = (await untrusting.get('/', headers)).header('x-request-id')
  equal(typeof own === 'string' && own.length > 5 && own !== 'id-from-outside-1', true)
})

test('the same bytes mean more from a trusted peer, whatever it may say', async (t) => {
  const path = join(folder(t), 'dram.sock')
  const more = ['--scheme-headers', 'X-Forwarded-Ssl=on', '--forwarder-headers', 'SCRIPT_NAME,REMOTE_USER']
  const drop = ['--untrusted-forwarded', 'drop', '--log-untrusted-forwarded']
  const server = await start(t, 'probe.py', ['--workers', '1', '--bind', `unix:${path}`, ...more, ...drop])
  const bytes = request('GET', '/shop/environ', [
    ['SCRIPT_NAME', '/shop'],
    ['REMOTE_USER', 'ann'],
    ['X-Forwarded-Ssl', 'on'],
    ['X-Forwarded-For', '203.0.113.7'],
  ])
  const KEYS = [
    'SCRIPT_NAME',
    'PATH_INFO',
    'HTTP_REMOTE_USER',
    'wsgi.url_scheme',
    'REMOTE_ADDR',
    'HTTP_X_FORWARDED_FOR',
  ]
  const [inside, outside] = [await server.connect({ path }), await server.connect()]
  for (let at = 0; at < 4; at++) {
    await inside.write(bytes)
    const { text } = await inside.response()
    deepEqual(
      KEYS.map((key) => JSON.parse(text)[key]),
      ['/shop', '/environ', 'ann', 'https', '203.0.113.7', '203.0.113.7'],
    )
    await outside.write(bytes)
    match((await outside.response()).text, /requested: \/shop\/environ$/)
  }
  await outside.write(bytes.toString().replace('/shop/environ', '/environ'))
  const found = JSON.parse((await outside.response()).text)
  deepEqual(
    KEYS.map((key) => found[key] ?? null),
    ['', '/environ', null, 'http', '127.0.0.1', null],
  )
  const told = () =>
    server.lines.filter((line) => line.includes('forwarding headers that do not count: x-forwarded-for')).length
  await eventually(() => told() >= 5, 'the lines of the log')
  equal((await server.stop()).code, 0)
  equal(told(), 5)
})
