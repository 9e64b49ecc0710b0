import { deepEqual, equal, match } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client, request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { APPS, folder, type LiveServer, PYTHON, start } from '../kit/server.ts'

type Headers = readonly (readonly [string, string])[]

function gunicorn(
  scope: Scope,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<LiveServer> {
  const options = { python: false, cwd: APPS, env: { DRAM_PYTHON: PYTHON, ...env } } as const
  return start(scope, 'gunicorn', [...args, 'probe:application'], options)
}

async function ask(client: Client, headers: Headers = [], target = '/environ', before = '') {
  await client.write(before + request('GET', target, headers))
  const { status, text } = await client.response()
  return { status, text, environ: status === 200 ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

test('a proxy on this machine tells the scheme, and nothing else of X-Forwarded-*', async (t) => {
  const server = await gunicorn(t, [])
  const { environ } = await ask(await server.connect(), [
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-For', '203.0.113.9'],
    ['X-Forwarded-Host', 'shop.example'],
    ['X-Forwarded-Port', '8443'],
    ['X-Forwarded-Prefix', '/shop'],
    ['Forwarded', 'for=203.0.113.9;host=shop.example'],
  ])
  deepEqual(
    [environ['wsgi.url_scheme'], environ.REMOTE_ADDR, environ.SERVER_PORT, environ.SCRIPT_NAME, environ.HTTP_HOST],
    ['https', '127.0.0.1', String(server.port), '', 'localhost'],
  )
  // They are there for the application's own middleware.
  equal(environ.HTTP_X_FORWARDED_FOR, '203.0.113.9')
  const told = await ask(await server.connect(), [
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Ssl', 'off'],
  ])
  equal(told.status, 400)
  match(told.text, /SCHEME_HEADERS_DISAGREE/)
})

test('forwarded_allow_ips and header_map', async (t) => {
  const server = await gunicorn(t, ['--forwarded-allow-ips', '10.0.0.0/8', '--header-map', 'refuse'])
  const { environ } = await ask(await server.connect(), [['X-Forwarded-Proto', 'https']])
  equal(environ['wsgi.url_scheme'], 'http')
  match((await ask(await server.connect(), [['SCRIPT_NAME', '/x']])).text, /HEADER_UNDERSCORE/)
})

test('SCRIPT_NAME of a proxy, and of the environment', async (t) => {
  const server = await gunicorn(t, ['--forwarder-headers', 'SCRIPT_NAME,REMOTE_USER'], { SCRIPT_NAME: '/env/' })
  const sent = await ask(
    await server.connect(),
    [
      ['SCRIPT_NAME', '/shop'],
      ['REMOTE_USER', 'ann'],
    ],
    '/shop/environ',
  )
  deepEqual(
    [sent.environ.SCRIPT_NAME, sent.environ.PATH_INFO, sent.environ.HTTP_REMOTE_USER],
    ['/shop', '/environ', 'ann'],
  )
  const standing = await ask(await server.connect(), [], '/env/environ')
  deepEqual([standing.environ.SCRIPT_NAME, standing.environ.PATH_INFO], ['/env', '/environ'])
  const outside = await ask(await server.connect(), [], '/environ')
  equal(outside.status, 500)
  match(outside.text, /SCRIPT_NAME_MISMATCH/)
})

test('the PROXY protocol, by a bare flag', async (t) => {
  const path = join(folder(t), 'sock')
  const server = await gunicorn(t, ['--bind', `unix:${path}`, '--proxy-protocol', '--proxy-allow-from', '192.0.2.1'])
  const v1 = 'PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n'
  const client = await server.connect({ path })
  for (let at = 0; at < 3; at++) {
    const { environ } = await ask(client, [], '/environ', at === 0 ? v1 : '')
    deepEqual(
      [environ.REMOTE_ADDR, environ.REMOTE_PORT, environ.PROXY_PROTOCOL, environ.PROXY_ADDR, environ.PROXY_PORT],
      ['203.0.113.9', '4711', 'TCP4', '10.0.0.1', '443'],
    )
  }
  const forbidden = await ask(await server.connect(), [], '/environ', v1)
  equal(forbidden.status, 403)
  equal((await ask(await server.connect())).status, 200)
})

test('secure_scheme_headers of the file', async (t) => {
  const conf = join(
    folder(t, { 'gunicorn.conf.py': "secure_scheme_headers = {'X-Https': 'yes'}\n" }),
    'gunicorn.conf.py',
  )
  const server = await gunicorn(t, ['-c', conf])
  const scheme = async (headers: Headers) => (await ask(await server.connect(), headers)).environ['wsgi.url_scheme']
  equal(await scheme([['X-HTTPS', 'yes']]), 'https')
  equal(await scheme([['X-Forwarded-Proto', 'https']]), 'http')
})
