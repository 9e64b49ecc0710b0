import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { type BindSpec, parseBind } from '../../../src/listen/bind.ts'

const READ: Readonly<Record<string, BindSpec>> = {
  '127.0.0.1:8000': { kind: 'tcp', host: '127.0.0.1', port: 8000 },
  '127.0.0.1': { kind: 'tcp', host: '127.0.0.1', port: 8000 },
  '127.0.0.1:0': { kind: 'tcp', host: '127.0.0.1', port: 0 },
  ':9000': { kind: 'tcp', host: '', port: 9000 },
  'localhost:80': { kind: 'tcp', host: 'localhost', port: 80 },
  localhost: { kind: 'tcp', host: 'localhost', port: 8000 },
  'my_host-1.example.:65535': { kind: 'tcp', host: 'my_host-1.example.', port: 65535 },
  '[::1]:8000': { kind: 'tcp', host: '::1', port: 8000 },
  '[::]': { kind: 'tcp', host: '::', port: 8000 },
  '[fe80::1%eth0]:80': { kind: 'tcp', host: 'fe80::1%eth0', port: 80 },
  'http://127.0.0.1:8080': { kind: 'tcp', host: '127.0.0.1', port: 8080, scheme: 'http' },
  'http://[::1]/': { kind: 'tcp', host: '::1', port: 80, scheme: 'http' },
  'https://:8443': { kind: 'tcp', host: '', port: 8443, scheme: 'https' },
  'https://localhost': { kind: 'tcp', host: 'localhost', port: 443, scheme: 'https' },
  'unix:/run/app.sock': { kind: 'unix', path: '/run/app.sock' },
  'unix:///run/app.sock': { kind: 'unix', path: '/run/app.sock' },
  'unix:app.sock': { kind: 'unix', path: 'app.sock' },
  'fd://3': { kind: 'fd', fd: 3 },
}

const REFUSED = [
  '',
  '8000',
  ':',
  ':x',
  'host:',
  'host:-1',
  'host:+1',
  'host:65536',
  'host:8000:',
  'host: 80',
  ' host:80',
  '::1',
  '::1:8000',
  '[::1',
  '[]:80',
  '[127.0.0.1]:80',
  '[::1]8000',
  '127.0.0.1.2:80',
  '127.1:80',
  '256.0.0.1:80',
  'a..b:80',
  '-a:80',
  'a/b:80',
  'ftp://host:80',
  'https://',
  'https://host:80/path',
  'https://unix:/a',
  'unix:',
  'unix://',
  'unix://run/app.sock',
  'unix:/run/',
  'unix:/a\0b',
  'fd:3',
  'fd://',
  'fd://-1',
  'fd://3x',
]

test('addresses that are read', () => {
  for (const [text, spec] of Object.entries(READ)) deepEqual(parseBind(text), spec, text)
})

test('addresses that are refused', () => {
  for (const text of REFUSED) {
    throws(
      () => parseBind(text),
      (error) => error instanceof Fault && error.code === 'BIND_INVALID',
      text,
    )
  }
})
