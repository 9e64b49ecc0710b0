import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { isLocal } from '../../../src/route/local.ts'

const HERE = { address: '127.0.0.1', pairs: '' }
const head = (host: string, ...names: string[]) => ({
  minor: 1 as const,
  block: { host, fields: names.map((name) => ({ name, value: 'x' })) },
})

test('local is who asks from this machine and calls it so', () => {
  for (const host of ['localhost', 'localhost:8000', '127.0.0.1:8000', '[::1]:8000', 'LOCALHOST'])
    equal(isLocal(HERE, head(host)), true, host)
  for (const address of ['::1', '::ffff:127.0.0.1']) equal(isLocal({ ...HERE, address }, head('localhost')), true)
  for (const name of ['x-requested-with', 'x-client', 'ip', 'x-request-id', 'forwarded-by-hand'])
    equal(isLocal(HERE, head('localhost', name)), true, name)
  equal(isLocal({ ...HERE, pairs: '\0HTTPS\0on' }, head('localhost')), true, 'TLS')
})

test('a rebinding name, a tunnel, another machine are not', () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '', '0.0.0.0:8000'])
    equal(isLocal(HERE, head(host)), false, host)
  for (const name of [
    'x-forwarded-for',
    'x-forwarded-port',
    'x-forwarded-server',
    'x_forwarded_for',
    'x-forwarded',
    'x-original-host',
    'x-real-ip',
    'x-client-ip',
    'x-cluster-client-ip',
    'x-envoy-external-address',
    'fly-client-ip',
    'cf-connecting-ip',
    'cdn-loop',
    'forwarded',
    'via',
  ])
    equal(isLocal(HERE, head('localhost', name)), false, name)
  for (const address of ['10.0.0.1', '', '128.0.0.1'])
    equal(isLocal({ ...HERE, address }, head('localhost')), false, address)
})

test('nor is who is spoken for: the address that is told may be of the machine that tells it', () => {
  for (const pairs of ['\0PROXY_PROTOCOL\0TCP4', '\0PROXY_PROTOCOL\0UNKNOWN\0HTTPS\0on'])
    equal(isLocal({ ...HERE, pairs }, head('localhost')), false, pairs)
})

test('nor is what nginx passes on where it is told nothing else: HTTP/1.0, by the name it has for us', () => {
  equal(isLocal(HERE, { ...head('127.0.0.1:8000'), minor: 0 }), false)
})
