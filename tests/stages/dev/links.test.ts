import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { linksOf } from '../../../src/dev/links.ts'

const INTERFACES = [
  { address: '127.0.0.1', internal: true },
  { address: '::1', internal: true },
  { address: '192.168.1.5', internal: false },
  { address: '2001:db8::5', internal: false },
  { address: 'fe80::1', internal: false },
  { address: '169.254.3.4', internal: false },
]

const CASES: readonly [bound: string[], local: string[], network: string[]][] = [
  [['http://127.0.0.1:8000'], ['http://127.0.0.1:8000'], []],
  [['https://[::1]:8000'], ['https://[::1]:8000'], []],
  [['http://0.0.0.0:8000'], ['http://127.0.0.1:8000'], ['http://192.168.1.5:8000']],
  [
    ['http://0.0.0.0:8000', 'http://[::]:8000'],
    ['http://127.0.0.1:8000', 'http://[::1]:8000'],
    ['http://192.168.1.5:8000', 'http://[2001:db8::5]:8000'],
  ],
  [['https://192.168.1.5:8443'], [], ['https://192.168.1.5:8443']],
  [['http://unix:/run/shop.sock:'], ['http://unix:/run/shop.sock:'], []],
]

for (const [bound, local, network] of CASES)
  test(`links where ${bound.join(' and ')} is bound`, () => {
    deepEqual(linksOf(bound, INTERFACES), { local, network })
  })
